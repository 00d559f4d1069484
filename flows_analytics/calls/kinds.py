"""Kinds: the moments of a call by kind."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any, TypeVar

from flows_analytics.calls.events import AnyMoment, Events, Moment

_M = TypeVar("_M", bound=Moment)


class ByKind(tuple[AnyMoment, ...]):
    """The moments of a call, of which those of one kind are found without looking at all.

    Some fifty questions are asked of the moments of a call, each of one kind or a few.
    """

    def __init__(self, _events: Iterable[AnyMoment] = (), /) -> None:
        # The moments are there already: a tuple has them from its beginning.
        self._places: dict[type[Moment], list[int]] = {}
        for place, kind in enumerate(map(type, self)):
            self._places.setdefault(kind, []).append(place)

    def of(self, *kinds: type[_M]) -> list[_M]:
        """Pick the moments of some kinds.

        Args:
            kinds: The kinds.

        Returns:
            They, in the order of recording.
        """
        there = [self._places[kind] for kind in dict.fromkeys(kinds) if kind in self._places]
        places = there[0] if len(there) == 1 else sorted(chain.from_iterable(there))
        found: list[Any] = [self[place] for place in places]
        return found


def of_kind(events: Events, kind: type[_M]) -> list[_M]:
    """Pick the moments of one kind. No kind derives from another.

    Args:
        events: The moments of a call.
        kind: The kind.

    Returns:
        They, in the order of recording.
    """
    return of_kinds(events, kind)


def of_kinds(events: Events, *kinds: type[_M]) -> list[_M]:
    """Pick the moments of some kinds. No kind derives from another.

    Args:
        events: The moments of a call.
        kinds: The kinds.

    Returns:
        They, in the order of recording.
    """
    if isinstance(events, ByKind):
        return events.of(*kinds)
    wanted = frozenset[type[Any]](kinds)
    found: list[Any] = [event for event in events if type(event) in wanted]
    return found
