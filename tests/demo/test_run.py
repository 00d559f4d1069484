"""Holding calls: what goes wrong, and what is heard of it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from loguru import logger

from flows_analytics.demo import DemoCall, hold_call, hold_calls, plan_calls

from .conftest import UNTIL, Demo


def speak_as(module: str, message: str) -> None:
    """Log as another module would."""
    exec("logger.warning(message)", {"__name__": module, "logger": logger, "message": message})  # noqa: S102


def test_a_call_that_cannot_be_held_is_reported_and_the_others_are_held(tmp_path: Path):
    plans = plan_calls(2, 7, UNTIL)
    plans[0] = replace(plans[0], bot="no-such-bot")
    failed, held = hold_calls(plans, tmp_path, processes=1)
    assert (failed.status, failed.path, failed.error) == ("failed", (), "KeyError: 'no-such-bot'")
    assert held.error is None and held.path


class Fatal(DemoCall):
    """A call that kills the process it is sent to."""

    def __reduce__(self) -> Any:
        return os._exit, (1,)


def test_a_process_that_dies_fails_its_calls_and_ends_the_demo(tmp_path: Path):
    plans = [
        Fatal(plan.number, plan.bot, plan.version, plan.seed, plan.starts_at) for plan in plan_calls(3, 7, UNTIL)
    ]
    summaries = list(hold_calls(plans, tmp_path, processes=2))
    assert [summary.status for summary in summaries] == ["failed"] * 3
    assert all("BrokenProcessPool" in (summary.error or "") for summary in summaries)


def test_no_calls_are_no_summaries(tmp_path: Path):
    assert list(hold_calls([], tmp_path)) == []


def test_pipecat_is_not_heard_while_a_call_is_held_and_is_afterwards(
    demo: Demo, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    # A call in which a function fails, which Pipecat logs.
    plan = next(
        plan
        for plan in demo.plans
        if any(call.outcome == "failed" for call in demo.records[plan.call_id].tool_calls)
    )
    with caplog.at_level(logging.WARNING), warnings.catch_warnings(record=True) as warned:
        hold_call(plan, tmp_path)
        assert caplog.messages == [] and warned == []
        speak_as("pipecat.somewhere", "heard")
        assert len(caplog.messages) == 1


def test_the_demo_is_imported_without_pipecat():
    code = "import sys, flows_analytics.demo; sys.exit('pipecat' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
