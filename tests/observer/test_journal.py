"""The journal of a call that is held by a bot: what a killed process leaves, and what a proper end does."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flows_analytics import CallRecord, FlowsObserver, HTMLReportSink, JSONFileSink
from flows_analytics.recording.recovery import read_journal, recover
from tests.bots import PIZZA_PATH, hold_pizza_call
from tests.recording.calls import begin, say, wait_for_recovery

REPOSITORY = Path(__file__).parents[2]


def files(directory):
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())


def warnings(caplog):
    return [record.getMessage() for record in caplog.records if "flows_analytics" in record.getMessage()]


class Failing:
    keeps = True

    def __init__(self, directory):
        self.directory = directory

    async def deliver(self, record):
        raise OSError(28, "No space left on device")

    async def close(self):
        pass


class Uploading:
    name = "somewhere"

    async def upload(self, upload):
        pass

    async def deliver(self, record):
        pass

    async def close(self):
        pass


def test_a_call_that_is_kept_leaves_its_record_and_nothing_else(tmp_path):
    seen = []

    class Watching(JSONFileSink):
        async def deliver(self, record):
            seen.extend(files(tmp_path))
            await super().deliver(record)

    record = hold_pizza_call(call_id="order", sinks=[Watching(tmp_path)]).record

    assert seen == ["journal/order.jsonl", "journal/order.lock"]
    assert files(tmp_path) == ["order.json"]
    assert list(tmp_path.iterdir()) == [tmp_path / "order.json"]
    assert CallRecord.load(tmp_path / "order.json").events == record.events
    assert record.health.ok


def test_the_journal_of_a_whole_call_tells_all_that_its_record_does(tmp_path):
    """Held on virtual time, and kept nowhere: the journal stays."""
    held = hold_pizza_call(
        call_id="order",
        sinks=[HTMLReportSink(tmp_path / "pages")],
        journal=tmp_path / "calls",
        cost_calculator=lambda usage: 1.5,
        disconnection_reason_resolver=lambda: "transfer",
        metadata={"channel": "web"},
        agent_name="Pizza line",
        goals=["end"],
    )

    assert files(tmp_path / "calls") == ["journal/order.jsonl"]
    read = read_journal((tmp_path / "calls" / "journal" / "order.jsonl").read_bytes())
    assert read == held.record
    assert (read.path, read.status) == (PIZZA_PATH, "completed")


def test_a_call_that_its_sink_could_not_keep_is_recovered_by_the_next_observer(tmp_path):
    held = hold_pizza_call(call_id="order", sinks=[Failing(tmp_path)])
    assert files(tmp_path) == ["journal/order.jsonl"]

    FlowsObserver(sinks=[JSONFileSink(tmp_path)])
    wait_for_recovery()
    assert files(tmp_path) == ["order.json"]
    record = CallRecord.load(tmp_path / "order.json")
    assert record.events == held.record.events
    assert record.status == "completed"


def test_an_observer_that_never_sees_a_call_leaves_nothing(tmp_path):
    FlowsObserver(sinks=[JSONFileSink(tmp_path)])
    wait_for_recovery()

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (lambda path: [JSONFileSink(path)], {"journal": None}),
        (lambda path: [HTMLReportSink(path / "pages")], {}),
        (lambda path: [], {}),
    ],
    ids=["turned off", "no file sink", "no sink"],
)
def test_there_is_no_journal_where_none_is_wanted(tmp_path, make, options):
    observer = FlowsObserver(sinks=make(tmp_path), **options)

    assert not observer._journal.on


def test_the_journal_lies_beside_the_first_file_sink_unless_it_is_moved(tmp_path):
    sinks = [HTMLReportSink(tmp_path / "pages"), JSONFileSink(tmp_path / "one"), JSONFileSink(tmp_path / "two")]

    class Watching(Failing):
        async def deliver(self, record):
            seen.extend(path for path in files(tmp_path) if path.endswith(".jsonl"))

    for options, place in (({}, "one"), ({"journal": str(tmp_path / "spool")}, "spool")):
        seen = []
        hold_pizza_call(call_id="x", sinks=[*sinks, Watching(None)], **options)
        assert seen == [f"{place}/journal/x.jsonl"]


def test_leftovers_of_a_moved_journal_become_records_beside_the_others(tmp_path):
    recorder, journal = begin(tmp_path / "spool", "lost")
    say(recorder, 3)
    journal.end(kept=False, timeout_secs=10)

    FlowsObserver(sinks=[JSONFileSink(tmp_path / "calls")], journal=tmp_path / "spool")
    wait_for_recovery()
    assert files(tmp_path) == ["calls/lost.json"]


def test_a_bot_that_only_uploads_says_once_that_a_killed_process_loses_its_call(tmp_path, caplog):
    hold_pizza_call(sinks=[Uploading()])
    (told,) = warnings(caplog)
    assert "in memory only" in told
    caplog.clear()

    hold_pizza_call(sinks=[Uploading()], journal=None, outbox=None)
    hold_pizza_call(sinks=[Uploading(), JSONFileSink(tmp_path)])
    hold_pizza_call(sinks=[HTMLReportSink(tmp_path)])
    assert warnings(caplog) == []


def test_a_journal_that_cannot_be_written_is_said_once_and_counted_in_the_record_too(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    held = hold_pizza_call(sinks=[JSONFileSink(tmp_path / "calls")], journal=tmp_path / "file")

    (path,) = (tmp_path / "calls").glob("*.json")
    for record in (held.record, CallRecord.load(path)):
        assert record.path == PIZZA_PATH
        assert record.health.count("journal_failed") == 1
    assert len([told for told in warnings(caplog) if "journal could not be written" in told]) == 1


CHILD = """
import asyncio, sys
from flows_analytics import FlowsObserver, JSONFileSink
from flows_analytics.testing import ScriptedBot
from tests.bots import PIZZA_CALL, initial_node
from tests.testing.flows_line import FlowManager

async def main():
    async def hold(number):
        observer = FlowsObserver(call_id=f"call{number}", sinks=[JSONFileSink(sys.argv[1])], strict=True)
        bot = ScriptedBot(observers=[observer], flow_manager_class=FlowManager)
        observer.attach_flow_manager(bot.flow_manager)
        await asyncio.sleep(number * 0.3)
        await bot.run(initial_node(), PIZZA_CALL)
    await asyncio.gather(*(hold(number) for number in range(4)))

asyncio.run(main())
"""


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_calls_of_a_killed_process_are_recovered_with_every_moment_that_was_acknowledged(tmp_path, seed):
    dice = random.Random(seed)  # noqa: S311  # a test's dice
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path)],
        cwd=REPOSITORY,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    kill_at, deadline = dice.randint(10, 120), time.monotonic() + 60
    # A line in the file is one whose write has returned, or is about to.
    acknowledged: dict[str, int] = {}
    while sum(acknowledged.values()) < kill_at:
        assert time.monotonic() < deadline
        assert child.poll() is None
        for path in tmp_path.glob("journal/*.jsonl"):
            acknowledged[path.stem] = path.read_bytes().count(b'"kind"')
        time.sleep(0.002)
    # Live calls are nobody's leftovers.
    assert {result.outcome for result in recover(tmp_path)} == {"live"}
    child.send_signal(signal.SIGKILL)
    assert child.wait(120) == -signal.SIGKILL

    results = list(recover(tmp_path))
    assert {result.outcome for result in results} == {"recovered"}
    for result in results:
        record = CallRecord.load(result.record)
        assert len(record.events) >= acknowledged.pop(record.call_id, 0)
        assert [event.seq for event in record.events] == list(range(len(record.events)))
        assert (record.status, record.end_reason) == ("started", "process_lost")
        assert all(visit.exit_kind == "lost" for visit in record.visits[-1:])
    assert not acknowledged
    assert files(tmp_path) == sorted(f"{result.call.call_id}.json" for result in results)


def test_a_process_that_exits_without_ending_its_call_leaves_all_of_it(tmp_path):
    code = (
        "import sys\n"
        "from tests.recording.calls import begin, say, wait_for_recovery\n"
        "recorder, journal = begin(sys.argv[1])\n"
        "say(recorder, 500)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, cwd=REPOSITORY, timeout=300)

    (result,) = recover(tmp_path)
    assert len(result.call.events) == 501
