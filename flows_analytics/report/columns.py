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
    offsets = [_offsets(layer, widths, gap) for layer in layers]
    rows = list(zip(layers, offsets, strict=True))
    for layer, row in rows:
        for box, offset in zip(layer, row, strict=True):
            x[box] = offset - row[-1] / 2
    down = _weighed(above)
    up = _weighed(below)
    down_at_last = _weighed([[*first, *then] for first, then in zip(above, below, strict=True)])
    up_at_last = _weighed([[*first, *then] for first, then in zip(below, above, strict=True)])
    for sweep in range(0, _SWEEPS, 2):
        settling = sweep >= _SWEEPS // 2
        for layer, offset in rows:
            _settle(layer, down_at_last if settling else down, x, offset)
        for layer, offset in reversed(rows):
            _settle(layer, up_at_last if settling else up, x, offset)
    # A box between two that pull alike has stopped halfway; following the one above makes the line upright.
    upright = _weighed([first or then for first, then in zip(above, below, strict=True)])
    for layer, offset in rows:
        _settle(layer, upright, x, offset)
    return x


_Weighed = tuple[Sequence[Pull], float]
"""What pulls at a box, and how strongly it all pulls together."""


def _weighed(pulls: Sequence[Sequence[Pull]]) -> list[_Weighed]:
    return [(pulling, _INERTIA + sum(strength for _, strength in pulling)) for pulling in pulls]


def _settle(layer: Sequence[int], pulls: Sequence[_Weighed], x: list[float], offsets: Sequence[float]) -> None:
    """Place one layer: every box where its pulls balance, what would then overlap pooled to its weighted mean."""
    pools: list[tuple[float, float, int]] = []
    for box, offset in zip(layer, offsets, strict=True):
        pulling, weight = pulls[box]
        # Most boxes are passed by one line, which needs no balance.
        if len(pulling) == 1:
            wish = x[pulling[0][0]] - offset
        elif pulling:
            wish = _median([(x[other], strength) for other, strength in pulling]) - offset
        else:
            wish = x[box] - offset
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
