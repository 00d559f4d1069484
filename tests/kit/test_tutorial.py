"""docs/testing.md: every file in it is written down and run, in an empty folder."""

from __future__ import annotations

import re
import runpy
import shlex

import pytest

from flows_analytics.cli import main
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
    update, coverage, written = runs
    assert "failed" not in tutorial.run(*update).parseoutcomes()
    result = tutorial.run(*coverage)
    assert result.ret == 0
    assert (tutorial.path / "flow-coverage.html").is_file()

    (record,) = [shlex.split(command)[1:] for command in commands if command == "python record_call.py"]
    runpy.run_path(*record)
    # The last one is of a call that `pipecat eval` held; see test_eval.py.
    to_test, assert_path, _ = [shlex.split(command)[1:] for command in commands if command.startswith("flows-")]
    assert main(to_test) == 0
    assert "test_order_1.py" in capsys.readouterr().out
    result = tutorial.run(*written)
    assert result.parseoutcomes()["passed"] == 1
    result.stdout.fnmatch_lines(["*1 snapshot passed*"])
    capsys.readouterr()
    assert main(assert_path) == 0
    assert capsys.readouterr().out.strip() == assert_path[-1]


def test_every_step_and_option_is_in_the_tutorial():
    for name in ("says", "calls", "several", "fails", "slow", "user", "silence", "interrupts", "dtmf", "hangs_up"):
        assert f"`{name}(" in PAGE
    for option in ("--flow-cov=", "--flow-cov-report=", "--flow-cov-fail-under="):
        assert option in PAGE
