"""The plugin as its users meet it: their projects, without any configuration."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from tests.kit.conftest import PLUGIN

CALL = """
from flows_analytics.testing import calls, user
from bot import start

STEPS = [user("Pizza"), calls("choose_pizza"), user("Large"), calls("order_pizza", size="large")]
"""


def test_loading_the_plugin_imports_pytest_and_nothing_heavy():
    code = (
        "import sys, pytest\n"
        "before = set(sys.modules)\n"
        f"import {PLUGIN}\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "assert new <= {'flows_analytics'}, new\n"
        "loaded = {name for name in sys.modules if name.startswith('flows_analytics')}\n"
        "house = {'flows_analytics', 'flows_analytics.testing', 'flows_analytics.testing.plugin'}\n"
        "assert loaded == house, loaded\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)


def test_the_kit_is_importable_without_pytest_and_syrupy():
    code = (
        "import sys\n"
        "sys.modules['pytest'] = sys.modules['syrupy'] = None\n"
        "import flows_analytics.testing as kit\n"
        "assert all(hasattr(kit, name) for name in kit.__all__)\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=300)


def test_a_name_that_the_kit_does_not_have_is_refused():
    import flows_analytics.testing as kit

    with pytest.raises(AttributeError, match="no attribute 'shouts'"):
        kit.shouts  # noqa: B018
    assert "calls" in dir(kit)


@pytest.mark.parametrize("mode", [(), ("--asyncio-mode=auto",), ("-p", "no:asyncio"), ("-p", "no:anyio")])
def test_a_coroutine_test_runs_without_configuration(project, mode):
    project.write(
        CALL + "async def test_it(flow_call):\n    assert (await flow_call(start(), STEPS)).path[-1] == 'end'"
    )
    project.run(*mode).assert_outcomes(passed=1)


def test_other_coroutine_tests_are_left_to_whoever_runs_them(project):
    project.write("async def test_it():\n    pass")
    outcome = project.run("-p", "no:asyncio", "-p", "no:anyio").parseoutcomes()
    assert "passed" not in outcome


def test_methods_and_parametrized_tests_run(project):
    project.write(
        CALL
        + """
import pytest
class TestOrders:
    @pytest.mark.parametrize("size", ["small", "large"])
    async def test_it(self, flow_call, size):
        steps = [*STEPS[:3], calls("order_pizza", size=size)]
        call = await flow_call(start(), steps)
        assert call.state == {"order": [size, "plain"]}
"""
    )
    project.run().assert_outcomes(passed=2)


def test_anyio_runs_its_own_tests(project):
    project.write(
        CALL
        + """
import anyio, pytest, time
@pytest.fixture
def anyio_backend():
    return "asyncio"
@pytest.fixture
async def began():
    await anyio.sleep(60)
    return time.time()
@pytest.mark.anyio
async def test_it(flow_call, began):
    await anyio.sleep(600)
    assert time.time() - began == pytest.approx(600)
    assert (await flow_call(start(), STEPS)).path[-1] == "end"
"""
    )
    project.run().assert_outcomes(passed=1)


def test_a_test_that_awaits_nothing_is_told_to(project):
    project.write("def test_it(flow_call):\n    pass")
    result = project.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*write `async def test_it(…)`*"])


@pytest.mark.parametrize("mode", [(), ("-p", "no:asyncio"), ("-W", "error::RuntimeWarning")])
def test_a_call_that_nobody_awaits_fails_the_test(project, mode):
    project.write(
        CALL
        + """
async def test_it(flow_call):
    flow_call(start(), STEPS)
    call = await flow_call(start(), STEPS)
    assert flow_call(start(), STEPS)
"""
    )
    result = project.run(*mode)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "test_order.py:7: flow_call(...) was not awaited: write `call = await flow_call(...)`",
            "test_order.py:9: flow_call(...) was not awaited: *",
        ]
    )
    assert "never awaited" not in result.stdout.str()


def test_calls_may_be_awaited_in_tasks_and_may_fail(project):
    project.write(
        CALL
        + """
import asyncio, pytest
async def test_it(flow_call):
    calls_ = await asyncio.gather(flow_call(start(), STEPS), asyncio.create_task(flow_call(start(), STEPS)))
    assert [call.path[-1] for call in calls_] == ["end", "end"]
    with pytest.raises(AssertionError):
        await flow_call(start(), [calls("sing")])
"""
    )
    project.run().assert_outcomes(passed=1)


def test_a_loop_shared_with_other_tests_is_refused_with_what_to_do(project):
    pytest.importorskip("pytest_asyncio")
    project.write(
        CALL
        + """
import pytest
@pytest.mark.asyncio(loop_scope="module")
async def test_it(flow_call):
    await flow_call(start(), STEPS)
"""
    )
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*give this one a loop of its own: loop_scope='function'*"])


def test_fixtures_and_handlers_share_one_virtual_clock(project):
    project.write(
        CALL
        + """
import asyncio, datetime, time
from datetime import datetime as moment
import pytest, pytest_asyncio

@pytest.fixture
def began():
    return time.time(), time.monotonic(), moment.now(), datetime.date.today()

@pytest_asyncio.fixture
async def later(began):
    await asyncio.sleep(30)
    yield time.time()
    await asyncio.sleep(3600)

async def test_it(flow_call, began, later):
    assert later - began[0] == pytest.approx(30)
    call = await flow_call(start(), [user("Pizza"), calls("choose_pizza"), user("Bake it."), calls("bake")])
    assert call.state["baked"] == pytest.approx(600)
    assert call.duration_ms > 600_000
    for now, then in zip((time.time(), time.monotonic()), began):
        assert now - then == pytest.approx(30 + call.duration_ms / 1000, abs=1)
    passed = moment.now() - began[2]
    assert isinstance(began[2], moment)
    assert datetime.timedelta(minutes=10) < passed < datetime.timedelta(minutes=12)
    assert datetime.datetime.now(datetime.UTC).year == began[3].year == 2025
    before = time.monotonic()
    time.sleep(100)
    assert time.monotonic() - before == pytest.approx(100)
"""
    )
    before = time.monotonic()
    project.run().assert_outcomes(passed=1)
    # Its clock shows more than an hour.
    assert time.monotonic() - before < 600


def test_what_other_tests_share_keeps_the_real_clock(project):
    project.write(
        CALL
        + """
import time, pytest
REAL = time.time()
@pytest.fixture(scope="module")
def shared():
    return time.time()
async def test_it(flow_call, shared):
    assert abs(shared - REAL) < 60 < abs(time.time() - REAL)
    await flow_call(start(), STEPS)
def test_after(shared):
    assert abs(time.time() - REAL) < 60
"""
    )
    project.run().assert_outcomes(passed=2)


def test_calls_of_one_test_follow_each_other(project):
    project.write(
        CALL
        + """
async def test_it(flow_call):
    first, second = [await flow_call(start(), STEPS) for _ in range(2)]
    assert first.record.started_at < second.record.started_at
    assert first.record.call_id != second.record.call_id
    assert first.path == second.path
"""
    )
    project.run().assert_outcomes(passed=1)


def test_pipecats_steps_do_not_bury_the_message_of_a_failure():
    code = (
        "from loguru import logger\n"
        "from flows_analytics.testing.quiet_log import quiet_default_log\n"
        "quiet_default_log()\n"
        "logger.debug('a step')\n"
        "logger.warning('a warning')\n"
    )
    told = {
        level: subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            timeout=300,
            capture_output=True,
            text=True,
            env={**os.environ, **({"LOGURU_LEVEL": level} if level else {})},
        ).stderr
        for level in ("", "DEBUG")
    }
    assert "a warning" in told[""]
    assert "a step" not in told[""]
    assert "a step" in told["DEBUG"]
