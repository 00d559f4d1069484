"""Sending calls away at their end, and earlier calls while one goes on."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows_analytics import CallRecord, FlowsObserver, JSONFileSink
from flows_analytics.delivery.limits import Limits
from flows_analytics.delivery.outbox import Outbox
from flows_analytics.delivery.upload import UploadError
from flows_analytics.errors import ObserverError
from flows_analytics.recording.journal_lines import HeaderLine, Receiver
from flows_analytics.recording.journal_lines import Sending as Outgoing
from flows_analytics.recording.recovery import read_journal
from flows_analytics.testing import VirtualLoop
from tests.bots import hold_pizza_call
from tests.recording.calls import begin, say, wait_for_recovery


class Sending:
    """An UploadSink that fails as told, and notes when it was asked."""

    name = "own"

    def __init__(self, *failures, hang=False):
        self.failures, self.hang, self.taken, self.asked = list(failures), hang, [], 0

    async def upload(self, upload):
        self.asked += 1
        if self.hang:
            await asyncio.Event().wait()
        if self.failures:
            raise self.failures.pop(0)
        self.taken.append(upload.record.call_id)

    async def close(self):
        pass


def later():
    return UploadError("refused", "HTTP 503", retry=True, answer="SECRET")


def leave(directory, call_id="earlier"):
    record = CallRecord(call_id=call_id, started_at=datetime(2026, 1, 1, tzinfo=UTC))
    file = record.save(directory / f"{call_id}.json")

    async def put():
        held, _ = await Outbox(directory, now=lambda: 0.0).put(record, Sending(), file=file)
        held.release()

    asyncio.run(put())


def test_a_call_is_sent_at_its_end_however_often_that_fails_at_first(tmp_path):
    sink = Sending(later(), later())
    held = hold_pizza_call(call_id="order-1", sinks=[JSONFileSink(tmp_path), sink])

    assert (sink.taken, sink.asked) == (["order-1"], 3)
    assert held.observer.health.ok
    assert Outbox(tmp_path).entries() == []


def test_a_call_that_cannot_be_sent_stays_and_is_no_loss(tmp_path, caplog):
    held = hold_pizza_call(call_id="order-1", sinks=[JSONFileSink(tmp_path), Sending(*[later()] * 99)])

    assert held.observer.health.ok
    (entry,) = Outbox(tmp_path).entries()
    assert entry.call_id == "order-1"
    assert "not sent to Sending yet, the outbox keeps the call: HTTP 503" in caplog.text
    assert "SECRET" not in caplog.text


@pytest.mark.parametrize(
    "outbox", [str, lambda path: path, lambda path: Outbox(path, limits=Limits(max_bytes=10**9))]
)
def test_an_outbox_may_be_given_as_a_directory_or_made_by_hand(tmp_path, outbox):
    hold_pizza_call(call_id="order-1", sinks=[Sending(*[later()] * 99)], outbox=outbox(tmp_path))

    assert [path.name for path in (tmp_path / "outbox").glob("*.ref")] == ["order-1@own.ref"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "lost if it cannot be sent or the process dies before that"),
        ({"outbox": None}, "lost if the process dies before that"),
        ({"journal": None}, "lost if it cannot be sent:"),
        ({"outbox": None, "journal": None}, None),
    ],
)
def test_without_a_directory_it_is_said_what_loses_a_call_and_a_failure_is_a_loss(caplog, options, told):
    held = hold_pizza_call(sinks=[Sending(later())], **options)

    assert caplog.text.count("in memory only") == (told is not None)
    assert told is None or told in caplog.text
    assert held.observer.health.losses["sink_failed"].why == "Sending did not take the call: HTTP 503"


class Keeping:
    """A sink of the user's own that keeps calls in files of its own form."""

    keeps = True

    def __init__(self, directory):
        self.directory = directory

    async def deliver(self, record):
        (self.directory / f"{record.call_id}.txt").write_text("kept")

    async def close(self):
        pass


def test_a_sink_of_the_users_own_that_keeps_calls_has_the_outbox_beside_them(tmp_path, caplog):
    hold_pizza_call(call_id="order-1", sinks=[Keeping(tmp_path), Sending(*[later()] * 99)])

    assert sorted(path.name for path in tmp_path.rglob("order*") if path.suffix != ".lock") == [
        "order-1.txt",
        "order-1@own.json",
        "order-1@own.ref",
    ]
    assert "the outbox keeps the call" in caplog.text


def test_nothing_is_said_of_an_outbox_if_nothing_is_sent(caplog):
    hold_pizza_call(sinks=[])

    assert "keeps" not in caplog.text


def test_what_earlier_calls_left_is_sent_while_the_next_goes_on(tmp_path):
    leave(tmp_path)
    sink = Sending()
    hold_pizza_call(call_id="order-1", sinks=[JSONFileSink(tmp_path), sink])

    assert sink.taken == ["earlier", "order-1"]
    assert Outbox(tmp_path).entries() == []


def test_a_receiver_that_hangs_costs_a_call_its_deadline_and_nothing_else(tmp_path):
    leave(tmp_path)
    begun = []

    def prepare(held):
        begun.append(asyncio.get_running_loop())

    fast = hold_pizza_call(prepare=prepare)
    held = hold_pizza_call(
        sinks=[JSONFileSink(tmp_path), Sending(hang=True)], prepare=prepare, upload_deadline_secs=3.0
    )

    assert held.record.turns == fast.record.turns
    without, hanging = (loop.elapsed for loop in begun if isinstance(loop, VirtualLoop))
    assert hanging - without == pytest.approx(3.0, abs=0.1)
    assert len(Outbox(tmp_path).entries()) == 2


def test_an_outbox_that_cannot_be_read_is_said_and_costs_nothing(tmp_path, caplog, monkeypatch):
    def broken(*_):
        raise OSError(5, "Input/output error")

    (tmp_path / "outbox").mkdir()
    monkeypatch.setattr("flows_analytics.delivery.watch.claim", broken)
    sink = Sending()
    held = hold_pizza_call(call_id="order-1", sinks=[JSONFileSink(tmp_path), sink])

    assert sink.taken == ["order-1"]
    assert held.observer.health.ok
    assert "the outbox could not be read (Input/output error)" in caplog.text


def leave_journal(directory, call_id, **sending):
    receivers = (Receiver(name="own", target={"sink": "Own"}),)
    recorder, journal = begin(directory, call_id, sending=Outgoing(receivers=receivers, **sending))
    say(recorder, 3)
    journal.end(kept=False, timeout_secs=10)


def test_a_call_that_a_dead_process_left_behind_is_sent_like_any_other(tmp_path):
    leave_journal(tmp_path, "lost")
    FlowsObserver(sinks=[JSONFileSink(tmp_path), sink := Sending()])
    wait_for_recovery()

    (entry,) = Outbox(tmp_path).entries()
    assert (entry.call_id, entry.attempts) == ("lost", 0)
    asyncio.run(Outbox(tmp_path).send_waiting([sink]))
    assert sink.taken == ["lost"]


def test_a_call_whose_process_died_between_its_file_and_the_outbox_is_sent(tmp_path):
    leave_journal(tmp_path, "lost")
    journal = next((tmp_path / "journal").glob("*.jsonl"))
    read_journal(journal.read_bytes()).save(tmp_path / "lost.json")
    FlowsObserver(sinks=[JSONFileSink(tmp_path), Sending()])
    wait_for_recovery()

    assert [entry.call_id for entry in Outbox(tmp_path).entries()] == ["lost"]
    assert not journal.exists()


def test_what_was_refused_for_good_is_not_put_into_the_outbox_again(tmp_path):
    leave_journal(tmp_path, "lost")
    read_journal(next((tmp_path / "journal").glob("*.jsonl")).read_bytes()).save(tmp_path / "lost.json")
    refusing = Sending(UploadError("refused", "HTTP 400", retry=False))
    Outbox(tmp_path).keep(CallRecord.load(tmp_path / "lost.json"), refusing, file=tmp_path / "lost.json")
    asyncio.run(Outbox(tmp_path).send_waiting([refusing]))
    FlowsObserver(sinks=[JSONFileSink(tmp_path), Sending()])
    wait_for_recovery()

    assert Outbox(tmp_path).entries() == []
    assert [entry.call_id for entry in Outbox(tmp_path).failures()] == ["lost"]


def test_a_call_that_was_left_behind_is_sent_where_its_own_process_would_have_sent_it(tmp_path):
    leave_journal(tmp_path, "lost")
    other = Sending()
    other.name = "other"
    FlowsObserver(sinks=[JSONFileSink(tmp_path), other])
    wait_for_recovery()

    (entry,) = Outbox(tmp_path).entries()
    assert (entry.call_id, entry.sink, entry.target) == ("lost", "own", {"sink": "Own"})


def test_an_observer_that_sends_nothing_keeps_what_others_have_to_send(tmp_path):
    leave_journal(tmp_path / "calls", "lost", outbox=str(tmp_path / "elsewhere"))
    FlowsObserver(sinks=[JSONFileSink(tmp_path / "calls")])
    wait_for_recovery()

    assert [entry.call_id for entry in Outbox(tmp_path / "elsewhere").entries()] == ["lost"]
    assert not (tmp_path / "calls" / "outbox").exists()


@pytest.mark.parametrize(
    ("options", "sent_to"),
    [
        ({}, Outgoing(receivers=(Receiver(name="own"),))),
        ({"outbox": "spool"}, Outgoing(outbox=str(Path("spool").absolute()), receivers=(Receiver(name="own"),))),
        ({"outbox": None}, None),
    ],
)
def test_the_journal_says_where_the_call_is_to_be_sent(tmp_path, monkeypatch, options, sent_to):
    headers = []
    monkeypatch.setattr(
        "flows_analytics.recording.journal.HeaderLine",
        lambda **known: headers.append(HeaderLine(**known)) or headers[-1],
    )
    FlowsObserver(sinks=[JSONFileSink(tmp_path), Sending()], **options)

    assert [header.sending for header in headers] == [sent_to]


@pytest.mark.parametrize("failures", [0, 99])
def test_a_call_that_was_sent_or_is_in_the_outbox_leaves_no_journal(tmp_path, failures):
    sink = Sending(*[later()] * failures)
    hold_pizza_call(call_id="order-1", sinks=[sink], journal=tmp_path, outbox=tmp_path)

    assert list(tmp_path.glob("journal/*.jsonl")) == []
    assert len(list(tmp_path.glob("outbox/*.ref"))) == (1 if failures else 0)


def test_a_call_that_was_neither_kept_nor_sent_leaves_its_journal(tmp_path):
    hold_pizza_call(call_id="order-1", sinks=[Sending(*[later()] * 99)], journal=tmp_path, outbox=None)

    assert [path.name for path in tmp_path.glob("journal/*.jsonl")] == ["order-1.jsonl"]


def test_two_sinks_of_one_name_are_refused(tmp_path):
    with pytest.raises(ObserverError, match="give each its own name") as caught:
        FlowsObserver(sinks=[JSONFileSink(tmp_path), Sending(), Sending()])
    assert caught.value.code == "sink_twice"


def test_a_call_that_could_be_neither_sent_nor_put_into_the_outbox_is_sent_by_the_next_observer(tmp_path):
    (tmp_path / "outbox").write_text("no directory")
    held = hold_pizza_call(call_id="order-1", sinks=[JSONFileSink(tmp_path), Sending(later())])
    assert held.observer.health.count("sink_failed") == 1
    assert CallRecord.load(tmp_path / "order-1.json").health.count("sink_failed") == 1
    assert [path.name for path in tmp_path.glob("journal/*.jsonl")] == ["order-1.jsonl"]

    (tmp_path / "outbox").unlink()
    FlowsObserver(sinks=[JSONFileSink(tmp_path)])
    wait_for_recovery()
    assert [entry.call_id for entry in Outbox(tmp_path).entries()] == ["order-1"]
    assert [path.name for path in tmp_path.glob("*.json")] == ["order-1.json"]
