"""Plan: when and where children are killed."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.chaos.deaths import PLACES, Death

CLOCK, UPLOAD, PLACE = "by the clock", "at an upload", "at a place of its own"
_WEIGHTS = {CLOCK: 5, UPLOAD: 3, PLACE: 4}
_LAST = 0.85
"""The part of the calls after which no kill is planned: it would find nobody."""


@dataclass(frozen=True)
class Kill:
    """One kill.

    Attributes:
        after: How many calls are started before it.
        kind: What decides on its moment.
        wait_secs: By the clock: how much later.
        upload: At an upload: whether it is ``read`` or ``stored``.
        death: At a place of its own: which.
    """

    after: int
    kind: str
    wait_secs: float
    upload: str
    death: Death


def plan_kills(calls: int, kills: int, dice: random.Random, *, longest_secs: float) -> list[Kill]:
    """Draw the kills, spread over the run.

    Args:
        calls: How many calls there will be.
        kills: How many kills.
        dice: Draws.
        longest_secs: The longest wait of a kill by the clock.

    Returns:
        The kills, in order.
    """
    places = list(PLACES)
    dice.shuffle(places)
    planned = [
        Kill(
            after=round((number + dice.random()) * calls / kills * _LAST),
            kind=dice.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0],
            wait_secs=dice.uniform(0, longest_secs),
            upload=dice.choice(["read", "stored"]),
            death=_draw_death(places[number % len(places)], dice),
        )
        for number in range(kills)
    ]
    return sorted(planned, key=lambda kill: kill.after)


def _draw_death(place: str, dice: random.Random) -> Death:
    # A journal is written to all the time; what is first written is its header.
    return Death(place, dice.randint(1, 60 if place == PLACES[0] else 3))
