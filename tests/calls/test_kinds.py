"""Moments of one kind are found by their class, with an index or without."""

from __future__ import annotations

from typing import get_args

from flows_analytics.calls.events import AnyMoment, CallerText, NodeChangeBegan, NodeEntered
from flows_analytics.calls.kinds import ByKind, of_kind, of_kinds
from tests.store.messy import Tape


def moments():
    tape = Tape()
    for what in ("move", "say", "move", "fail"):
        tape.step(what, "greet", "go", "main", 1.0)
    return tuple(tape.events)


def test_no_kind_derives_from_another():
    """Kinds are compared by class, so a moment of a derived kind would not be found."""
    kinds = get_args(get_args(AnyMoment)[0])
    assert len(kinds) > 50
    assert not [(one, other) for one in kinds for other in kinds if one is not other and issubclass(one, other)]


def test_an_index_finds_what_looking_at_all_finds_in_the_order_of_recording():
    events = moments()
    indexed = ByKind(events)
    assert indexed == events
    for kind in (NodeEntered, NodeChangeBegan, CallerText):
        assert (
            list(of_kind(indexed, kind)) == list(of_kind(events, kind)) == [e for e in events if type(e) is kind]
        )
    both = of_kinds(indexed, NodeEntered, NodeChangeBegan)
    assert both == of_kinds(events, NodeEntered, NodeChangeBegan)
    assert [event.seq for event in both] == sorted(event.seq for event in both)
    assert of_kinds(indexed, NodeEntered, NodeEntered) == of_kinds(events, NodeEntered)
    assert list(of_kind(ByKind(), NodeEntered)) == []
