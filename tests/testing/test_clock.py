import asyncio
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows_analytics.testing import EPOCH, Deadlock, VirtualLoop, VirtualTimeLimit, run_virtual


def test_the_clock_jumps_to_the_next_timer():
    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        times: list[float] = []

        async def wake_after(secs: float) -> None:
            await asyncio.sleep(secs)
            times.append(loop.time() - began)

        await asyncio.gather(*(wake_after(secs) for secs in (3000.0, 0.25, 60.5)))
        return times

    assert run_virtual(main) == pytest.approx([0.25, 60.5, 3000.0])


def test_a_timer_too_short_for_a_nanosecond_still_ends():
    async def main() -> float:
        for _ in range(1000):
            await asyncio.sleep(1e-12)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        return loop.elapsed

    assert 0 < run_virtual(main) < 1e-5


def test_monotonic_time_does_not_start_at_zero():
    async def main() -> float:
        return asyncio.get_running_loop().time()

    assert run_virtual(main) == 1000.0


def test_waiting_for_what_never_comes_is_a_deadlock_that_names_the_place():
    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Deadlock, match=r"(?s)nothing is scheduled.*Task-\d+ at .*test_clock\.py:\d+"):
        run_virtual(main)


def test_a_deadlock_cancels_the_tasks_that_wait():
    ended: list[str] = []

    async def main() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(5)
            ended.append("main")

    with pytest.raises(Deadlock):
        run_virtual(main)
    assert ended == ["main"]


def test_a_run_past_its_limit_is_given_up():
    async def main() -> None:
        for _ in range(100):
            await asyncio.sleep(10)

    with pytest.raises(VirtualTimeLimit, match="did not end within 95 virtual seconds"):
        run_virtual(main, max_virtual_secs=95)


def test_a_task_that_refuses_to_be_cancelled_does_not_hide_the_result():
    async def stubborn() -> None:
        while True:
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                continue

    async def main() -> str:
        task = asyncio.create_task(stubborn())
        await asyncio.sleep(2)
        assert not task.done()
        return "done"

    assert run_virtual(main) == "done"


def test_what_main_leaves_behind_is_cancelled():
    ended: list[str] = []

    async def endless() -> None:
        try:
            await asyncio.sleep(1e6)
        finally:
            ended.append("endless")

    tasks: list[asyncio.Task[None]] = []

    async def main() -> None:
        tasks.append(asyncio.create_task(endless()))
        await asyncio.sleep(0)

    run_virtual(main)
    assert ended == ["endless"]
    assert tasks[0].cancelled()


def test_an_exception_of_main_comes_out_as_it_is():
    async def main() -> None:
        raise KeyError("pizza")

    with pytest.raises(KeyError, match="pizza"):
        run_virtual(main)


def test_executors_run_in_place_and_keep_exceptions():
    async def main() -> str:
        loop = asyncio.get_running_loop()
        assert await loop.run_in_executor(None, threading.get_ident) == threading.get_ident()
        assert await asyncio.to_thread(max, 1, 2) == 2
        with pytest.raises(ZeroDivisionError):
            await loop.run_in_executor(None, lambda: 1 / 0)
        return "done"

    assert run_virtual(main) == "done"


def test_sockets_on_loopback_work_and_take_no_virtual_time():
    async def main() -> tuple[bytes, float]:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write((await reader.readline()).upper())
            await asyncio.sleep(0.5)
            writer.close()

        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        began = asyncio.get_running_loop().time()
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"hello\n")
        answer = await reader.read()
        took = asyncio.get_running_loop().time() - began
        writer.close()
        server.close()
        return answer, took

    answer, took = run_virtual(main)
    assert answer == b"HELLO\n"
    assert took == pytest.approx(0.5)


def test_run_virtual_refuses_to_run_inside_a_loop():
    async def nothing() -> None: ...

    async def main() -> None:
        run_virtual(nothing)

    with pytest.raises(RuntimeError, match="cannot be called while another one is running"):
        run_virtual(main)
    with pytest.raises(RuntimeError, match="cannot be called while another one is running"):
        asyncio.run(main())


def test_the_epoch_is_an_aware_datetime_or_seconds():
    async def main() -> int:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        return loop.wall_ns()

    assert run_virtual(main) == EPOCH * 1e9
    assert run_virtual(main, epoch=12.5) == 12_500_000_000
    assert run_virtual(main, epoch=datetime(2026, 1, 1, tzinfo=UTC)) == 1_767_225_600 * 10**9
    with pytest.raises(ValueError, match="time zone"):
        run_virtual(main, epoch=datetime(2026, 1, 1))


def test_the_clock_can_be_read_without_pipecat():
    code = (
        "import sys, importlib.util as u;"
        "s = u.spec_from_file_location('clock', sys.argv[1]);"
        "m = u.module_from_spec(s); s.loader.exec_module(m);"
        "assert not [name for name in sys.modules if name.startswith('pipecat')]"
    )
    clock = Path(sys.modules[VirtualLoop.__module__].__file__ or "")
    subprocess.run([sys.executable, "-c", code, os.fspath(clock)], check=True, timeout=300)
