"""The commands, as their user types them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from flows_analytics import CallRecord
from flows_analytics.calls.sound import Recording
from flows_analytics.cli import main
from tests.bots import PIZZA_PATH, hold_pizza_call

HOSTILE = "[red]</script>\x1b[31m\x1b]0;pwned\x07"


LIGHT = (
    "--help",
    "demo --help",
    "show --help",
    "report --help",
    "recover --help",
    "to-test --help",
    "assert-path --help",
    "--version",
)


@pytest.fixture(scope="module")
def held():
    return hold_pizza_call(call_id="order-1", agent_name=HOSTILE).record


@pytest.fixture
def calls(tmp_path, monkeypatch, held):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "calls").mkdir()
    held.save("calls/order-1.json")
    return tmp_path / "calls"


@pytest.fixture(scope="module")
def light():
    """What commands that should be light say and load, one after the other in a process of their own."""
    code = (
        "import contextlib, io, json, sys\n"
        "from flows_analytics.cli import main\n"
        "for words in sys.argv[1:]:\n"
        "    with contextlib.redirect_stdout(io.StringIO()) as said:\n"
        "        code = main(words.split())\n"
        "    heavy = sorted({'pipecat', 'jinja2'} & set(sys.modules))\n"
        "    print(json.dumps([words, [code, bool(said.getvalue()), heavy]]))\n"
    )
    command = [sys.executable, "-c", code, *LIGHT]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return dict(map(json.loads, done.stdout.splitlines()))


@pytest.mark.parametrize("words", LIGHT)
def test_help_and_version_load_no_pipecat(light, words):
    assert light[words] == [0, True, []]


@pytest.mark.parametrize("call", ["order-1", "calls/order-1", "calls/order-1.json"])
def test_show_prints_the_path_and_what_was_said(calls, capsys, call):
    assert main(["show", call]) == 0

    shown = capsys.readouterr().out
    assert "Large pepperoni" in shown
    for node in PIZZA_PATH:
        assert node in shown


def test_show_prints_the_whole_record_as_json_for_other_programs(calls, capsys):
    assert main(["show", "order-1", "--format", "json"]) == 0

    shown = capsys.readouterr().out
    assert CallRecord.from_json(shown).path == tuple(PIZZA_PATH)
    assert "\x1b" not in shown


def test_show_prints_the_flow_as_a_diagram(calls, capsys):
    assert main(["show", "order-1", "--format", "mermaid"]) == 0

    shown = capsys.readouterr().out
    assert shown.startswith("flowchart TD\n")
    assert "==>" in shown


def test_an_unknown_format_is_refused_with_the_known_ones(calls, capsys):
    assert main(["show", "order-1", "--format", "xml"]) == 2

    assert "mermaid" in capsys.readouterr().err


def test_show_lets_no_recorded_text_drive_the_terminal(calls, capsys):
    assert main(["show", "order-1"]) == 0

    assert "\x1b]0;pwned" not in capsys.readouterr().out


def test_a_call_that_is_not_there_is_named_with_the_places_looked_at(calls, capsys):
    assert main(["show", "order-9"]) == 1

    told = capsys.readouterr().err
    assert "no call 'order-9' in ., calls. Name a file, or an id with --dir" in told


def test_a_torn_record_is_named_without_a_traceback(calls, capsys):
    (calls / "torn.json").write_text('{"call_id": "x", "ev')

    assert main(["show", "calls/torn.json"]) == 1
    told = capsys.readouterr().err
    assert "torn.json: not a call record" in told
    assert "Traceback" not in told


def test_report_writes_a_page_beside_each_record_and_prints_where(calls, capsys):
    assert main(["report", "order-1"]) == 0

    page = calls / "order-1.html"
    assert capsys.readouterr().out.split() == ["calls/order-1.html"]
    assert "Large pepperoni" in page.read_text()
    assert page.stat().st_mode & 0o777 == 0o600


def test_report_takes_a_whole_directory_and_writes_elsewhere(calls, capsys, tmp_path):
    record = CallRecord.load(calls / "order-1.json")
    for number in range(12):
        record.model_copy(update={"call_id": f"c{number}"}).save(calls / f"c{number}.json")

    assert main(["report", "calls", "-o", "pages"]) == 0
    assert len(list((tmp_path / "pages").glob("*.html"))) == 13


def test_report_written_elsewhere_finds_its_way_to_the_recording(calls, tmp_path):
    record = CallRecord.load(calls / "order-1.json")
    record.model_copy(update={"recording": Recording(file="order-1.wav")}).save(calls / "order-1.json")
    (calls / "order-1.wav").write_bytes(b"RIFF")
    assert main(["report", "order-1", "-o", "pages"]) == 0
    assert 'src="./../calls/order-1.wav"' in (tmp_path / "pages" / "order-1.html").read_text(encoding="utf-8")


def test_report_skips_what_it_cannot_read_names_it_and_fails_at_the_end(calls, capsys):
    (calls / "torn.json").write_text("{")

    assert main(["report", "calls"]) == 1
    told = capsys.readouterr()
    assert "skipped: calls/torn.json: not a call record" in told.err
    assert "calls/order-1.html" in told.out


def test_report_keeps_calls_of_the_same_name_apart(calls, capsys, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "order-1.json").write_bytes((calls / "order-1.json").read_bytes())

    for _ in range(2):
        assert main(["report", "order-1", "other/order-1.json", "-o", "pages"]) == 0
    assert sorted(page.name for page in (tmp_path / "pages").iterdir()) == ["order-1.html", "order-1~2.html"]


def test_report_of_an_empty_directory_says_so(calls, capsys, tmp_path):
    (tmp_path / "empty").mkdir()

    assert main(["report", "empty"]) == 1
    assert "empty: no calls there" in capsys.readouterr().err


def test_report_opens_the_page_when_asked(calls, monkeypatch):
    opened = []
    monkeypatch.setattr("typer.launch", opened.append)

    assert main(["report", "order-1", "--open"]) == 0
    assert opened == [str((calls / "order-1.html").resolve())]


def test_words_that_make_no_command_exit_with_2(calls, capsys):
    assert main(["shwo"]) == 2
    assert "shwo" in capsys.readouterr().err


def test_the_demo_holds_calls_and_says_where_they_are(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    assert main(["demo", "--calls", "2", "--processes", "1"]) == 0
    shown = capsys.readouterr().out
    records = sorted((tmp_path / "demo-calls" / "calls").glob("*.json"))
    pages = sorted((tmp_path / "demo-calls" / "reports").glob("*.html"))
    assert len(records) == len(pages) == 2
    assert "2 calls" in shown
    assert "demo-calls/reports" in shown
    for file in records:
        path = json.loads(file.read_text())["summary"]["path"]
        assert tuple(path) == CallRecord.load(file).path
        assert path


def test_the_same_seed_makes_the_same_files(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for out in ("one", "two"):
        assert main(["demo", "--calls", "2", "--seed", "5", "--processes", "1", "--out", out]) == 0

    one, two = (
        {file.name: file.read_bytes() for file in (tmp_path / out).rglob("*.json")} for out in ("one", "two")
    )
    assert one == two


def test_the_demo_never_writes_into_a_directory_that_holds_something(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("precious")
    (tmp_path / "demo-calls").mkdir()

    assert main(["demo", "--calls", "1", "--out", "mine"]) == 1
    assert "mine is not an empty directory" in capsys.readouterr().err
    assert main(["demo", "--calls", "1", "--processes", "1"]) == 0
    assert (tmp_path / "demo-calls-2" / "calls").is_dir()


def test_a_demo_that_cannot_write_fails_at_once(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")

    assert main(["demo", "--calls", "1", "--out", "file/demo"]) == 1
    assert "file/demo" in capsys.readouterr().err


def test_a_demo_call_whose_files_were_not_written_has_failed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "flows_analytics.delivery.json_file.write_new",
        lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")),
    )

    assert main(["demo", "--calls", "1", "--processes", "1"]) == 1
    assert "OSError: No space left" in capsys.readouterr().err


def test_an_interrupted_command_says_so_and_how_far_it_got(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("flows_analytics.demo.hold_calls", interrupted)
    assert main(["demo", "--calls", "2"]) == 130
    assert "Stopped. The first 0 calls are in demo-calls." in capsys.readouterr().err

    monkeypatch.setattr("flows_analytics.cli.app.run_app", interrupted)
    assert main(["show", "x"]) == 130


def test_report_finds_the_calls_of_a_demo_and_names_what_is_missing(calls, capsys, tmp_path):
    (tmp_path / "demo" / "calls").mkdir(parents=True)
    (tmp_path / "demo" / "calls" / "a.json").write_bytes((calls / "order-1.json").read_bytes())

    assert main(["report", "demo", "nope", "-o", "pages"]) == 1
    told = capsys.readouterr()
    assert told.out.split() == ["pages/a.html"]
    assert "skipped: no call 'nope'" in told.err
