# ruff: noqa: S311  (the random module is what is tested here)
import asyncio
import importlib
import random
import sys
import threading
import time
import uuid
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pipecat.utils.time
import pipecat.utils.utils
import pytest
from pipecat.frames.frames import Frame, VADUserStartedSpeakingFrame
from pipecat.utils.time import time_now_iso8601

from flows_analytics.testing import EPOCH, run_virtual, virtual_time

CLOCKS = ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns")


def cells_of_the_vad_frame() -> list[Any]:
    return [cell.cell_contents for cell in VADUserStartedSpeakingFrame.__init__.__closure__ or ()]


def patched_places() -> dict[str, Any]:
    """Everything the swap touches, as it is now."""
    return {
        **{name: getattr(time, name) for name in CLOCKS},
        "uuid4": uuid.uuid4,
        "cells": cells_of_the_vad_frame(),
        "datetime": pipecat.utils.time.datetime,
        "ids": pipecat.utils.utils._ID,
        "counts": id(pipecat.utils.utils._COUNTS),
        "random": random.getstate(),
    }


def test_everything_is_restored_on_exit():
    before = patched_places()
    assert time.time in before["cells"]
    with virtual_time():
        during = patched_places()
    assert all(during[name] != before[name] for name in before)
    assert patched_places() == before


def test_everything_is_restored_after_an_exception():
    before = patched_places()
    with pytest.raises(KeyError), virtual_time():
        raise KeyError
    assert patched_places() == before


def test_everything_is_restored_after_a_run():
    async def main() -> None:
        await asyncio.sleep(10)

    before = patched_places()
    run_virtual(main)
    assert patched_places() == before


def test_all_clocks_tell_virtual_time_in_the_loop():
    async def main() -> None:
        before = {name: getattr(time, name)() for name in CLOCKS}
        await asyncio.sleep(90)
        for name, began in before.items():
            took = getattr(time, name)() - began
            assert took == pytest.approx(90e9 if name.endswith("_ns") else 90.0), name
        assert time.time() == pytest.approx(EPOCH + 90)
        assert time.monotonic() == pytest.approx(1090)

    run_virtual(main)


def test_frames_and_transcripts_carry_virtual_time():
    async def main() -> tuple[float, str]:
        await asyncio.sleep(1.25)
        return VADUserStartedSpeakingFrame().timestamp, time_now_iso8601()

    assert run_virtual(main, epoch=0) == (1.25, "1970-01-01T00:00:01.250+00:00")


def test_other_threads_and_other_loops_keep_the_real_clock():
    began = time.monotonic()
    seen: dict[str, float] = {}

    async def in_a_real_loop() -> None:
        seen["loop"] = time.monotonic()

    def elsewhere() -> None:
        seen["thread"] = time.monotonic()
        asyncio.run(in_a_real_loop())

    async def main() -> None:
        await asyncio.sleep(2000)
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        seen["virtual"] = time.monotonic()

    run_virtual(main)
    assert began <= seen["thread"] <= seen["loop"] <= time.monotonic()
    assert seen["virtual"] == pytest.approx(3000)


def test_captured_references_are_rebound_in_the_packages_asked_for():
    module = ModuleType("bakery.oven")

    class Oven:
        def __init__(self, *, now: Any = time.time) -> None:
            self.now = now

        @staticmethod
        def bake(*, clock: Any = time.monotonic, loaves: int = 2) -> Any:
            return clock

    @dataclass
    class Loaf:
        baked_at: float = field(default_factory=time.time)
        key: Any = field(default_factory=uuid.uuid4)

    for thing in (Oven, Loaf):
        thing.__module__ = module.__name__
        setattr(module, thing.__name__, thing)
    module.now = time.time  # type: ignore[attr-defined]
    real = (time.time, time.monotonic)

    async def captured() -> tuple[float, float, float, float]:
        return module.now(), Oven().now(), Oven.bake()(), Loaf().baked_at

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, module.__name__, module)
        with virtual_time(packages=["bakery"]):
            assert run_virtual(captured, epoch=7) == (7, 7, 1000, 7)
            assert run_virtual(lambda: asyncio.sleep(0, Loaf().key)) != Loaf().key
        assert (module.now, Oven.bake()) == real
        assert Oven().now is time.time
        assert Oven.bake.__kwdefaults__ == {"clock": time.monotonic, "loaves": 2}


def test_what_a_module_captures_later_is_rebound_at_the_next_time():
    module = ModuleType("bakery")

    async def captured() -> float:
        return module.now()

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, module.__name__, module)
        module.now = lambda: 5.0
        for _ in range(2):
            with virtual_time(packages=["bakery"]):
                assert run_virtual(captured, epoch=7) == 5
        module.now = time.time
        for _ in range(2):
            with virtual_time(packages=["bakery"]):
                assert run_virtual(captured, epoch=7) == 7
                with virtual_time(packages=["bakery"]):
                    assert run_virtual(captured, epoch=7) == 7
                assert run_virtual(captured, epoch=7) == 7
            assert module.now is time.time
        module.now = lambda: 5.0
        with virtual_time(packages=["bakery"]):
            assert run_virtual(captured, epoch=7) == 5


def test_a_name_for_the_same_function_may_become_another():
    module = ModuleType("bakery")

    async def captured() -> float:
        return module.later()

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, module.__name__, module)
        module.now = time.time
        with virtual_time(packages=["bakery"]):
            pass
        del module.now
        module.later = time.time
        with virtual_time(packages=["bakery"]):
            assert run_virtual(captured, epoch=7) == 7
        assert module.later is time.time


def test_a_module_that_is_loaded_anew_is_searched_anew(tmp_path, monkeypatch):
    (tmp_path / "pastry_shop.py").write_text("import time\ndef now(*, clock=time.time):\n    return clock()\n")
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("pastry_shop")

    async def captured() -> float:
        return module.now()

    try:
        for _ in range(2):
            with virtual_time(packages=["pastry_shop"]):
                assert run_virtual(captured, epoch=7) == 7
            assert module.now.__kwdefaults__ == {"clock": time.time}
            importlib.reload(module)
    finally:
        del sys.modules["pastry_shop"]


def test_a_seed_repeats_chance_and_another_seed_changes_it():
    async def draw() -> tuple[float, uuid.UUID, int]:
        return random.random(), uuid.uuid4(), Frame().id

    assert run_virtual(draw, seed=1) == run_virtual(draw, seed=1)
    first, second = run_virtual(draw, seed=1), run_virtual(draw, seed=2)
    assert first[0] != second[0]
    assert first[1] != second[1]


def test_seeded_uuids_are_valid_and_differ_from_each_other():
    async def draw() -> list[uuid.UUID]:
        return [uuid.uuid4() for _ in range(100)]

    drawn = run_virtual(draw)
    assert len(set(drawn)) == 100
    assert {each.version for each in drawn} == {4}


def test_the_random_state_of_the_program_goes_on_after_a_run():
    async def main() -> float:
        return random.random()

    random.seed(99)
    expected = random.random()
    random.seed(99)
    run_virtual(main)
    assert random.random() == expected


def test_runs_in_several_threads_take_turns():
    results: list[tuple[float, uuid.UUID]] = []

    async def main() -> tuple[float, uuid.UUID]:
        first = random.random()
        for _ in range(50):
            await asyncio.sleep(1)
        return first + random.random(), uuid.uuid4()

    threads = [threading.Thread(target=lambda: results.append(run_virtual(main))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    assert len(set(results)) == 1
    assert time.time is patched_places()["time"]
