"""Kinds: the moments of a call by kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from flows_analytics.calls.events import AnyMoment, Events, Moment

_M = TypeVar("_M", bound=Moment)


class ByKind(tuple[AnyMoment, ...]):
    """The moments of a call, of which those of one kind are found without looking at all.

    Some fifty questions are asked of the moments of a call, each of one kind or a few.
    """

    def __init__(self, _events: Iterable[AnyMoment] = (), /) -> None:
        # The moments are there already: a tuple has them from its beginning.
        self._of: dict[type[Moment], list[Any]] = {}
        for event in self:
            self._of.setdefault(type(event), []).append(event)

    def of(self, kind: type[_M]) -> Sequence[_M]:
        """Pick the moments of one kind.

        Args:
            kind: The kind.

        Returns:
            They, in the order of recording.
        """
        return self._of.get(kind, ())


def of_kind(events: Events, kind: type[_M]) -> Sequence[_M]:
    """Pick the moments of one kind. No kind derives from another.

    Args:
        events: The moments of a call.
        kind: The kind.

    Returns:
        They, in the order of recording.
    """
    if isinstance(events, ByKind):
        return events.of(kind)
    found: list[Any] = [event for event in events if type(event) is kind]
    return found


def of_kinds(events: Events, *kinds: type[_M]) -> list[_M]:
    """Pick the moments of some kinds. No kind derives from another.

    Args:
        events: The moments of a call.
        kinds: The kinds.

    Returns:
        They, in the order of recording.
    """
    wanted = frozenset[type[Any]](kinds)
    found: list[Any] = [event for event in events if type(event) in wanted]
    return found
