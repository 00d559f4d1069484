"""What a webhook told, until the websocket of the same call comes."""

from __future__ import annotations

import asyncio

import pytest

from flows_analytics.telephony import JambonzCallContext, PendingCalls


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def call(call_sid="j-1", sip="a@b"):
    return JambonzCallContext(call_sid=call_sid, sip_call_id=sip)


def fetch(pending, call_sid="j-1", timeout=0.0):
    return asyncio.run(pending.wait_and_pop(call_sid, timeout))


def test_a_parked_call_is_fetched_once(clock):
    pending = PendingCalls(clock=clock)
    pending.park(call())
    assert len(pending) == 1
    assert fetch(pending) == call()
    assert fetch(pending) is None
    assert len(pending) == 0


@pytest.mark.parametrize("timeout", [60, None])
def test_whoever_comes_first_waits_for_the_webhook(clock, timeout):
    async def scene():
        pending = PendingCalls(clock=clock)
        waiting = asyncio.create_task(pending.wait_and_pop("j-1", timeout=timeout))
        await asyncio.sleep(0)
        pending.park(call("other"))
        pending.park(call())
        found = await waiting
        assert not pending._waiting
        return found, len(pending)

    assert asyncio.run(scene()) == (call(), 1)


def test_of_two_who_wait_one_gets_the_call_and_the_other_goes_on_waiting(clock):
    async def scene():
        pending = PendingCalls(clock=clock)
        both = [asyncio.create_task(pending.wait_and_pop("j-1", timeout=60)) for _ in range(2)]
        await asyncio.sleep(0)
        pending.park(call(sip="first"))
        done, left = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        assert (len(done), len(left)) == (1, 1)
        pending.park(call(sip="second"))
        await asyncio.wait(left)
        return [task.result().sip_call_id for task in (*done, *left)]

    assert asyncio.run(scene()) == ["first", "second"]


def test_a_call_that_wakes_somebody_who_has_gone_is_kept_for_the_next(clock):
    async def scene():
        pending = PendingCalls(clock=clock)
        waiting = asyncio.create_task(pending.wait_and_pop("j-1", timeout=60))
        await asyncio.sleep(0)
        pending.park(call())
        waiting.cancel()
        await asyncio.wait({waiting})
        assert waiting.cancelled()
        return await pending.wait_and_pop("j-1", timeout=0)

    assert asyncio.run(scene()) == call()


def test_whoever_waits_in_vain_gets_nothing_and_leaves_nothing_behind(clock):
    async def scene():
        pending = PendingCalls(clock=clock)
        assert await pending.wait_and_pop("j-1", timeout=0.01) is None
        assert not pending._waiting

    asyncio.run(scene())


def test_a_call_is_forgotten_when_its_time_is_over(clock):
    pending = PendingCalls(ttl_seconds=30, clock=clock)
    pending.park(call())
    clock.now = 29.9
    pending.park(call("j-2"))
    clock.now = 30.0
    assert fetch(pending) is None
    assert fetch(pending, "j-2") == call("j-2")


def test_parking_a_call_again_renews_its_time_and_what_is_known_of_it(clock):
    pending = PendingCalls(ttl_seconds=30, clock=clock)
    pending.park(call())
    clock.now = 20
    pending.park(call(sip="newer"))
    clock.now = 49
    assert fetch(pending).sip_call_id == "newer"


def test_the_call_parked_longest_ago_makes_room(clock):
    pending = PendingCalls(max_calls=2, clock=clock)
    for call_sid in ("j-1", "j-2", "j-1", "j-3"):
        pending.park(call(call_sid))
    assert len(pending) == 2
    assert [fetch(pending, call_sid) is not None for call_sid in ("j-1", "j-2", "j-3")] == [True, False, True]


def test_a_call_without_an_id_is_not_kept_and_nobody_waits_for_one(clock):
    pending = PendingCalls(clock=clock)
    pending.park(JambonzCallContext.fallback(""))
    pending.park(object())
    assert len(pending) == 0
    assert fetch(pending, "", timeout=60) is None
    assert fetch(pending, None, timeout=60) is None


def test_anything_can_be_parked_under_an_id_of_its_own(clock):
    pending = PendingCalls(clock=clock)
    pending.park({"sip": 1}, call_sid="x")
    assert fetch(pending, "x") == {"sip": 1}


@pytest.mark.parametrize("limits", [{"ttl_seconds": 0}, {"ttl_seconds": float("nan")}, {"max_calls": 0}])
def test_limits_that_keep_nothing_are_refused(limits):
    with pytest.raises(ValueError, match="above zero"):
        PendingCalls(**limits)
