"""Keys of the phone, joined into sequences."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from flows_analytics.calls.events import KeysPressed, KeysSent
from flows_analytics.calls.keys import KEY_GAP_MS, read_keys
from flows_analytics.calls.visits import VisitTimes

NOWHERE = VisitTimes(())


def keys(kind, at_ms, text, count=1):
    return kind(seq=0, at_ms=at_ms, keys=text, count=count)


def test_keys_with_short_pauses_are_one_sequence():
    events = (
        keys(KeysPressed, 0, "1"),
        keys(KeysPressed, KEY_GAP_MS, "2"),
        keys(KeysPressed, 2 * KEY_GAP_MS + 1, "3"),
    )

    assert [(s.keys, s.start_ms, s.end_ms) for s in read_keys(events, NOWHERE)] == [
        ("12", 0, KEY_GAP_MS),
        ("3", 2 * KEY_GAP_MS + 1, 2 * KEY_GAP_MS + 1),
    ]


def test_both_sides_dial_sequences_of_their_own():
    events = (keys(KeysPressed, 0, "1"), keys(KeysSent, 100, "98", 2), keys(KeysPressed, 200, "2"))

    assert [(s.side, s.keys, s.count) for s in read_keys(events, NOWHERE)] == [
        ("caller", "12", 2),
        ("bot", "98", 2),
    ]


def test_a_sequence_of_which_a_key_was_not_kept_is_not_shown_in_part():
    events = (keys(KeysPressed, 0, "1"), keys(KeysPressed, 10, None), keys(KeysPressed, 20, "3"))

    assert [(s.keys, s.count) for s in read_keys(events, NOWHERE)] == [(None, 3)]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([KeysPressed, KeysSent]), st.integers(0, 60_000), st.sampled_from("0123456789*#")
        )
    ),
    st.integers(0, 5000),
)
def test_no_key_is_lost_and_sequences_keep_their_distance(pressed, gap_ms):
    events = tuple(keys(kind, at_ms, key) for kind, at_ms, key in pressed)
    sequences = read_keys(events, NOWHERE, gap_ms=gap_ms)

    assert sum(s.count for s in sequences) == len(pressed)
    assert sorted("".join(s.keys for s in sequences)) == sorted(key for _, _, key in pressed)
    assert [s.start_ms for s in sequences] == sorted(s.start_ms for s in sequences)
    for side in ("caller", "bot"):
        own = [s for s in sequences if s.side == side]
        assert all(after.start_ms - before.end_ms > gap_ms for before, after in pairwise(own))


def test_keys_pressed_in_two_visits_are_two_sequences():
    visits = [SimpleNamespace(entered_ms=0.0), SimpleNamespace(entered_ms=1020.0)]
    events = (keys(KeysPressed, 1000, "1"), keys(KeysPressed, 1500, "3"))

    assert [(s.keys, s.visit) for s in read_keys(events, VisitTimes(visits))] == [("1", 0), ("3", 1)]
