"""Readings of moments in any order and at any time: a record edited by hand, or half lost."""

from __future__ import annotations

import asyncio
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from flows_analytics import CallRecord
from flows_analytics.testing import calls, hangs_up, interrupts, says, several, user
from tests.bots import edge, hold_call, node, stay


@cache
def troubled():
    """A call with a moment of most kinds."""

    async def look(flow_manager):
        """Look."""
        await asyncio.sleep(0.4)
        raise ValueError("closed")

    booked = node("booked", pre_actions=[{"type": "tts_say", "text": "One moment please."}])
    start = node("start", edge("move", booked), look, stay("linger", secs=1.0))
    steps = [
        says("Hello there, how are you doing today?"),
        interrupts("Wait a moment", after=0.7),
        calls("look"),
        says("Sorry."),
        user("Both of them"),
        several(calls("move"), calls("linger")),
        says("Well?"),
        user("Go on"),
        calls("move"),
        says("Done, and thank you for calling us."),
        hangs_up(while_bot_speaks=True),
    ]
    return hold_call(start, steps, prepare=lambda held: held.observer.attach_transport(held.bot.transport)).record


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_moments_in_any_order_can_be_read_and_their_laws_hold(data):
    record = troubled()
    events = data.draw(st.permutations(record.events), label="order")
    kept = data.draw(st.integers(0, len(events)), label="kept")
    shifts = data.draw(st.lists(st.floats(-5e3, 5e3), min_size=kept, max_size=kept), label="shifts")
    moved = tuple(
        event.model_copy(update={"at_ms": round(event.at_ms + shift, 3)})
        for event, shift in zip(events[:kept], shifts, strict=True)
    )

    read = CallRecord.from_json(record.model_copy(update={"events": moved}).to_json())

    assert read.events == moved
    for turn in read.turns:
        assert sum(round(part.ms * 1000) for part in turn.contributions) == round((turn.latency_ms or 0) * 1000)
        assert turn.end_ms is None or turn.end_ms >= turn.start_ms
    assert [turn.seq for turn in read.turns] == list(range(len(read.turns)))
    assert [finding.at_ms for finding in read.findings] == sorted(finding.at_ms for finding in read.findings)


def test_half_a_call_can_be_read_at_any_moment():
    record = troubled()
    for kept in range(len(record.events)):
        CallRecord.from_json(record.model_copy(update={"events": record.events[:kept]}).to_json())
