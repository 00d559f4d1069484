"""How the people who call behave."""

from __future__ import annotations

import random

import pytest

from flows_analytics.demo.bots import DEMO_BOTS
from flows_analytics.demo.calls import BOTS, VERSIONS
from flows_analytics.demo.personas import draw_persona
from flows_analytics.demo.script import write_script
from flows_analytics.testing import Calls, Fails, HangsUp, Interrupts, Silence, Step

from .conftest import Demo

# Where each bot loses more callers in one version, as its callers.py says.
LOSING = [("food-ordering", "42", "extras"), ("reservation", "42", "get_time"), ("patient-intake", "41", "verify")]


def scripts(bot: str, version: str, count: int = 400) -> list[list[Step]]:
    every = []
    for seed in range(count):
        dice = random.Random(seed)  # noqa: S311
        every.append(write_script(DEMO_BOTS[bot], version, draw_persona(dice), dice))
    return every


def hang_up_share(bot: str, version: str) -> float:
    every = scripts(bot, version)
    return sum(isinstance(steps[-1], HangsUp) for steps in every) / len(every)


def test_every_planned_bot_is_packaged():
    assert set(DEMO_BOTS) == set(BOTS)


@pytest.mark.parametrize("bot", BOTS)
@pytest.mark.parametrize("version", VERSIONS)
def test_the_same_dice_write_the_same_script(bot: str, version: str):
    assert scripts(bot, version, 20) == scripts(bot, version, 20)


@pytest.mark.parametrize(("bot", "version", "node"), LOSING)
def test_one_version_loses_clearly_more_callers(bot: str, version: str, node: str):
    other = "41" if version == "42" else "42"
    assert hang_up_share(bot, version) > hang_up_share(bot, other) + 0.2


@pytest.mark.parametrize(("bot", "version", "node"), LOSING)
def test_it_loses_them_in_the_node_that_differs(demo: Demo, bot: str, version: str, node: str):
    lost_in = [record.path[-1] for record in demo.of(bot, version) if record.exit_kind == "hangup"]
    assert lost_in.count(node) == max(map(lost_in.count, lost_in))


@pytest.mark.parametrize("bot", BOTS)
@pytest.mark.parametrize("kind", [Interrupts, Silence, Fails, HangsUp])
def test_callers_of_every_bot_do_all_that_callers_do(bot: str, kind: type[Step]):
    assert any(isinstance(step, kind) for steps in scripts(bot, "41") for step in steps)


def test_nothing_follows_a_hang_up():
    for bot in BOTS:
        for steps in scripts(bot, "42"):
            assert not any(isinstance(step, HangsUp) for step in steps[:-1])


def test_some_callers_ask_for_what_cannot_be():
    sizes = {
        step.arguments.get("size")
        for steps in scripts("food-ordering", "41")
        for step in steps
        if isinstance(step, Calls)
    }
    assert "family" in sizes
