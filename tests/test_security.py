"""What docs/security.md promises: who can read the files, what leaves, and that no key is anywhere."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import traceback
from pathlib import Path

import pytest
from loguru import logger

from flows_analytics import FlowsObserver, HTMLReportSink, HTTPSink, JSONFileSink
from flows_analytics.delivery.http_client import HTTPClient
from flows_analytics.delivery.outbox import Outbox
from flows_analytics.delivery.roark_sink import RoarkSink
from flows_analytics.delivery.sink import deliver
from flows_analytics.delivery.tuner_sink import TunerSink
from flows_analytics.delivery.upload import Upload, UploadError
from flows_analytics.files.atomic import write_new
from flows_analytics.files.layout import FAILED_DIRECTORY, JOURNAL_DIRECTORY, OUTBOX_DIRECTORY
from flows_analytics.recording.wav import WavWriter
from tests.bots import hold_pizza_call
from tests.delivery.receiver import receiver
from tests.retention.kept import leave_journal, names

PAGE = (Path(__file__).parents[1] / "docs" / "security.md").read_text()
KEY = "sk-planted-4f9c2d-key"
HEADER = "planted-header-71b3"
QUERY = "planted-query-8e1a"


class Refusing:
    """An UploadSink that never takes a call."""

    def __init__(self, name, *, retry):
        self.name, self._retry = name, retry

    async def upload(self, upload):
        raise UploadError("refused", "HTTP 400", retry=self._retry)

    async def close(self):
        pass


@pytest.fixture
def open_umask():
    before = os.umask(0)
    yield
    os.umask(before)


def test_only_the_owner_reads_what_is_kept_whatever_the_umask(tmp_path, open_umask):
    calls, reports = tmp_path / "new" / "calls", tmp_path / "reports"
    later, never = Refusing("later", retry=True), Refusing("never", retry=False)
    live = leave_journal(calls, "live", 0, live=True)
    leave_journal(calls, "dead", 0)
    sinks = [JSONFileSink(calls), HTMLReportSink(reports), later, never]
    hold_pizza_call(call_id="one", sinks=sinks, upload_deadline_secs=5)
    hold_pizza_call(call_id="two", sinks=[later], outbox=calls, upload_deadline_secs=5)
    sound = WavWriter(calls, "one", sample_rate=8000)
    sound.append(bytes(400))
    sound.close()
    write_new(tmp_path / "others" / "below", "x", ".json", b"{}")

    modes = {path: path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")}
    kinds = {path.suffix for path in modes if path.is_file()}
    assert kinds == {".json", ".html", ".wav", ".jsonl", ".lock", ".ref"}
    for folder in (JOURNAL_DIRECTORY, OUTBOX_DIRECTORY, FAILED_DIRECTORY):
        assert names(calls / folder)
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}
    assert {path: oct(mode) for path, mode in modes.items() if path.is_dir() and mode != 0o700} == {}
    live.end(kept=True, timeout_secs=10)


def test_a_directory_that_was_there_keeps_its_mode(tmp_path):
    calls = tmp_path / "calls"
    calls.mkdir(mode=0o750)
    calls.chmod(0o750)
    hold_pizza_call(sinks=[JSONFileSink(calls)])

    assert calls.stat().st_mode & 0o777 == 0o750


async def _answer(request):
    """Say what was sent, secrets included, as some servers do; answer 503, then 400."""
    from aiohttp import web

    told = f"{dict(request.headers)} {request.raw_path}"
    return web.Response(status=503 if "retry" in request.path else 400, text=told)


def _sinks(url):
    return [
        HTTPSink(f"{url}/retry?key={QUERY}", token=KEY, headers={"X-Own": HEADER}, name="http-retry"),
        HTTPSink(f"{url}/refused", token=KEY, headers={"X-Own": HEADER}, name="http-refused"),
        TunerSink(KEY, workspace_id=7, agent_id="pizza", base_url=f"{url}/retry"),
        RoarkSink(KEY, agent_id="pizza", base_url=f"{url}/refused"),
    ]


def test_no_key_is_in_any_file_log_repr_or_exception(tmp_path, capfd):
    logged: list[str] = []
    # As talkative as loguru gets: tracebacks with the values of variables.
    logger.add(logged.append, level=0, backtrace=True, diagnose=True, serialize=True)
    record = hold_pizza_call(call_id="order-1").record
    shown: list[str] = []

    async def send():
        async with receiver(*[_answer] * 200) as taking:
            sinks = _sinks(taking.url)
            outbox = Outbox(tmp_path, say=logger.warning)
            file = JSONFileSink(tmp_path)
            shown.append(
                repr(await deliver(record, [file, *sinks], timeout_secs=10, outbox=outbox, upload_deadline_secs=2))
            )
            await outbox.send_waiting(sinks, early=True)
            for sink in sinks:
                shown.extend([repr(sink), str(sink), repr(getattr(sink, "target", None)), sink.name])
                try:
                    await sink.upload(Upload(record, "key"))
                except UploadError as error:
                    logger.opt(exception=error).warning("not sent")
                    lines = traceback.TracebackException.from_exception(error, capture_locals=True).format()
                    shown.extend([repr(error), error.message, *lines])
                    # What the server said is for the entry's file, without the keys it repeats.
                    shown.append(error.answer)
                await sink.close()
            assert any(KEY in str(request.headers) for request in taking.requests)
            assert any(HEADER in str(request.headers) for request in taking.requests)
            assert any(QUERY in request.raw_path for request in taking.requests)

    asyncio.run(send())
    waiting, failed = Outbox(tmp_path).entries(), Outbox(tmp_path).failures()
    assert len(waiting) == 2
    assert len(failed) == 2
    assert any(entry.failure.answer for entry in [*waiting, *failed])
    files = [path.read_bytes().decode("utf-8", "replace") for path in tmp_path.rglob("*") if path.is_file()]
    told = capfd.readouterr()
    everything = "\n".join([*files, *logged, *shown, told.out, told.err])
    assert "order-1" in everything
    for secret in (KEY, HEADER, QUERY):
        assert secret not in everything


def test_the_headers_in_the_docs_are_those_that_are_sent(tmp_path):
    record = hold_pizza_call(call_id="order-1").record
    sent: dict[str, set[str]] = {}

    async def send():
        async with receiver() as taking:
            for sink in (
                HTTPSink(taking.url, token=KEY),
                TunerSink(KEY, workspace_id=7, agent_id="pizza", base_url=taking.url),
                RoarkSink(KEY, agent_id="pizza", base_url=taking.url),
            ):
                taking.requests.clear()
                await sink.upload(Upload(record, "key"))
                await sink.close()
                sent[type(sink).__name__] = {name for request in taking.requests for name in request.headers}

    asyncio.run(send())
    leaving = PAGE.partition("## What leaves the machine")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| .+? \| (.+?) \|$", leaving, re.MULTILINE)
    (always,) = re.findall(r"Every request also has (.+?),\s+as", leaving, re.DOTALL)
    common = {name.lower() for name in re.findall(r"`([\w-]+)`", always)}
    told = {sink: {name.lower() for name in re.findall(r"`([\w-]+)`", names)} | common for sink, names in rows}
    assert told == {sink: {name.lower() for name in names} for sink, names in sent.items()}


def test_without_a_sink_that_sends_nothing_leaves_the_machine(tmp_path, monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(HTTPClient, "send", refuse)
    hold_pizza_call(call_id="order-1", sinks=[JSONFileSink(tmp_path), HTMLReportSink(tmp_path)])

    assert names(tmp_path) == ["order-1.html", "order-1.json"]


def test_what_the_docs_say_is_written_where_is_all_that_is_written(tmp_path):
    stored = PAGE.partition("## What is stored where")[2].partition("\n## ")[0]
    told = set(re.findall(r"^\| `([^`]+)`", stored, re.MULTILINE))
    assert told == {
        "<id>.json",
        "<id>.wav",
        "<id>.html",
        "journal/<id>.jsonl",
        "journal/<id>.unreadable",
        "outbox/<id>@<sink>.ref",
        "outbox/<id>@<sink>.json",
        "failed/<id>@<sink>.ref",
        "failed/<id>@<sink>.ref.torn",
        "tables/",
        "*.lock",
        ".<16 digits>.tmp",
    }


def test_every_switch_in_the_docs_is_one():
    import inspect

    switches = PAGE.partition("## Turning things off")[2].partition("\n## ")[0]
    named = re.findall(r"^\| .+? \| `(\w+)=", switches, re.MULTILINE)
    assert len(named) >= 8
    assert set(named) <= set(inspect.signature(FlowsObserver).parameters)
