"""Whatever functions are called with and return, the call goes on and a labelled stand-in is recorded."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from pydantic import BaseModel

from flows_analytics import CallRecord, FlowsObserver, HTMLReportSink, JSONFileSink
from flows_analytics.calls.values import MAX_TEXT
from flows_analytics.recording.recovery import read_journal
from flows_analytics.testing import calls, says, user
from tests.bots import end_node, node
from tests.faults.course import hold_both


class Unprintable:
    def __str__(self):
        raise RuntimeError

    __repr__ = __format__ = __eq__ = __bool__ = __len__ = __str__
    __hash__ = None


class Colour(enum.Enum):
    RED = "red"


class Order(BaseModel):
    size: int = 1
    price: Decimal = Decimal("9.50")


@dataclass
class Point:
    x: int = 1
    never_set: int = field(init=False)


def circular():
    value = {"name": "me"}
    value["me"] = value
    return value


class Raising(dict):
    def __getitem__(self, key):
        raise RuntimeError

    __iter__ = keys = items = __getitem__


VALUES = {
    "datetime": (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
    "timedelta": (timedelta(seconds=2), 2.0),
    "Decimal": (Decimal("1.20"), "1.20"),
    "Decimal NaN": (Decimal("NaN"), "NaN"),
    "bytes": (b"\x00\xff", "<bytes: 2 bytes>"),
    "NaN": (math.nan, "<float: nan>"),
    "infinity": (-math.inf, "<float: -inf>"),
    "circular": (circular(), {"name": "me", "me": "<cycle: dict>"}),
    "10 MB": ("x" * 10_000_000, "x" * 99_963 + "… <cut: 10,000,000 characters in all>"),
    "unprintable": (Unprintable(), "<Unprintable>"),
    "unreadable": (Raising(a=1), "<unreadable: Raising>"),
    "set": ({3, 1, 2}, [1, 2, 3]),
    "enum": (Colour.RED, "red"),
    "dataclass": (Point(), {"x": 1}),
    "model": (Order(), {"size": 1, "price": "9.50"}),
    "class": (Order, "<ModelMetaclass>"),
    "array": (np.arange(5), "<ndarray>"),
    "function": (circular, "<function>"),
    "surrogates and NULs": ("a\ud800b\x00c", "a�b\x00c"),
    "keys": ({None: 1, b"k": 3, "\ud800\x00": 4}, {"None": 1, "<bytes: 1 bytes>": 3, "\ufffd\x00": 4}),
    "a huge number": (10**5000, "<int: 16610 bits>"),
}
STEPS = (
    says("Hi"),
    user("Yes"),
    calls("look"),
    says("Well"),
    user("Go"),
    calls("go"),
    says("Bye"),
)


@pytest.mark.parametrize("kind", VALUES)
def test_a_result_that_no_json_can_hold_is_recorded_as_a_labelled_stand_in(tmp_path, kind):
    value, expected = VALUES[kind]

    def start():
        async def look(flow_manager):
            """Look."""
            flow_manager.state["value"] = value
            return {"value": value, "beside": 5}, None

        async def go(flow_manager):
            """Go."""
            return {"value": value, "beside": 5}, end_node()

        return node("start", look, go)

    journals = []

    class Keeping:
        async def deliver(self, record):
            journals.extend(read_journal(path.read_bytes()) for path in tmp_path.glob("journal/*.jsonl"))

        async def close(self):
            pass

    def make():
        sinks = [JSONFileSink(tmp_path), HTMLReportSink(tmp_path), Keeping()]
        return FlowsObserver(call_id="c", sinks=sinks, metadata={"v": value, "n": 1}, include_state=["value"])

    both = hold_both(make, initial=start, steps=STEPS)

    both.assert_unhurt()
    stands = {"value": expected, "beside": 5}
    for record in (both.observer.record, CallRecord.load(tmp_path / "c.json"), *journals):
        # Pipecat itself has no answer to some of them, beside an empty observer as well.
        assert [call.result for call in record.tool_calls] == [stands, stands]
        assert record.metadata == {"v": expected, "n": 1}
        assert record.health.ok
    assert len(journals) == 1
    assert (tmp_path / "c.html").exists()
    assert len(VALUES["10 MB"][1]) == MAX_TEXT


@pytest.mark.parametrize("kind", VALUES)
def test_arguments_that_no_json_can_hold_are_recorded_as_a_labelled_stand_in(tmp_path, kind):
    value, expected = VALUES[kind]
    ran = []

    def start():
        async def look(flow_manager, value=None):
            """Look."""
            ran.append("look")
            return "ok", None

        async def go(flow_manager, value=None):
            """Go."""
            ran.append("go")
            return "ok", end_node()

        return node("start", look, go)

    steps = (
        says("Hi"), user("Yes"), calls("look", value=value), says("Well"), user("Go"),
        calls("go", value=value), says("Bye"),
    )  # fmt: skip
    # Beside the empty observer they run as often.
    both = hold_both(
        lambda: FlowsObserver(call_id="c", sinks=[JSONFileSink(tmp_path)]), initial=start, steps=steps
    )

    del ran[2:]

    both.assert_same_frames()
    for record in (both.observer.record, CallRecord.load(tmp_path / "c.json")):
        # With what Pipecat cannot print it calls no function.
        assert [call.arguments for call in record.tool_calls if call.arguments] == [{"value": expected}] * len(ran)
        assert len(record.tool_calls) == 2
        assert record.health.ok
