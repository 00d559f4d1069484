"""``flows-analytics deliver`` without a network: what it says, and its exit codes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from flows_analytics import CallRecord, HTTPSink
from flows_analytics.cli import main
from flows_analytics.delivery.outbox import Outbox

SINKS = """
from flows_analytics.delivery.upload import UploadError

class Own:
    name = "own"

    def __init__(self, refuses=False):
        self.refuses = refuses

    async def upload(self, upload):
        if self.refuses:
            raise UploadError("refused", "HTTP 422", retry=False, answer="SECRET")
        print("took", upload.record.call_id)

    async def close(self):
        pass

class Elsewhere:
    async def deliver(self, record): ...
    async def close(self): ...

own = Own()
several = [Elsewhere(), Own()]
refusing = Own(refuses=True)
nothing = [Elsewhere()]

def make():
    return several
"""


class Named:
    def __init__(self, name, target=None):
        self.name = name
        if target is not None:
            self.target = target


@pytest.fixture
def calls(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FLOWS_ANALYTICS_HTTP_TOKEN", raising=False)
    (tmp_path / "bot_sinks.py").write_text(SINKS)
    (tmp_path / "calls").mkdir()
    return tmp_path / "calls"


def leave(calls, sink, call_id="order-1"):
    record = CallRecord(call_id=call_id, started_at=datetime(2026, 1, 1, tzinfo=UTC))

    async def put():
        held, _ = await Outbox(calls).put(record, sink, file=record.save(calls / f"{call_id}.json"))
        held.release()

    asyncio.run(put())


def test_an_empty_directory_has_nothing_to_send(calls, capsys):
    assert main(["deliver", "calls"]) == 0
    assert capsys.readouterr().out == "Nothing to send.\n"
    assert list(calls.iterdir()) == []


def test_a_directory_that_is_not_there_is_named(calls, capsys):
    assert main(["deliver", "cals"]) == 1
    assert "cals is not there" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["bot_sinks:own", "bot_sinks:several", "bot_sinks:make", "bot_sinks.py:make"])
def test_sinks_come_from_the_users_code(calls, capsys, place):
    leave(calls, Named("own"))

    assert main(["deliver", "calls", "--sinks", place]) == 0
    assert capsys.readouterr().out == "took order-1\nsent 1, left 0, put aside 0\n"


@pytest.mark.parametrize(
    "place", ["bot_sinks", "bot_sinks:", "nowhere:own", "nowhere.py:own", "bot_sinks:none", "bot_sinks:nothing"]
)
def test_sinks_that_are_not_there_are_named(calls, capsys, place):
    assert main(["deliver", "calls", "--sinks", place]) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: --sinks ")
    assert "Traceback" not in told


def test_what_is_refused_is_told_without_what_the_receiver_said(calls, capsys):
    leave(calls, Named("own"))

    assert main(["deliver", "calls", "--sinks", "bot_sinks:refusing"]) == 1
    told = capsys.readouterr()
    assert told.out == "sent 0, left 0, put aside 1\n"
    assert "refused: order-1: HTTP 422" in told.err
    assert "--retry-failed" in told.err
    assert "SECRET" not in told.out + told.err

    assert main(["deliver", "calls", "--sinks", "bot_sinks:own", "--retry-failed"]) == 0
    assert "1 call put back" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("sink", "told"),
    [
        (Named("own"), "1 call for own: the outbox does not say how to reach it: use --sinks"),
        (Named("own", {"sink": "os.system", "url": "x"}), "the outbox does not say how to reach it: use --sinks"),
        (HTTPSink("http://127.0.0.1:9/", token="TOKEN"), "its token is not set: set FLOWS_ANALYTICS_HTTP_TOKEN"),
        (HTTPSink("http://127.0.0.1:9/?key=KEY"), "the outbox does not hold its URL"),
        (
            HTTPSink("http://127.0.0.1:9/", headers={"X-Key": "KEY"}),
            "does not hold its headers (X-Key): use --sinks",
        ),
        (HTTPSink("http://127.0.0.1:9/", schema=repr), "does not hold its schema function: use --sinks"),
    ],
)
def test_what_the_outbox_cannot_tell_is_asked_for(calls, capsys, sink, told):
    leave(calls, sink)

    assert main(["deliver", "calls"]) == 1
    shown = capsys.readouterr()
    assert told in shown.err
    assert shown.out == "sent 0, left 1, put aside 0\n"


def test_one_token_is_never_sent_to_two_receivers(calls, capsys, monkeypatch):
    monkeypatch.setenv("FLOWS_ANALYTICS_HTTP_TOKEN", "TOKEN")
    leave(calls, HTTPSink("http://127.0.0.1:9/a", token="one"), "order-1")
    leave(calls, HTTPSink("http://127.0.0.1:9/b", token="two"), "order-2")

    assert main(["deliver", "calls"]) == 1
    assert "several URLs that need a token" in capsys.readouterr().err
    assert [entry.attempts for entry in Outbox(calls).entries()] == [1, 1]


def test_a_receiver_that_is_away_keeps_its_calls_waiting(calls, capsys):
    leave(calls, HTTPSink("http://127.0.0.1:9/"))

    assert main(["deliver", "calls"]) == 1
    shown = capsys.readouterr()
    assert "not sent: order-1: http://127.0.0.1:9: ClientConnectorError" in shown.err
    assert shown.out == "sent 0, left 1, put aside 0\n"
