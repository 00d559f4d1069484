"""The calls of a demo, before they are held."""

import itertools
import random
from dataclasses import dataclass
from datetime import datetime, timedelta

BOTS = ("food-ordering", "reservation", "patient-intake")
"""The packaged bots."""

VERSIONS = ("41", "42")
"""The agent versions of every bot."""

_SPREAD = timedelta(days=7)
# No call may still be running at the end of the week.
_LONGEST_CALL = timedelta(minutes=15)
# How busy each hour of the day is, from midnight on.
_BUSY = (1, 1, 1, 1, 1, 1, 2, 5, 12, 18, 20, 24, 26, 20, 16, 15, 16, 22, 28, 26, 18, 10, 5, 2)


@dataclass(frozen=True)
class DemoCall:
    """One call to hold. The same description always makes the same call.

    Attributes:
        number: Its place in the demo, from 1, in order of start.
        bot: Which bot is called, one of `BOTS`.
        version: Which agent version takes the call, one of `VERSIONS`.
        seed: Seed of everything that is left to chance.
        starts_at: When the caller connects.
    """

    number: int
    bot: str
    version: str
    seed: int
    starts_at: datetime

    @property
    def call_id(self) -> str:
        """Identifier of the call, such as ``demo-007-food-ordering``."""
        return f"demo-{self.number:03d}-{self.bot}"


def plan_calls(count: int, seed: int, until: datetime) -> list[DemoCall]:
    """Draw the calls of a demo: as many to each bot and version, on the seven days before a moment.

    Args:
        count: How many.
        seed: What decides. The same arguments draw the same calls.
        until: The end of the seven days, with a time zone; the hours of its zone are the hours of the day.

    Returns:
        The calls, in order of start.

    Raises:
        ValueError: `until` has no time zone.
    """
    if until.tzinfo is None:
        raise ValueError("until needs a time zone, for example datetime.now(UTC)")
    dice = random.Random(seed)
    casting = list(itertools.islice(itertools.cycle(itertools.product(BOTS, VERSIONS)), count))
    dice.shuffle(casting)
    starts = sorted(_draw_start(until, dice) for _ in casting)
    return [
        DemoCall(number=number, bot=bot, version=version, seed=dice.randrange(100_000), starts_at=starts_at)
        for number, ((bot, version), starts_at) in enumerate(zip(casting, starts, strict=True), start=1)
    ]


def _draw_start(until: datetime, dice: random.Random) -> datetime:
    while True:
        starts_at = until - _LONGEST_CALL - dice.random() * (_SPREAD - _LONGEST_CALL)
        if dice.random() * max(_BUSY) < _BUSY[starts_at.hour]:
            return starts_at.replace(microsecond=0)
