"""A call of very many turns is journalled, kept and drawn, in a time that grows as the call does."""

from __future__ import annotations

import asyncio
import os
import time

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    TranscriptionFrame,
    TTSTextFrame,
)
from pipecat.observers.base_observer import FramePushed
from pipecat.processors.frame_processor import FrameDirection

from flows_analytics import CallRecord, FlowsObserver, HTMLReportSink, JSONFileSink
from flows_analytics.recording.recovery import read_journal
from flows_analytics.testing import ScriptedBot

TURNS = int(os.environ.get("FLOWS_ANALYTICS_LONG_CALL_TURNS", "4000"))
"""100,000 take minutes, most of them for the page."""


async def feed(observer, turns):
    """Push what half of the turns of each side are made of."""
    out = ScriptedBot().transport.output()
    for number in range(turns // 2):
        at = number * 4000
        for frame, ms in (
            (TranscriptionFrame("yes please", "", ""), 900),
            (BotStartedSpeakingFrame(), 1500),
            (TTSTextFrame("Very well.", "sentence"), 1501),
            (BotStoppedSpeakingFrame(), 3000),
        ):
            await observer.on_push_frame(
                FramePushed(out, None, frame, FrameDirection.DOWNSTREAM, (at + ms) * 1_000_000)
            )
        if number % 100 == 0:
            await asyncio.sleep(0)


def hold(directory, turns):
    """The record, what feeding and delivering took of the processor, and the journal at the end."""
    journals = []

    class Reading:
        async def deliver(self, record):
            journals.extend(path.read_bytes() for path in directory.glob("journal/*.jsonl"))

        async def close(self):
            pass

    async def main():
        sinks = [JSONFileSink(directory), HTMLReportSink(directory), Reading()]
        observer = FlowsObserver(call_id="c", sinks=sinks, strict=True, sink_timeout_secs=600)
        began = time.process_time()
        await feed(observer, turns)
        fed = time.process_time()
        await observer.cleanup()
        return observer.record, fed - began, time.process_time() - fed

    record, feeding, delivering = asyncio.run(main())
    (journal,) = journals
    return record, feeding, delivering, journal


def test_a_very_long_call_loses_nothing_and_takes_a_time_that_grows_as_it_does(tmp_path):
    hold(tmp_path / "warm", 400)
    _, *short, _ = hold(tmp_path / "short", TURNS // 4)
    record, *long, journal = hold(tmp_path / "long", TURNS)

    assert record.health.ok
    assert len(record.turns) == TURNS
    assert CallRecord.load(tmp_path / "long" / "c.json").events == record.events
    assert read_journal(journal).events == record.events
    page = (tmp_path / "long" / "c.html").read_text()
    assert page.rstrip().endswith("</html>")
    assert "Very well." in page
    # Four times the turns; sixteen times the work would be one that looks back on all before.
    assert sum(long) < 9 * sum(short)
