"""Calls that wait on disk until they are sent."""

from __future__ import annotations

import asyncio
import json
import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from flows_analytics import CallRecord, HTTPSink, JSONFileSink
from flows_analytics.delivery.entry import UNFINISHED, at
from flows_analytics.delivery.limits import Limits
from flows_analytics.delivery.outbox import Outbox
from flows_analytics.delivery.sink import deliver
from flows_analytics.delivery.upload import Upload, UploadError
from tests.delivery.clock import EPOCH, Clock
from tests.delivery.receiver import half, never, receiver, status

START = datetime(2026, 1, 1, tzinfo=UTC)


def call(number=1):
    return CallRecord(call_id=f"order-{number}", started_at=START + timedelta(seconds=number))


class Sending:
    """An UploadSink of the test's own: fails as told, then takes the call."""

    name = "own"

    def __init__(self, *failures):
        self.failures, self.taken, self.uploads, self.closed = list(failures), [], [], 0

    async def upload(self, upload):
        self.uploads.append(upload)
        if self.failures:
            raise self.failures.pop(0)
        self.taken.append((upload.key, upload.record.call_id))

    async def close(self):
        self.closed += 1


def later(after_secs=None):
    return UploadError("refused", "HTTP 503", retry=True, after_secs=after_secs, answer="SECRET")


REFUSED = UploadError("refused", "HTTP 400", retry=False, answer="SECRET")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def said():
    return []


@pytest.fixture
def outbox(tmp_path, clock, said):
    dice = random.Random(1).random  # noqa: S311
    return Outbox(tmp_path, now=clock.now, sleep=clock.sleep, dice=dice, say=said.append)


def files(directory):
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())


def hand_over(outbox, *sinks, record=None, deadline=10.0):
    """What the end of a call does."""
    handed = deliver(record or call(), sinks, timeout_secs=10, outbox=outbox, upload_deadline_secs=deadline)
    return asyncio.run(handed)


def send(outbox, *sinks, **options):
    return asyncio.run(outbox.send_waiting(sinks, **options))


def wait_with(outbox, number=1, name="own"):
    """Leave calls in the outbox, as a receiver that is away does."""
    for each in range(1, number + 1):
        sink = Sending(later(after_secs=1e6))
        sink.name = name
        hand_over(outbox, JSONFileSink(outbox.directory), sink, record=call(each))


def test_a_call_that_was_sent_leaves_only_its_record(outbox, tmp_path):
    sink = Sending()

    assert [delivery.error for delivery in hand_over(outbox, JSONFileSink(tmp_path), sink)] == [None, None]
    assert files(tmp_path) == ["order-1.json"]
    assert [call_id for _, call_id in sink.taken] == ["order-1"]
    assert sink.closed == 1


def test_a_call_is_on_disk_with_its_entry_before_it_is_sent(outbox, tmp_path):
    seen = []

    class Looking(Sending):
        async def upload(self, upload):
            seen.extend(files(tmp_path))
            seen.append(outbox.entries()[0])

    hand_over(outbox, Looking(), JSONFileSink(tmp_path))
    *paths, entry = seen
    assert {"order-1.json", "outbox/order-1@own.ref"} < set(paths)
    assert (entry.attempts, entry.failure.why, entry.record) == (1, UNFINISHED, "order-1.json")
    assert CallRecord.load(tmp_path / entry.record).call_id == "order-1"


def test_without_a_file_sink_the_outbox_keeps_the_record_until_it_is_sent(outbox, tmp_path):
    hand_over(outbox, Sending(later(after_secs=100)))
    assert files(tmp_path) == ["outbox/order-1@own.json", "outbox/order-1@own.ref", "outbox/order-1@own.ref.lock"]
    assert all((tmp_path / file).stat().st_mode & 0o777 == 0o600 for file in files(tmp_path))

    outbox._now = lambda: EPOCH + 200
    sink = Sending()
    assert send(outbox, sink).count("sent") == 1
    assert files(tmp_path) == []
    assert len(sink.taken) == 1


def test_a_second_call_of_the_same_id_is_another_entry_with_another_key(outbox, tmp_path):
    sink = Sending(later(1e6), later(1e6))
    for number in (1, 2):
        record = call(number).model_copy(update={"call_id": "same"})
        hand_over(outbox, JSONFileSink(tmp_path), sink, record=record)

    entries = outbox.entries()
    assert [entry.record for entry in entries] == ["same.json", "same~2.json"]
    assert len({entry.key for entry in entries}) == 2


def test_what_fails_for_now_is_tried_again_while_there_is_time(outbox, clock, tmp_path):
    sink = Sending(later(), later(), ConnectionError("SECRET"))

    (_, delivery) = hand_over(outbox, JSONFileSink(tmp_path), sink)
    assert (delivery.error, delivery.left) == (None, None)
    assert len(clock.waits) == 3
    assert len({upload.key for upload in sink.uploads}) == 1


def test_what_cannot_be_sent_in_time_is_left_with_the_reason_and_is_no_loss(outbox, clock, tmp_path):
    (_, delivery) = hand_over(outbox, JSONFileSink(tmp_path), Sending(*[later()] * 20))

    (entry,) = outbox.entries()
    assert (delivery.error, delivery.left) == (None, "HTTP 503")
    assert sum(clock.waits) < 10 * len(clock.waits)
    assert entry.attempts == len(clock.waits) + 1
    assert (entry.failure.why, entry.failure.answer) == ("HTTP 503", "SECRET")
    assert entry.next_at > at(clock.now())


def test_a_receiver_that_never_answers_costs_the_deadline_and_the_call_stays(outbox, tmp_path):
    async def main():
        async with receiver(never) as taking:
            sinks = [JSONFileSink(tmp_path), HTTPSink(taking.url)]
            return await deliver(call(), sinks, timeout_secs=10, outbox=outbox, upload_deadline_secs=0.2)

    (_, delivery) = asyncio.run(main())
    assert (delivery.error, delivery.left) == (None, "it took too long")
    (entry,) = outbox.entries()
    assert (entry.attempts, entry.failure.why) == (1, UNFINISHED)
    # And nobody holds it any more.
    sink = Sending()
    sink.name = entry.sink
    assert send(outbox, sink, early=True).count("sent") == 1


def test_a_sink_that_will_not_be_cancelled_does_not_hold_up_the_call(outbox, tmp_path):
    release = asyncio.Event()

    class Stubborn(Sending):
        async def upload(self, upload):
            while not release.is_set():
                try:
                    await release.wait()
                except asyncio.CancelledError:
                    continue

    async def main():
        sinks = [JSONFileSink(tmp_path), Stubborn()]
        deliveries = await deliver(call(), sinks, timeout_secs=10, outbox=outbox, upload_deadline_secs=0.05)
        release.set()
        return deliveries

    assert asyncio.run(main())[1].left == "it took too long"


@pytest.mark.parametrize("date", [False, True])
def test_a_receiver_that_asks_to_wait_is_left_alone_that_long(outbox, clock, tmp_path, date):
    async def main():
        asked = format_datetime(datetime.fromtimestamp(EPOCH + 600, UTC), usegmt=True) if date else "600"
        async with receiver(status(429, Retry_After=asked)) as taking:
            sink = HTTPSink(taking.url)
            sink._client._now = clock.now
            await deliver(call(), [JSONFileSink(tmp_path), sink], timeout_secs=10, outbox=outbox)
            (entry,) = outbox.entries()
            assert EPOCH + 600 <= entry.not_before.timestamp() <= EPOCH + 602
            counts = []
            for later_secs in (0, 599, 602):
                clock.at = EPOCH + later_secs
                counts.append((await outbox.send_waiting([sink], early=True)).count("sent"))
            return counts, len(taking.requests)

    assert asyncio.run(main()) == ([0, 0, 1], 2)


def test_a_receiver_that_asks_for_a_second_is_not_left_alone_for_the_hour_that_its_failures_are_worth(
    tmp_path, clock
):
    outbox = Outbox(tmp_path, now=clock.now, sleep=clock.sleep, dice=lambda: 1.0)
    sink = Sending(*[later()] * 12, later(after_secs=1))
    hand_over(outbox, JSONFileSink(tmp_path), sink, deadline=0.5)
    for _ in range(12):
        send(outbox, sink, early=True)
        clock.at += 1
    (entry,) = outbox.entries()
    assert entry.attempts == 13
    assert entry.next_at.timestamp() - clock.at > 3000

    # The other calls of this receiver do not wait for this one's next attempt either.
    file = call(2).save(tmp_path / "order-2.json")
    outbox.keep(call(2), sink, file=file)
    clock.at += 1
    assert send(outbox, sink).count("sent") == 1
    assert send(outbox, sink, early=True).count("sent") == 1


def test_500_then_200_and_a_connection_that_dies_half_way_are_one_call_with_one_key(outbox, tmp_path):
    async def main():
        async with receiver(status(500), half, status(409)) as taking:
            sinks = [JSONFileSink(tmp_path), HTTPSink(taking.url)]
            deliveries = await deliver(call(), sinks, timeout_secs=10, outbox=outbox)
            return taking, deliveries

    taking, (_, delivery) = asyncio.run(main())
    assert (delivery.error, delivery.left) == (None, None)
    assert taking.calls == ["order-1"] * 3
    assert len(set(taking.keys)) == 1
    assert files(tmp_path) == ["order-1.json"]


def test_what_is_refused_for_good_is_put_aside_with_the_reason_and_can_be_put_back(outbox, tmp_path):
    (_, delivery) = hand_over(outbox, JSONFileSink(tmp_path), Sending(REFUSED))

    assert (delivery.error, delivery.left) == (None, "put aside: HTTP 400")
    assert files(tmp_path) == ["failed/order-1@own.ref", "order-1.json"]
    (entry,) = outbox.failures()
    assert (entry.failure.why, entry.failure.answer) == ("HTTP 400", "SECRET")
    sink = Sending()
    assert send(outbox, sink, early=True).outcomes == []

    assert outbox.retry_failed() == 1
    assert send(outbox, sink).count("sent") == 1
    assert files(tmp_path) == ["order-1.json"]


def test_a_schema_function_that_raises_puts_the_call_aside(outbox, tmp_path):
    sink = HTTPSink("http://127.0.0.1:9/", schema=lambda record: {}["SECRET"])

    (_, delivery) = hand_over(outbox, JSONFileSink(tmp_path), sink)
    assert delivery.left == f"put aside: the schema function of {sink.name} raised KeyError"
    assert "SECRET" not in (tmp_path / "failed" / f"order-1@{sink.name}.ref").read_text()


def test_progress_is_there_for_the_next_process(outbox, tmp_path):
    class InSteps(Sending):
        async def upload(self, upload):
            steps = upload.progress.setdefault("steps", [])
            steps.append(len(steps))
            upload.save()
            if len(steps) < 3:
                raise later(after_secs=1e6)
            self.taken.append(steps)

    hand_over(outbox, JSONFileSink(tmp_path), InSteps())
    outbox._now = lambda: EPOCH + 2e6
    send(outbox, InSteps())
    outbox._now = lambda: EPOCH + 4e6
    last = InSteps()
    assert send(Outbox(tmp_path, now=lambda: EPOCH + 4e6), last).count("sent") == 1
    assert last.taken == [[0, 1, 2]]


def test_the_sound_of_a_call_goes_with_it(outbox, tmp_path):
    (tmp_path / "order-1.wav").write_bytes(b"sound")
    handed = deliver(
        call(),
        [JSONFileSink(tmp_path), Sending(later(1e6))],
        timeout_secs=10,
        outbox=outbox,
        recording=tmp_path / "order-1.wav",
    )
    asyncio.run(handed)

    sink = Sending()
    assert outbox.entries()[0].recording == "order-1.wav"
    outbox._now = lambda: EPOCH + 2e6
    send(outbox, sink)
    assert sink.uploads[0].recording.read_bytes() == b"sound"


def test_the_calls_directory_may_move_while_calls_wait(tmp_path):
    wait_with(Outbox(tmp_path / "before"))
    (tmp_path / "before").rename(tmp_path / "after")
    moved = Outbox(tmp_path / "after", now=lambda: EPOCH * 2)

    assert send(moved, Sending()).count("sent") == 1


def test_a_torn_entry_is_set_aside_reported_and_made_anew(outbox, tmp_path, said):
    wait_with(outbox, 2)
    key = outbox.entries()[0].key
    path = tmp_path / "outbox" / "order-1@own.ref"
    path.write_bytes(path.read_bytes()[:100])
    outbox._now = lambda: EPOCH + 2e6

    sink = Sending()
    result = send(outbox, sink)
    assert result.count("sent") == 2
    assert key in dict(sink.taken)
    assert [file.name for file in result.set_aside] == ["order-1@own.ref.torn"]
    assert "torn" in said[-1]
    assert files(tmp_path) == ["failed/order-1@own.ref.torn", "order-1.json", "order-2.json"]


def test_an_entry_torn_a_second_time_is_made_anew_too(outbox, tmp_path):
    wait_with(outbox)
    path = tmp_path / "outbox" / "order-1@own.ref"
    for _ in range(2):
        path.write_bytes(path.read_bytes()[:100])
        outbox._now = lambda: EPOCH + 2e6
        result = send(outbox, Sending(later(1e9)))

    assert [file.name for file in result.set_aside] == ["order-1@own.ref~2.torn"]
    assert [entry.call_id for entry in outbox.entries()] == ["order-1"]


def test_a_record_whose_process_died_before_it_had_an_entry_is_sent(outbox, tmp_path):
    hand_over(outbox, Sending(later(1e6)))
    (tmp_path / "outbox" / "order-1@own.ref").unlink()
    outbox._now = lambda: EPOCH + 2e6

    sink = Sending()
    assert send(outbox, sink).count("sent") == 1
    assert files(tmp_path) == []


def test_an_entry_whose_record_is_gone_is_put_aside(outbox, tmp_path):
    wait_with(outbox)
    (tmp_path / "order-1.json").unlink()
    outbox._now = lambda: EPOCH + 2e6

    (outcome,) = send(outbox, Sending()).outcomes
    assert (outcome.state, outcome.why) == ("failed", "its record is gone: order-1.json")


def test_an_entry_whose_record_is_torn_is_put_aside(outbox, tmp_path):
    wait_with(outbox)
    (tmp_path / "order-1.json").write_text('{"words": "SECRET')
    outbox._now = lambda: EPOCH + 2e6

    (outcome,) = send(outbox, Sending()).outcomes
    assert (outcome.state, outcome.why) == ("failed", "its record cannot be read: order-1.json")


def test_what_waits_for_another_sink_stays(outbox):
    wait_with(outbox, 2, name="other")

    result = send(outbox, Sending(), early=True)
    assert (result.outcomes, dict(result.unknown)) == ([], {"other": 2})


@pytest.mark.parametrize("file_sink", [True, False])
def test_on_a_full_disk_a_call_is_sent_all_the_same(outbox, tmp_path, monkeypatch, file_sink):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("flows_analytics.delivery.claim.replace", full)
    if not file_sink:
        monkeypatch.setattr("flows_analytics.delivery.outbox.write_new", full)
    sinks = [JSONFileSink(tmp_path)] if file_sink else []
    sink = Sending()

    *_, delivery = hand_over(outbox, *sinks, sink)
    assert (delivery.error, delivery.left, len(sink.taken)) == (None, None, 1)


def test_on_a_full_disk_what_cannot_be_sent_either_is_a_loss_with_both_reasons(outbox, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("flows_analytics.delivery.outbox.write_new", full)
    (delivery,) = hand_over(outbox, Sending(later()))
    assert delivery.error == "the outbox could not be written (No space left on device), and HTTP 503"


def test_a_disk_that_fills_up_meanwhile_keeps_nothing_from_being_sent(outbox, tmp_path, monkeypatch, said):
    wait_with(outbox)
    outbox._now = lambda: EPOCH + 2e6

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("flows_analytics.delivery.claim.replace", full)
    assert send(outbox, Sending()).count("sent") == 1
    assert said == ["the outbox could not be written (No space left on device)"]


def test_without_an_outbox_a_call_is_sent_once(tmp_path):
    sent, failed = hand_over(None, Sending(), Sending(later()))

    assert (sent.error, failed.error, failed.left) == (None, "HTTP 503", None)


def test_a_receiver_that_cannot_be_reached_is_not_tried_with_every_call(outbox, clock):
    wait_with(outbox, 20)
    clock.at += 2e6
    away = Sending(*[UploadError("not_reached", "down", retry=True) for _ in range(100)])

    assert len(send(outbox, away).outcomes) == 3
    assert len(outbox.entries()) == 20


def test_hundreds_of_calls_are_sent_each_once(tmp_path):
    outbox = Outbox(tmp_path)
    sink = Sending()
    for number in range(300):
        record = call(number)
        file = record.save(tmp_path / f"{record.call_id}.json")
        held, _ = outbox._put(record, sink, file, None)
        held.release()

    result = send(outbox, sink, early=True, at_once=8)
    assert result.count("sent") == 300
    assert len(dict(sink.taken)) == len(sink.taken) == 300
    assert list((tmp_path / "outbox").iterdir()) == []


def test_what_is_given_up_is_said_before_and_when_it_happens(tmp_path, said):
    bounded = Outbox(tmp_path, limits=Limits(max_age_secs=1000), now=lambda: EPOCH, say=said.append)
    wait_with(bounded)
    said.clear()

    bounded._now = lambda: EPOCH + 900
    send(bounded, Sending())
    assert said == ["calls wait for nearly 1000 s in the outbox: soon they will not be sent"]
    bounded._now = lambda: EPOCH + 1100
    assert send(bounded, Sending()).dropped == ["order-1"]
    assert said[-1] == "call 'order-1' is given up and will not be sent to own"
    assert files(tmp_path) == ["order-1.json"]


def test_watching_sends_what_comes_and_ends_when_it_is_cancelled(outbox, clock):
    wait_with(outbox, 3)
    sink = Sending()

    async def main():
        sent = asyncio.Event()

        def passed(result):
            if len(sink.taken) == 3:
                sent.set()

        async def sleep(secs):
            clock.at += secs
            await asyncio.sleep(0)

        outbox._sleep = sleep
        watching = asyncio.ensure_future(outbox.watch(lambda: [sink], passed=passed))
        clock.at += 2e6
        await sent.wait()
        watching.cancel()
        await asyncio.wait({watching})
        return watching.cancelled()

    assert asyncio.run(main())
    assert len(sink.taken) == 3


def test_a_call_put_in_again_is_one_entry(outbox, tmp_path):
    record = call()
    file = record.save(tmp_path / "order-1.json")
    for _ in range(2):
        held, entry = outbox._put(record, Sending(), file, None)
        held.release()

    assert (len(outbox.entries()), entry.attempts) == (1, 2)


def test_an_entry_holds_no_secret(outbox, tmp_path):
    async def main():
        async with receiver(status(503)) as taking:
            sink = HTTPSink(taking.url + "?key=QUERY", token="TOKEN", headers={"X-Api-Key": "APIKEY"})
            await deliver(call(), [sink], timeout_secs=10, outbox=outbox, upload_deadline_secs=0)

    asyncio.run(main())
    (ref,) = (tmp_path / "outbox").glob("*.ref")
    content = ref.read_text()
    assert json.loads(content)["target"]["sink"] == "HTTPSink"
    for secret in ("TOKEN", "QUERY", "APIKEY"):
        assert secret not in content


def test_an_upload_needs_a_call():
    with pytest.raises(ValueError, match="record"):
        Upload(None, "key")
