"""From a recorded call to a test, and a path on the command line."""

from __future__ import annotations

import pytest

from flows_analytics.calls.record import CallRecord
from flows_analytics.cli import main
from flows_analytics.testing import calls, hangs_up, says, several, user
from tests.bots import hold_call, hold_pizza_call
from tests.kit.conftest import REPOSITORY

ORDER = "initial > choose_pizza > confirm > end"


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "calls").mkdir()
    hold_pizza_call(call_id="order-1").record.save("calls/order-1.json")
    return tmp_path


def test_a_path_that_was_taken_is_printed(recorded, capsys):
    assert main(["assert-path", "calls/order-1.json", ORDER]) == 0
    assert capsys.readouterr().out == f"{ORDER}\n"


def test_another_path_is_drawn_on_stderr_and_fails(recorded, capsys):
    assert main(["assert-path", "order-1", "initial > choose_sushi"]) == 1
    told = capsys.readouterr().err
    assert "visit 2 is 'choose_pizza', not 'choose_sushi'" in told
    assert "  → choose_pizza" in told


def test_a_path_with_a_gap_is_refused(recorded, capsys):
    assert main(["assert-path", "order-1", "initial > > end"]) == 1
    assert "a node is missing" in capsys.readouterr().err


def test_a_recorded_call_becomes_a_test_that_passes(project, monkeypatch, capsys):
    from bot import end, pizza, start

    record = hold_call(
        start(),
        [
            says("Hello!"),
            user("A pizza, and write to ada@example.org"),
            calls("choose_pizza"),
            user("How much?"),
            several(calls("check_price", size="large"), calls("check_price", size="small")),
            user("Huge?"),
            calls("check_price", size="huge"),
            user("Large"),
            calls("order_pizza", size="large", kind="call 212 555 0142"),
        ],
        call_id="Order 7!",
    ).record
    assert record.path == (start()["name"], pizza()["name"], end()["name"])
    record.save(project.path / "order-7.json")
    monkeypatch.chdir(project.path)

    assert main(["to-test", "order-7.json", "-o", ".", "--start", "bot:start"]) == 0
    assert capsys.readouterr().out.split() == ["test_order_7.py", "__snapshots__/test_order_7/test_order_7.txt"]
    written = (project.path / "test_order_7.py").read_text()
    assert 'user("A pizza, and write to <email>"),' in written
    assert 'several(calls("check_price", size="large"), calls("check_price", size="small")),' in written
    assert "555" not in written
    assert "ada@" not in written
    result = project.run()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*1 snapshot passed*"])

    assert main(["to-test", "order-7.json", "-o", ".", "--start", "bot:start"]) == 1
    assert "is there already" in capsys.readouterr().err


def test_a_call_that_was_hung_up_or_cancelled_becomes_a_test_that_passes(project, monkeypatch, capsys):
    from bot import start

    steps = [user("A pizza"), calls("choose_pizza"), user("Hm"), hangs_up()]
    record = hold_call(start(), steps, call_id="gone").record
    assert record.exit_kind == "cancelled"
    record.save(project.path / "gone.json")
    monkeypatch.chdir(project.path)

    assert main(["to-test", "gone.json", "-o", "."]) == 0
    assert "write it in conftest.py" in capsys.readouterr().err
    (project.path / "conftest.py").write_text(
        "import bot, pytest\n@pytest.fixture\ndef flow_start():\n    return bot.start()\n"
    )
    project.run().assert_outcomes(passed=1)


def test_a_call_without_a_path_and_a_start_that_is_none_are_refused(recorded, capsys):
    assert main(["to-test", "order-1", "--start", "bot.start"]) == 1
    assert "--start is MODULE:FUNCTION" in capsys.readouterr().err
    record = CallRecord.load(REPOSITORY / "tests" / "calls" / "records" / "version-1.json")
    record.model_copy(update={"events": ()}).save("calls/empty.json")
    assert main(["to-test", "empty"]) == 1
    assert "never entered a node" in capsys.readouterr().err
