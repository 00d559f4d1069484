"""Several processes on one outbox, and processes that die."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta

from flows_analytics import CallRecord, HTTPSink, JSONFileSink
from flows_analytics.delivery.outbox import Outbox
from flows_analytics.delivery.schedule import Schedule
from flows_analytics.delivery.sink import deliver
from tests.delivery.receiver import never, receiver, status

START = datetime(2026, 1, 1, tzinfo=UTC)

# What a bot does at the end of a call, again and again, until it is killed.
BOT = """
import asyncio, itertools, sys
from datetime import UTC, datetime, timedelta
from flows_analytics import CallRecord, HTTPSink, JSONFileSink
from flows_analytics.delivery.outbox import Outbox
from flows_analytics.delivery.sink import deliver

async def main(directory, url):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number in itertools.count():
        record = CallRecord(call_id=f"order-{number}", started_at=start + timedelta(seconds=number))
        print(record.call_id, flush=True)
        sinks = [JSONFileSink(directory), HTTPSink(url)]
        await deliver(record, sinks, timeout_secs=10, outbox=Outbox(directory), upload_deadline_secs=30)

asyncio.run(main(*sys.argv[1:]))
"""


async def leave(directory, sink, number):
    """Leave calls in the outbox."""
    outbox = Outbox(directory)
    for each in range(number):
        record = CallRecord(call_id=f"order-{each}", started_at=START + timedelta(seconds=each))
        file = record.save(directory / f"order-{each}.json")
        held, _ = await outbox.put(record, sink, file=file)
        held.release()


async def run(*words, **options):
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(sys.executable, *words, stdout=pipe, stderr=pipe, **options)


async def ended(process):
    output, errors = await process.communicate()
    return process.returncode, output.decode() + errors.decode()


def test_two_processes_send_each_call_once(tmp_path):
    async def main():
        async with receiver() as taking:
            await leave(tmp_path, HTTPSink(taking.url), 60)
            command = ("-m", "flows_analytics", "deliver", str(tmp_path))
            both = [await run(*command), await run(*command)]
            told = [await ended(process) for process in both]
            return taking, told

    taking, told = asyncio.run(main())
    assert Counter(taking.calls) == Counter(f"order-{number}" for number in range(60))
    # Whoever ends first may see what the other still sends.
    assert 0 in {code for code, _ in told}, told
    assert list((tmp_path / "outbox").glob("*.ref")) == []


def test_a_process_killed_while_it_sends_leaves_the_call_to_the_next_with_the_same_key(tmp_path):
    async def main():
        async with receiver(never) as taking:
            sink = HTTPSink(taking.url)
            await leave(tmp_path, sink, 1)
            process = await run("-m", "flows_analytics", "deliver", str(tmp_path))
            await taking.arrived.wait()
            # Somebody alive has it.
            assert (await Outbox(tmp_path).send_waiting([sink], early=True)).outcomes == []
            process.kill()
            await process.communicate()
            result = await Outbox(tmp_path).send_waiting([sink], early=True)
            return taking, result.count("sent")

    taking, sent = asyncio.run(main())
    assert sent == 1
    assert taking.calls == ["order-0"] * 2
    assert len(set(taking.keys)) == 1


def test_no_call_is_lost_whenever_a_bot_is_killed(tmp_path):
    """The bot is killed with its fifth, tenth, … request; what it had on disk arrives from the next process."""
    rounds = 5

    async def main():
        async with receiver() as taking:
            begun = set()
            for number in range(rounds):
                directory = tmp_path / str(number)
                taking.answers.extend([status(200)] * (3 * number) + [status(500), never])
                taking.arrived.clear()
                seen = len(taking.requests)
                bot = await run("-c", BOT, str(directory), taking.url)
                while len(taking.requests) < seen + 3 * number + 2:
                    await asyncio.wait_for(taking.arrived.wait(), 120)
                    taking.arrived.clear()
                bot.send_signal(signal.SIGKILL)
                output, _ = await bot.communicate()
                on_disk = {path.stem for path in directory.glob("*.json")}
                begun |= {(number, call) for call in output.decode().split() if call in on_disk}
                sink = HTTPSink(taking.url)
                await Outbox(directory).send_waiting([sink], early=True)
                assert Outbox(directory).entries() == []
            return taking, begun

    taking, begun = asyncio.run(main())
    # Each round holds calls of the same ids, so they are told apart by how often each came.
    answered = Counter(call for _, call in begun)
    assert set(taking.calls) == set(answered)
    assert len(begun) == sum(3 * number + 1 for number in range(rounds))


def test_a_directory_is_delivered_beside_a_running_bot(tmp_path):
    async def main():
        async with receiver(status(503), status(503), status(503)) as taking:
            sinks = [JSONFileSink(tmp_path), HTTPSink(taking.url)]
            # No second attempt fits into the deadline, and the first does on any machine.
            outbox = Outbox(tmp_path, schedule=Schedule(first_secs=3600), dice=lambda: 1.0)
            record = CallRecord(call_id="order-0", started_at=START)
            deliveries = await deliver(record, sinks, timeout_secs=10, outbox=outbox, upload_deadline_secs=60)
            process = await run("-m", "flows_analytics", "deliver", str(tmp_path))
            first = await ended(process)
            process = await run("-m", "flows_analytics", "deliver", str(tmp_path))
            await ended(process)
            process = await run("-m", "flows_analytics", "deliver", str(tmp_path))
            return deliveries[1], first, await ended(process), taking

    delivery, (first_code, first), (last_code, last), taking = asyncio.run(main())
    assert delivery.left == f"{taking.url.removesuffix('/calls')}: HTTP 503"
    assert first_code == 1
    assert "sent 0, left 1, put aside 0" in first
    assert "SECRET" not in first
    assert last_code == 0
    assert "sent 1, left 0, put aside 0" in last
    assert len(set(taking.keys)) == 1


def test_watching_goes_on_until_it_is_told_to_stop(tmp_path):
    async def main():
        async with receiver() as taking:
            sink = HTTPSink(taking.url)
            await leave(tmp_path, sink, 2)
            process = await run("-m", "flows_analytics", "deliver", str(tmp_path), "--watch")
            while len(taking.requests) < 2:
                await asyncio.wait_for(taking.arrived.wait(), 120)
                taking.arrived.clear()
            process.send_signal(signal.SIGINT)
            return await ended(process)

    code, told = asyncio.run(main())
    # Ctrl-C may come before the second answer is noted.
    assert code in (0, 1), told
    assert "sent " in told
    assert "Traceback" not in told


def test_a_token_comes_from_the_environment_and_its_absence_says_what_to_do(tmp_path):
    async def main():
        async with receiver() as taking:
            await leave(tmp_path, HTTPSink(taking.url, token="TOKEN"), 1)
            environment = {name: value for name, value in os.environ.items() if "FLOWS_ANALYTICS" not in name}
            command = ("-m", "flows_analytics", "deliver", str(tmp_path))
            without = await ended(await run(*command, env=environment))
            given = {**environment, "FLOWS_ANALYTICS_HTTP_TOKEN": "TOKEN"}
            return without, await ended(await run(*command, env=given)), taking

    (code, told), (given, _), taking = asyncio.run(main())
    assert code == 1
    assert "its token is not set: set FLOWS_ANALYTICS_HTTP_TOKEN, or use --sinks" in told
    assert given == 0
    assert taking.requests[0].headers["Authorization"] == "Bearer TOKEN"
