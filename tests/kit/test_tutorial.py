"""docs/testing.md: every file in it is written down and run, in an empty folder."""

from __future__ import annotations

import re
import shlex

import pytest

from flows_analytics.cli import main
from tests.bots import hold_pizza_call
from tests.kit.conftest import REPOSITORY
from tests.testing.flows_line import flows

PAGE = (REPOSITORY / "docs" / "testing.md").read_text()
FILES = dict(re.findall(r"```(?:python|text|yaml) (\S+)\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture
def tutorial(project):
    (project.path / "bot.py").unlink()
    for name, source in FILES.items():
        path = project.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source.replace("from pipecat.flows import", f"from {flows.__name__} import"))
    return project


def test_every_file_of_the_tutorial_runs_and_gives_the_snapshots_shown(tutorial):
    result = tutorial.run()
    outcomes = result.parseoutcomes()
    assert outcomes["passed"] == sum(source.count("async def test_") for source in FILES.values())
    assert "failed" not in outcomes
    shown = sum(name.startswith("__snapshots__") for name in FILES)
    result.stdout.fnmatch_lines([f"*{shown} snapshots passed*"])


def test_every_block_of_code_is_a_file_or_a_command():
    kinds = re.findall(r"^```(\w+)(.*)$", PAGE, re.MULTILINE)
    assert {kind for kind, _ in kinds} == {"python", "text", "yaml", "sh"}
    assert all(name.strip() for kind, name in kinds if kind != "sh")


def test_the_commands_of_the_tutorial_do_what_it_says(tutorial, monkeypatch, capsys):
    commands = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
    runs = [shlex.split(command)[1:] for command in commands if command.startswith("pytest ")]
    monkeypatch.chdir(tutorial.path)
    update, coverage = runs
    assert "failed" not in tutorial.run(*update).parseoutcomes()
    result = tutorial.run(*coverage)
    assert result.ret == 0
    assert (tutorial.path / "flow-coverage.html").is_file()

    (tutorial.path / "calls").mkdir()
    hold_pizza_call(call_id="order-1").record.save("calls/order-1.json")
    # The last one is of a call that `pipecat eval` held; see test_eval.py.
    to_test, assert_path, _ = [shlex.split(command)[1:] for command in commands if command.startswith("flows-")]
    assert main(to_test) == 0
    assert "tests/test_order_1.py" in capsys.readouterr().out
    assert main(assert_path) == 1  # another bot's call
    assert "visit 2 is 'choose_pizza', not 'pizza'" in capsys.readouterr().err


def test_every_step_and_option_is_in_the_tutorial():
    for name in ("says", "calls", "several", "fails", "slow", "user", "silence", "interrupts", "dtmf", "hangs_up"):
        assert f"`{name}(" in PAGE
    for option in ("--flow-cov=", "--flow-cov-report=", "--flow-cov-fail-under="):
        assert option in PAGE
