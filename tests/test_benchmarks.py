"""The benchmarks run; what they measure is for people to judge."""

import asyncio

import pytest
from pipecat.frames.frames import EndFrame, Frame, StartFrame, TTSTextFrame
from pipecat.observers.base_observer import BaseObserver
from pipecat.pipeline.worker_observer import WorkerObserver
from pipecat.processors.frame_processor import FrameDirection

from benchmarks import measure, report
from benchmarks.observer import main
from benchmarks.recorders import EMPTY, OURS, Recorder, installed
from benchmarks.stream import CallStream
from flows_analytics import FlowsObserver
from flows_analytics.calls.events import BotText, CallerText, FunctionReturned, Interrupted
from flows_analytics.testing import ScriptedBot


def test_the_observer_benchmark_prints_a_row_for_each_observer_and_for_the_call(capsys):
    assert main(["--minutes", "0.08", "--round-minutes", "0.08", "--rounds", "1"]) == 0
    printed = capsys.readouterr().out
    rows = [line.split("│")[1].strip() for line in printed.splitlines() if line.startswith("│")]
    assert rows[:3] == [measure.NOBODY, EMPTY, OURS]
    # Once for its cost, once for its growth.
    assert rows.count(EMPTY) == rows.count(OURS) == 2
    assert "bytes per moment" in printed
    assert "nan" not in printed


def test_the_benchmark_says_which_known_recorders_it_could_not_measure():
    recorders, notes = installed()
    told = [recorder.name for recorder in recorders[2:]] + notes
    assert [recorder.name for recorder in recorders[:2]] == [EMPTY, OURS]
    for known in ("tuner-pipecat-sdk", "pipecat-roark", "voiceground"):
        assert sum(known in line for line in told) == 1


def test_a_length_of_nothing_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["--minutes", "0"])
    assert "must be more than 0" in capsys.readouterr().err


def test_the_made_call_is_one_that_our_observer_records_without_loss():
    async def hold():
        bot = ScriptedBot()
        observer = FlowsObserver(strict=True)
        for pushes in CallStream(bot, seed=1).turns(1):
            await measure.feed_directly(observer, pushes)
        return observer.record

    record = asyncio.run(hold())
    for kind in (CallerText, BotText, FunctionReturned, Interrupted):
        assert any(isinstance(event, kind) for event in record.events), kind
    assert not record.health.losses


def test_the_pushes_of_a_made_call_come_in_the_order_of_their_time_and_repeat_at_each_hop():
    async def make():
        return [push for pushes in CallStream(ScriptedBot(), seed=1).turns(0.5) for push in pushes]

    pushes = asyncio.run(make())
    times = [push.timestamp for push in pushes]
    assert times == sorted(times)
    assert len([push for push in pushes if isinstance(push.frame, StartFrame)]) == 9
    assert {push.direction for push in pushes} == {FrameDirection.DOWNSTREAM, FrameDirection.UPSTREAM}
    words = [push for push in pushes if isinstance(push.frame, TTSTextFrame)]
    assert len({push.frame.id for push in words}) < len(words)
    # An end would deliver the call, and some recorders over the network.
    assert not any(isinstance(push.frame, EndFrame) for push in pushes)


def test_the_same_seed_makes_the_same_call():
    async def make(seed):
        turns = CallStream(ScriptedBot(), seed=seed).turns(0.2)
        return [(push.timestamp, type(push.frame)) for pushes in turns for push in pushes]

    assert asyncio.run(make(3)) == asyncio.run(make(3)) != asyncio.run(make(4))


class _Counting(BaseObserver):
    def __init__(self):
        super().__init__()
        self.pushes = 0

    async def on_push_frame(self, data):
        assert isinstance(data.frame, Frame)
        self.pushes += 1


def test_every_push_through_pipecats_observer_is_read_within_the_time_that_is_taken():
    async def feed():
        counting = _Counting()
        pushes = next(CallStream(ScriptedBot(), seed=1).turns(0.1))
        async with measure.proxied({"counting": [counting]}) as proxies:
            assert isinstance(proxies["counting"], WorkerObserver)
            await measure.feed_as_pipecat_does(proxies["counting"], pushes)
            return counting.pushes, len(pushes)

    read, pushed = asyncio.run(feed())
    assert read == pushed > 0


def test_the_memory_of_a_call_is_that_of_its_moments_and_of_no_frame():
    async def weigh():
        ours = Recorder(OURS, lambda bot: FlowsObserver(strict=True))
        return await measure.weigh_call(ours, minutes=0.6, points=[0.3, 0.6], seed=1, progress=lambda share: None)

    half, whole = asyncio.run(weigh())
    assert whole.moments > half.moments > 0
    assert whole.held > half.held
    assert whole.held / whole.moments < 3_000
    assert half.frames == whole.frames == 0


def test_the_report_benchmark_prints_ratios_beside_a_baseline(capsys):
    assert report.main(["--turns", "4", "--rounds", "1"]) == 0
    printed = capsys.readouterr().out
    assert "page / JSON" in printed
    assert [line.split("│")[1].strip() for line in printed.splitlines() if line.startswith("│")] == [
        "plain",
        "dense",
    ]
