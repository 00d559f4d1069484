"""What the kit's own tests share."""

from __future__ import annotations

import importlib
import os
import pkgutil
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import flows_analytics.testing
from tests.bots import hold_pizza_call

REPOSITORY = Path(__file__).parents[2]
PLUGIN = "flows_analytics.testing.plugin"

BOT = """
from typing import Any
import asyncio
import time
{flows}

def node(name, *functions, **options):
    messages = [{{"role": "developer", "content": f"You are in {{name}}."}}]
    return {{"name": name, "task_messages": messages, "functions": list(functions), **options}}

async def choose_pizza(flow_manager: FlowManager):
    '''The caller wants pizza.'''
    return None, pizza()

async def check_price(flow_manager: FlowManager, size: str):
    '''What does it cost?

    Args:
        size (str): Which size.
    '''
    return {{"price": {{"small": 8, "large": 12}}[size]}}, None

async def order_pizza(flow_manager: FlowManager, size: str, kind: str = "plain"):
    '''Order it.

    Args:
        size (str): Which size.
        kind (str): Which kind.
    '''
    flow_manager.state["order"] = [size, kind]
    return "ordered", end()

async def bake(flow_manager: FlowManager):
    '''Bake it, which takes ten minutes.'''
    began = time.time()
    await asyncio.sleep(600)
    flow_manager.state["baked"] = time.time() - began
    return "baked", end()

def start():
    return node("start", choose_pizza)

def pizza():
    return node("pizza", check_price, order_pizza, bake)

def end():
    return node("end", post_actions=[{{"type": "end_conversation"}}])
"""

TEST = """
from flows_analytics.testing import calls, user
from bot import start

async def test_large(flow_call, flow_snapshot):
    call = await flow_call(start(), [
        user("Pizza"), calls("choose_pizza"),
        user("How much is a large one?"), calls("check_price", size="large"),
        user("Good"), calls("order_pizza", size="large"),
    ])
    assert call == flow_snapshot
"""

KEPT = """\
start
pizza  <- choose_pizza()
  stayed: check_price(size="large")
end  <- order_pizza(size="large")
end: the bot ended the call
"""


def write_bot(directory: Path) -> None:
    """Write the bot for the Flows package of this Pipecat line."""
    from tests.testing.flows_line import flows

    directory.joinpath("bot.py").write_text(BOT.format(flows=f"from {flows.__name__} import FlowManager"))


@pytest.fixture(scope="session")
def warm():
    """Import what a call needs: pytester forgets modules that were first imported in the run that it watches."""
    for module in pkgutil.iter_modules(flows_analytics.testing.__path__):
        importlib.import_module(f"flows_analytics.testing.{module.name}")
    hold_pizza_call()
    hold_pizza_call(text_only=True)


@pytest.fixture
def project(pytester, monkeypatch, warm):
    """A project of a flow author, with a bot and nothing else; `run` runs its tests in this process."""
    write_bot(pytester.path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, (REPOSITORY, pytester.path))))
    monkeypatch.syspath_prepend(pytester.path)
    # Where this suite runs under xdist, a run in this process would take itself for a worker's.
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID"):
        monkeypatch.delenv(name, raising=False)
    return Project(pytester)


class Project:
    def __init__(self, pytester):
        self.pytester = pytester
        self.path = pytester.path

    def write(self, source=TEST, name="test_order"):
        self.pytester.makepyfile(**{name: source})

    def kept(self, name="test_large.txt", of="test_order"):
        return self.path / "__snapshots__" / of / name

    def run(self, *arguments, own_process=False):
        """Run its tests, as they run where the library is installed."""
        run = self.pytester.runpytest_subprocess if own_process else self.pytester.runpytest_inprocess
        # Hypothesis would be imported anew in each run.
        others = ("randomly", "cacheprovider", "hypothesispytest")
        return run(*plugin_arguments(), *(f"-pno:{name}" for name in others), *arguments)


def plugin_arguments():
    """What loads the plugin where the library is on the path only; where it is installed, pytest finds it."""
    installed = any(point.value == PLUGIN for point in entry_points(group="pytest11"))
    return () if installed else ("-p", PLUGIN)
