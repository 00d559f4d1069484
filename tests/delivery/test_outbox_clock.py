"""An outbox whose clock is set, and receivers that are left alone."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime

import pytest

from flows_analytics import CallRecord, JSONFileSink
from flows_analytics.delivery.limits import Limits
from flows_analytics.delivery.outbox import Outbox
from flows_analytics.delivery.sink import deliver
from flows_analytics.delivery.upload import UploadError
from tests.delivery.clock import EPOCH, Clock


class Sending:
    name = "own"

    def __init__(self, failure=None):
        self.failure, self.taken, self.asked = failure, [], 0

    async def upload(self, upload):
        self.asked += 1
        if self.failure is not None:
            raise self.failure
        self.taken.append(upload.record.call_id)

    async def close(self):
        pass


def later(after_secs=None):
    return UploadError("refused", "HTTP 503", retry=True, after_secs=after_secs)


def call(number=1):
    return CallRecord(call_id=f"order-{number}", started_at=datetime(2026, 1, 1, 0, 0, number, tzinfo=UTC))


def outbox_at(directory, clock, **options):
    return Outbox(directory, now=clock.now, sleep=clock.sleep, dice=lambda: 1.0, **options)


def fail(outbox, failure):
    """A call at whose end there is no time for a second attempt."""

    async def main():
        record, sink = call(), Sending(failure)
        claimed = await outbox.put(record, sink, file=record.save(outbox.directory / f"{record.call_id}.json"))
        await outbox.send_call(claimed, record, sink, deadline=float("-inf"))

    asyncio.run(main())


def fill(outbox, number):
    for each in range(1, number + 1):
        record = call(each)
        outbox.keep(record, Sending(), file=record.save(outbox.directory / f"{record.call_id}.json"))


def send(outbox, sink, **options):
    return asyncio.run(outbox.send_waiting([sink], **options))


@pytest.mark.parametrize(("failure", "early"), [(later(), False), (later(5), False), (later(5), True)])
@pytest.mark.parametrize("same_process", [True, False])
def test_a_clock_that_is_set_back_does_not_keep_calls_for_years(tmp_path, failure, early, same_process):
    clock = Clock()
    outbox = outbox_at(tmp_path, clock)
    fail(outbox, failure)
    clock.at -= 1e8
    if not same_process:
        (tmp_path / "moved").mkdir()
        for path in ("outbox", "order-1.json"):
            (tmp_path / path).rename(tmp_path / "moved" / path)
        outbox = outbox_at(tmp_path / "moved", clock)

    assert outbox.due_in_secs({"own"}) <= 0
    assert send(outbox, Sending(), early=early).count("sent") == 1


def test_a_clock_that_jumps_ahead_costs_a_warning_and_no_call(tmp_path):
    clock, said = Clock(), []
    bounded = outbox_at(tmp_path, clock, limits=Limits(max_age_secs=1000), say=said.append)
    fill(bounded, 3)
    clock.at += 1e9

    assert send(bounded, Sending(later(60))).dropped == []
    assert said == ["calls wait for nearly 1000 s in the outbox: soon they will not be sent"]
    clock.at += 100
    assert send(bounded, Sending(later(60))).dropped == []
    # Set right again, the clock takes the warning back.
    clock.at -= 1e9
    assert send(bounded, Sending(later(60))).dropped == []
    assert len(said) == 1
    assert len(bounded.entries()) == 3


def test_a_warning_is_remembered_by_the_next_process(tmp_path):
    clock, said = Clock(), []
    limits = Limits(max_age_secs=1000)
    fill(outbox_at(tmp_path, clock), 1)
    for passed, dropped in ((900, []), (50, []), (149, []), (1, ["order-1"])):
        clock.at += passed
        bounded = outbox_at(tmp_path, clock, limits=limits, say=said.append)
        assert asyncio.run(bounded.send_waiting([])).dropped == dropped
    assert len(said) == 2


@pytest.mark.parametrize("full", [True, False])
def test_an_outbox_that_is_suddenly_too_full_gives_up_calls_one_pass_after_the_warning(
    tmp_path, full, monkeypatch
):
    clock, said = Clock(), []
    bounded = outbox_at(tmp_path, clock, limits=Limits(max_bytes=1), say=said.append)
    fill(bounded, 2)
    if full:

        def no_space(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("flows_analytics.delivery.claim.replace", no_space)

    assert asyncio.run(bounded.send_waiting([])).dropped == []
    assert said == ["the outbox is nearly full (1 bytes): soon its oldest calls will not be sent"]
    assert asyncio.run(bounded.send_waiting([])).dropped == ["order-1", "order-2"]


def test_what_was_refused_counts_under_no_limit(tmp_path):
    clock = Clock()
    bounded = outbox_at(tmp_path, clock, limits=Limits(max_bytes=1, max_age_secs=1))
    fill(bounded, 1)
    send(bounded, Sending(UploadError("refused", "HTTP 400", retry=False)))
    clock.at += 1e9

    for _ in range(3):
        assert asyncio.run(bounded.send_waiting([])).dropped == []
    assert len(bounded.failures()) == 1


def test_a_receiver_that_takes_nothing_is_not_hit_with_all_that_waits_and_is_left_alone_ever_longer(tmp_path):
    clock = Clock()
    outbox = outbox_at(tmp_path, clock)
    fill(outbox, 20)
    broken = Sending(later())

    asked = []
    for wait in (0, 3.9, 0.2, 7.8, 0.3, 16.1):
        clock.at += wait
        before = broken.asked
        send(outbox_at(tmp_path, clock), broken, early=True)
        asked.append(broken.asked - before)
    assert asked == [3, 0, 1, 0, 1, 1]

    # The first it takes opens the way for the others.
    clock.at += 3600
    assert send(outbox, Sending(), early=True).count("sent") == 20


def test_calls_that_always_fail_do_not_keep_the_others_waiting(tmp_path):
    class Choosy(Sending):
        async def upload(self, upload):
            if upload.record.call_id in {"order-1", "order-2", "order-3"}:
                raise later()
            await super().upload(upload)

    clock = Clock()
    outbox = outbox_at(tmp_path, clock)
    fill(outbox, 8)
    sink = Choosy()
    send(outbox, sink, early=True)
    clock.at += 3600
    send(outbox, sink, early=True)
    assert sink.taken == [f"order-{number}" for number in range(4, 9)]


def test_one_call_that_is_tried_again_and_again_says_nothing_of_its_receiver(tmp_path):
    clock = Clock()
    outbox = outbox_at(tmp_path, clock)
    fill(outbox, 1)
    for _ in range(5):
        assert len(send(outbox, Sending(later()), early=True).outcomes) == 1


def test_what_one_call_was_asked_holds_for_the_next_of_the_process(tmp_path):
    clock = Clock()
    fail(outbox_at(tmp_path, clock), later(600))
    sink = Sending()
    next_call = deliver(
        call(2), [JSONFileSink(tmp_path), sink], timeout_secs=10, outbox=outbox_at(tmp_path, clock)
    )
    (_, delivery) = asyncio.run(next_call)

    assert (sink.asked, delivery.error) == (0, None)
    assert delivery.left == "its receiver asked to be left alone"
    entry = outbox_at(tmp_path, clock).entries()[1]
    assert (entry.attempts, entry.not_before.timestamp()) == (0, pytest.approx(EPOCH + 601))
    clock.at += 602
    assert send(outbox_at(tmp_path, clock), sink).count("sent") == 2


def test_a_wish_that_ends_in_time_is_waited_for(tmp_path):
    clock = Clock()
    fail(outbox_at(tmp_path, clock), later(5))
    sink = Sending()
    next_call = deliver(
        call(2), [JSONFileSink(tmp_path), sink], timeout_secs=10, outbox=outbox_at(tmp_path, clock)
    )

    assert asyncio.run(next_call)[1].left is None
    assert (sink.taken, clock.waits) == (["order-2"], [pytest.approx(6)])


def test_observers_that_share_an_outbox_each_hear_their_own_warnings(tmp_path, monkeypatch):
    shared, first, second = Outbox(tmp_path), [], []
    views = [shared.saying(first.append), shared.saying(second.append)]

    def full(*_):
        raise OSError(28, "No space left on device")

    async def main():
        held, entry = await views[0].put(call(), Sending(), file=call().save(tmp_path / "order-1.json"))
        monkeypatch.setattr("flows_analytics.delivery.claim.replace", full)
        await views[0].send_call((held, entry), call(), Sending(later()), deadline=0)

    asyncio.run(main())
    assert (first, second) == (["the outbox could not be written (No space left on device)"], [])


def test_a_call_that_is_cancelled_while_the_disk_writes_does_not_hold_up_the_loop(tmp_path, monkeypatch):
    writing, go_on = threading.Event(), threading.Event()

    def slow(path, content):
        writing.set()
        assert go_on.wait(30)
        return path

    async def main():
        outbox, sink = Outbox(tmp_path), Sending(later())
        claimed = await outbox.put(call(), sink, file=call().save(tmp_path / "order-1.json"))
        monkeypatch.setattr("flows_analytics.delivery.claim.replace", slow)
        sending = asyncio.ensure_future(outbox.send_call(claimed, call(), sink, deadline=0))
        await asyncio.to_thread(writing.wait, 30)
        sending.cancel()
        # It ends while the disk still works, which keeps the entry until it is done.
        await asyncio.wait({sending})
        taken = await outbox.send_waiting([Sending()], early=True)
        go_on.set()
        return sending.cancelled(), taken.outcomes

    assert asyncio.run(main()) == (True, [])


def test_the_disk_is_looked_at_in_threads_only(tmp_path, monkeypatch):
    loop_thread = threading.get_ident()
    looked = []
    exists = type(tmp_path).exists

    def told(self, **options):
        if threading.get_ident() == loop_thread:
            looked.append(self)
        return exists(self, **options)

    outbox = Outbox(tmp_path)
    fill(outbox, 2)
    monkeypatch.setattr(type(tmp_path), "exists", told)
    assert send(outbox, Sending(later()), early=True).count("left") == 2
    assert looked == []
