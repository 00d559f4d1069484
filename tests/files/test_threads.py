"""Work that may be abandoned."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest

from flows_analytics.files.threads import in_daemon_thread

HANGS = """
import asyncio, threading
from flows_analytics.files.threads import in_daemon_thread

async def main():
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hang():
        loop.call_soon_threadsafe(begun.set)
        threading.Event().wait()

    waiting = asyncio.ensure_future(in_daemon_thread(hang))
    await begun.wait()

asyncio.run(main())
print("out")
"""


def test_what_work_returns_or_raises_comes_back():
    def fail():
        raise LookupError("x")

    assert asyncio.run(in_daemon_thread(lambda: 7)) == 7
    with pytest.raises(LookupError):
        asyncio.run(in_daemon_thread(fail))


def test_work_that_hangs_holds_up_neither_the_loop_nor_the_exit():
    done = subprocess.run([sys.executable, "-c", HANGS], check=False, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout, done.stderr) == (0, "out\n", "")


def test_work_that_ends_after_it_was_given_up_disturbs_nobody(caplog, monkeypatch):
    release = threading.Event()
    raised = []
    monkeypatch.setattr(threading, "excepthook", raised.append)
    workers = []

    async def main():
        begun, loop = asyncio.Event(), asyncio.get_running_loop()

        def work():
            workers.append(threading.current_thread())
            loop.call_soon_threadsafe(begun.set)
            release.wait(30)

        waiting = asyncio.ensure_future(in_daemon_thread(work))
        await begun.wait()
        waiting.cancel()
        await asyncio.wait([waiting])
        return waiting.cancelled()

    assert asyncio.run(main())
    release.set()
    workers[0].join(30)
    assert not workers[0].is_alive()
    assert (raised, caplog.records) == ([], [])
