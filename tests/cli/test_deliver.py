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

class Made(Own):
    pass

class Named(Own):
    name = "own"

def broken():
    raise ValueError("SECRET")

def lazy():
    yield Own()
    raise ValueError("SECRET")

def wrong():
    return 5

def leaves():
    raise SystemExit("SECRET")

async def later():
    return several

text = "hello"

def bad_sink():
    from flows_analytics import HTTPSink
    return HTTPSink("https://u:SECRET@example.test")
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


def leave(calls, sink, call_id="order-1", file=None):
    record = CallRecord(call_id=call_id, started_at=datetime(2026, 1, 1, tzinfo=UTC))

    async def put():
        held, _ = await Outbox(calls).put(record, sink, file=record.save(calls / f"{file or call_id}.json"))
        held.release()

    asyncio.run(put())


def test_an_empty_directory_has_nothing_to_send(calls, capsys):
    assert main(["deliver", "calls"]) == 0
    assert capsys.readouterr().out == "Nothing to send.\n"
    assert list(calls.iterdir()) == []


def test_entries_that_cannot_be_read_are_named_and_are_not_nothing(calls, capsys):
    # As root reads whatever its mode, a directory stands for a file that cannot be read.
    (calls / "outbox" / "order-1@own.ref").mkdir(parents=True)

    assert main(["deliver", "calls"]) == 1
    told = capsys.readouterr()
    assert told.out == "sent 0, left 0, put aside 0\n"
    assert "cannot be read: order-1@own.ref" in told.err


def test_calls_that_were_not_recovered_are_told_of(calls, capsys):
    (calls / "journal").mkdir()
    (calls / "journal" / "order-1.jsonl").write_text("")

    assert main(["deliver", "calls"]) == 0
    assert "1 call under way or of killed processes: see flows-analytics recover." in capsys.readouterr().err


def test_a_directory_that_is_not_there_is_named(calls, capsys):
    assert main(["deliver", "cals"]) == 1
    assert "cals is not there" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["bot_sinks:own", "bot_sinks:several", "bot_sinks:make", "bot_sinks.py:make"])
def test_sinks_come_from_the_users_code(calls, capsys, place):
    leave(calls, Named("own"))

    assert main(["deliver", "calls", "--sinks", place]) == 0
    assert capsys.readouterr().out == "took order-1\nsent 1, left 0, put aside 0\n"


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("", "--sinks '': give a module or a file, a colon and a name in it"),
        (":own", "give a module or a file"),
        ("bot_sinks:broken", "the code raises ValueError at bot_sinks.py:"),
        ("bot_sinks:lazy", "the code raises ValueError at bot_sinks.py:"),
        ("bot_sinks:leaves", "the code raises SystemExit at bot_sinks.py:"),
        ("bot_sinks:bad_sink", "the URL of an HTTPSink holds a user or password"),
        ("bot_sinks:wrong", "wrong is no sink that sends calls, nor has one"),
        ("bot_sinks:text", "text is no sink"),
        ("bot_sinks:Made", "Made is a class: name a sink, or a function that makes one"),
        ("bot_sinks:Named", "Named is a class"),
        ("bot_sinks:later", "later is an async function: name one that is not"),
        ("raises:own", "the code raises RuntimeError at raises.py:1"),
        ("raises.py:own", "the code raises RuntimeError at raises.py:1"),
        ("lacking:own", "there is no module no_such_module"),
        ("no_key.py:own", "the code raises KeyError at no_key.py:2"),
        ("syntax:own", "the code raises SyntaxError at syntax.py:2"),
        ("syntax.py:own", "the code raises SyntaxError at syntax.py:2"),
        ("nowhere.py:own", "there is no file nowhere.py"),
        ("nowhere:own", "there is no module nowhere"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_code_that_cannot_give_sinks_is_told_of_in_one_line_without_quoting_it(calls, capsys, place, told):
    (calls.parent / "raises.py").write_text("raise RuntimeError('SECRET')")
    (calls.parent / "lacking.py").write_text("import no_such_module")
    (calls.parent / "no_key.py").write_text("import os\nos.environ['SECRET']")
    (calls.parent / "syntax.py").write_text("a = 1\nkey = 'SECRET")

    assert main(["deliver", "calls", "--sinks", place]) == 1
    shown = capsys.readouterr()
    assert told in shown.err
    assert shown.err.startswith("error: --sinks ")
    assert shown.err.count("\n") == 1
    assert "SECRET" not in shown.out + shown.err


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


def test_nothing_in_a_call_id_drives_the_terminal(calls, capsys):
    leave(calls, Named("own"), "\x1b]0;pwned\x07 :x: [red]a[/red]\r\nsent 9", file="order-1")
    (calls.parent / "bot_sinks.py").write_text(SINKS.replace('print("took", upload.record.call_id)', "pass"))

    assert main(["deliver", "calls", "--sinks", "bot_sinks.py:refusing"]) == 1
    told = capsys.readouterr()
    assert "refused: ␛]0;pwned␇ :x: [red]a[/red] sent 9: HTTP 422\n" in told.err
    assert not set(told.out + told.err) & set("\x1b\x07\r")


def test_nothing_in_a_name_drives_the_terminal(calls, capsys):
    leave(calls, Named("own :smile: [b]\x9b2J"))

    assert main(["deliver", "calls"]) == 1
    assert "1 call for own :smile: [b]⟨U+009B⟩2J: the outbox does not say" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["show", "report"])
def test_nothing_in_a_word_of_the_command_drives_the_terminal(calls, capsys, command):
    assert main([command, "\x1b[2J:x:"]) == 1
    told = capsys.readouterr().err
    assert "[2J:x:" in told
    assert "\x1b" not in told


@pytest.mark.parametrize(
    ("sink", "told"),
    [
        (Named("own"), "1 call for own: the outbox does not say how to reach it: use --sinks"),
        (Named("own", {"sink": "os.system", "url": "x"}), "the outbox does not say how to reach it: use --sinks"),
        (HTTPSink("http://127.0.0.1:9/", token="TOKEN"), "its token is not set: set FLOWS_ANALYTICS_HTTP_TOKEN"),
        (HTTPSink("http://127.0.0.1:9/?key=KEY"), "the outbox does not hold its URL"),
        (HTTPSink("http://127.0.0.1:9/KEY", secret_url=True), "the outbox does not hold its URL"),
        (
            Named("own", {"sink": "HTTPSink", "url": "http://x", "schema": "record", "timeout_secs": "soon"}),
            "what the outbox holds makes no HTTPSink: use --sinks",
        ),
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
