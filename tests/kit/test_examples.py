"""The flows in examples/, each with its tests, and that these come out the same in any order."""

from __future__ import annotations

import shutil

import pytest

from tests.kit.conftest import REPOSITORY

FLOWS = REPOSITORY / "examples" / "flows"

SHUFFLE = """
import random

def pytest_addoption(parser):
    parser.addoption("--shuffle", type=int)

def pytest_collection_modifyitems(config, items):
    if config.getoption("shuffle") is not None:
        random.Random(config.getoption("shuffle")).shuffle(items)
"""


@pytest.fixture
def examples(project):
    for path in FLOWS.iterdir():
        if path.name == "__snapshots__":
            shutil.copytree(path, project.path / path.name)
        elif path.suffix in (".py", ".yaml"):
            shutil.copy(path, project.path)
    (project.path / "conftest.py").write_text(SHUFFLE)
    return project


def test_the_examples_pass_with_the_snapshots_beside_them(examples):
    result = examples.run("-rs")
    outcomes = result.parseoutcomes()
    assert set(outcomes) <= {"passed", "skipped", "warnings", "warning"}, outcomes
    assert outcomes["passed"] + outcomes.get("skipped", 0) >= 20
    assert result.ret == 0
    kept = len(list(FLOWS.glob("__snapshots__/*/*")))
    # What is skipped, for want of flows in YAML, is not compared.
    assert outcomes.get("skipped", 0) or f"{kept} snapshots passed" in result.stdout.str()


def test_they_pass_in_another_order(examples):
    # tests/kit/repeat.py tries many.
    outcomes = examples.run("--shuffle=1").parseoutcomes()
    assert outcomes["passed"] >= 18
    assert "failed" not in outcomes


def test_there_is_a_flow_of_each_shape_with_its_tests():
    tested = {path.stem.removeprefix("test_") for path in FLOWS.glob("test_*.py")}
    # The bots for `pipecat eval` have their tests in test_eval.py.
    assert tested == {path.stem for path in FLOWS.glob("*.py") if not path.stem.startswith(("test_", "eval_"))}
    assert len(tested) == 6
