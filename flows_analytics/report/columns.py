"""Where boxes stand in their layers, once their order is known."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

_SWEEPS = 12
_INERTIA = 0.01

Pull = tuple[int, float]
"""Another box, and how strongly it pulls."""


def columns(
    layers: Sequence[Sequence[int]],
    widths: Sequence[float],
    above: Sequence[Sequence[Pull]],
    below: Sequence[Sequence[Pull]],
    gap: float,
) -> list[float]:
    """Place boxes so that lines run as upright as the order in each layer allows.

    Each box is pulled towards those it is connected to. Sweeping down and up, every layer is given the places
    that are best for it while its neighbours stand still, its order and the gaps being kept.

    Args:
        layers: The boxes of each layer, from left to right.
        widths: Width of each box.
        above: For each box, the boxes of the layer above that it is connected to.
        below: The same for the layer below.
        gap: Least room between two boxes.

    Returns:
        The centre of each box.
    """
    x = [0.0] * len(widths)
    for layer in layers:
        offsets = _offsets(layer, widths, gap)
        for box, offset in zip(layer, offsets, strict=True):
            x[box] = offset - offsets[-1] / 2
    for sweep in range(_SWEEPS):
        down, settling = sweep % 2 == 0, sweep >= _SWEEPS // 2
        for layer in layers if down else reversed(layers):
            towards, others = (above, below) if down else (below, above)
            pulls = [[*towards[box], *(others[box] if settling else ())] for box in layer]
            _settle(layer, pulls, x, _offsets(layer, widths, gap))
    # A box between two that pull alike has stopped halfway; following the one above makes the line upright.
    for layer in layers:
        _settle(layer, [above[box] or below[box] for box in layer], x, _offsets(layer, widths, gap))
    return x


def _settle(
    layer: Sequence[int], pulls: Sequence[Sequence[Pull]], x: list[float], offsets: Sequence[float]
) -> None:
    """Place one layer: every box where its pulls balance, what would then overlap pooled to its weighted mean."""
    pools: list[tuple[float, float, int]] = []
    for box, pulling, offset in zip(layer, pulls, offsets, strict=True):
        weight = _INERTIA + sum(strength for _, strength in pulling)
        wish = _median([(x[other], strength) for other, strength in pulling] or [(x[box], 1.0)]) - offset
        size = 1
        while pools and pools[-1][0] >= wish:
            other_wish, other_weight, other_size = pools.pop()
            wish = (wish * weight + other_wish * other_weight) / (weight + other_weight)
            weight += other_weight
            size += other_size
        pools.append((wish, weight, size))
    places = [wish for wish, _, size in pools for _ in range(size)]
    for box, place, offset in zip(layer, places, offsets, strict=True):
        x[box] = place + offset


def _median(pulls: list[tuple[float, float]]) -> float:
    """Balance pulls so that one strong line comes out upright, where a mean would bend all a little."""
    pulls.sort()
    half = sum(strength for _, strength in pulls) / 2
    reached = 0.0
    for index, (place, strength) in enumerate(pulls):
        reached += strength
        if reached > half or index == len(pulls) - 1:
            return place
        if reached == half:
            return (place + pulls[index + 1][0]) / 2
    raise AssertionError("unreachable: the last pull always balances")


def _offsets(layer: Sequence[int], widths: Sequence[float], gap: float) -> list[float]:
    offsets = [0.0]
    for left, right in pairwise(layer):
        offsets.append(offsets[-1] + (widths[left] + widths[right]) / 2 + gap)
    return offsets
