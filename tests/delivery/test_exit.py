"""A process whose sinks hang ends when their deadline is over."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Nothing here ever comes back: a process that waits for it ends by the timeout of the test.
PROCESS = """
import asyncio, socket, sys, threading
from datetime import UTC, datetime
from flows_analytics import CallRecord, HTTPSink, JSONFileSink
from flows_analytics.delivery.outbox import Outbox
from flows_analytics.delivery.roark_sink import RoarkSink
from flows_analytics.delivery.sink import deliver

def hang(*given, **options):
    threading.Event().wait()

how, directory = sys.argv[1:]
socket.getaddrinfo = hang
url = "http://127.0.0.1:9/" if how == "schema" else "http://nowhere.test/"
sink = {
    "dns": lambda: HTTPSink(url),
    "roark": lambda: RoarkSink("key", agent_id="a", base_url=url),
    "schema": lambda: HTTPSink(url, schema=hang),
}[how]()

async def main():
    record = CallRecord(call_id="order-1", started_at=datetime(2026, 1, 1, tzinfo=UTC))
    sinks = [JSONFileSink(directory), sink]
    outcomes = await deliver(
        record, sinks, timeout_secs=30, outbox=Outbox(directory), upload_deadline_secs=0.2
    )
    print(outcomes[1].left, flush=True)

asyncio.run(main())
print(len(Outbox(directory).entries()), "left")
"""


@pytest.mark.parametrize("how", ["dns", "roark", "schema"])
def test_a_process_ends_whatever_hangs_when_the_deadline_is_over(how, tmp_path):
    words = [sys.executable, "-c", PROCESS, how, str(tmp_path)]
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout) == (0, "it took too long\n1 left\n"), done.stderr
