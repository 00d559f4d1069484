"""On the real clock, in a process of its own: the call is on disk when the process exits."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from flows_analytics import CallRecord

CHILD = """
import asyncio, sys
from flows_analytics import FlowsObserver, HTMLReportSink, JSONFileSink
from flows_analytics.testing import ScriptedBot, calls, hangs_up, says, user
from tests.bots import end_node, edge, node
from tests.testing.flows_line import FlowManager

out, ending = sys.argv[1:]
steps = {
    "end": [says("Hi"), user("x", after=0.1), calls("done"), says("Bye")],
    "cancel": [says("Hi"), user("x", after=0.1), hangs_up(after=0.1)],
}[ending]

async def main():
    observer = FlowsObserver(call_id="real", sinks=[JSONFileSink(out), HTMLReportSink(out)], strict=True)
    bot = ScriptedBot(observers=[observer], flow_manager_class=FlowManager)
    observer.attach_flow_manager(bot.flow_manager)
    await bot.run(node("ask", edge("done", end_node)), steps)

asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("ending", "path", "status"),
    [
        ("end", ("ask", "end"), "completed"),
        ("cancel", ("ask",), "cancelled"),
    ],
)
def test_a_call_is_on_disk_when_its_process_exits(ending, path, status, tmp_path):
    subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path), ending],
        check=True,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        timeout=300,
    )

    assert sorted(file.name for file in tmp_path.iterdir()) == ["real.html", "real.json"]
    record = CallRecord.load(tmp_path / "real.json")
    assert (record.path, record.status) == (path, status)
    assert record.health.ok
    assert 500 < record.duration_ms < 20_000
