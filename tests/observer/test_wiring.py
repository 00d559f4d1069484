"""Attaching, detaching, and what an observer refuses."""

from __future__ import annotations

import asyncio
import functools
import sys
from types import SimpleNamespace
from unittest.mock import MagicMock, Mock

import pytest

from flows_analytics import FlowsObserver
from flows_analytics.errors import ObserverError
from flows_analytics.observer.flow_manager_hook import is_flow_manager
from flows_analytics.testing import ScriptedBot, calls, hangs_up, run_virtual, says, user
from tests.bots import PIZZA_CALL, PIZZA_PATH, edge, end_node, hold_call, hold_pizza_call, initial_node, node
from tests.testing.flows_line import FlowManager


def _home(value) -> str:
    return getattr(value, "__module__", None) or ""


def hooked(manager) -> set[str]:
    """What of ours stands on the instance itself; a FlowManager of its own has no methods there."""
    attributes = vars(manager).items()
    return {name for name, value in attributes if _home(value).startswith("flows_analytics.observer.")}


def without(manager_class, *hidden):
    """A later FlowManager whose insides have other names: it finds them itself, we do not."""

    class Later(manager_class):
        def __getattribute__(self, name):
            if name in hidden and sys._getframe(1).f_globals.get("__name__", "").startswith("flows_analytics."):
                raise AttributeError(name)
            return super().__getattribute__(name)

    return Later


def test_an_attach_after_initialize_records_the_current_node_as_inferred():
    async def attach(held):
        asyncio.get_running_loop().call_later(1.0, held.observer.attach_flow_manager, held.bot.flow_manager)

    record = hold_pizza_call(attach=False, prepare=attach).record

    assert record.path == PIZZA_PATH
    assert (record.visits[0].cause, record.visits[0].entered_ms) == ("inferred", pytest.approx(1000, abs=1))
    assert record.visits[0].functions_offered == ("choose_pizza",)
    assert record.visits[0].setup_ms is None
    # The functions of that node were made before the hook: their calls are known by name and arguments.
    assert [t.tool_call_id for t in record.transitions] == [c.tool_call_id for c in record.tool_calls]


def test_an_attach_before_initialize_sees_the_first_node_with_its_cause():
    record = hold_pizza_call().record

    assert record.visits[0].cause == "initial"
    assert record.visits[0].setup_ms is not None


def test_attaching_the_same_manager_twice_counts_once():
    def again(held):
        held.observer.attach_flow_manager(held.bot.flow_manager)

    record = hold_pizza_call(prepare=again).record

    assert record.path == PIZZA_PATH
    assert record.flow_ids == ("main",)


def test_the_methods_are_given_back_at_the_end_of_the_call():
    held = hold_pizza_call()

    assert hooked(held.bot.flow_manager) == set()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_observers_on_one_manager_both_record_and_leave_in_any_order(order):
    async def main():
        observers = [FlowsObserver(call_id=str(number), strict=True) for number in range(2)]
        bot = ScriptedBot(observers=observers, flow_manager_class=FlowManager)
        for observer in observers:
            observer.attach_flow_manager(bot.flow_manager)
        one_hook = hooked(bot.flow_manager)

        def leave(number):
            observers[order[number]].detach_flow_manager(bot.flow_manager)

        loop = asyncio.get_running_loop()
        loop.call_later(5, leave, 0)
        await bot.run(initial_node(), PIZZA_CALL)
        return observers, bot, one_hook

    observers, bot, one_hook = run_virtual(main)
    left_early, stayed = observers[order[0]], observers[order[1]]

    assert one_hook == {
        "_set_node",
        "_execute_transition",
        "_update_llm_context",
        "_create_transition_func",
        "__flows_analytics_hook__",
    }
    assert stayed.record.path == PIZZA_PATH
    assert left_early.record.path == PIZZA_PATH[:2]
    assert hooked(bot.flow_manager) == set()


@pytest.mark.parametrize("decorate", [lambda ours: lambda theirs: theirs, functools.wraps], ids=["plain", "wraps"])
def test_a_wrapper_that_somebody_put_over_ours_survives_our_leaving(decorate):
    seen = []

    def prepare(held):
        manager = held.bot.flow_manager
        ours = manager._set_node

        @decorate(ours)
        async def theirs(node_id, node_config):
            seen.append(node_id)
            await ours(node_id, node_config)

        manager._set_node = theirs
        held.seen["theirs"] = theirs
        asyncio.get_running_loop().call_later(5, held.observer.detach_flow_manager, manager)

    held = hold_pizza_call(prepare=prepare)

    assert seen == list(PIZZA_PATH)
    assert held.bot.flow_manager._set_node is held.seen["theirs"]
    assert held.record.path == PIZZA_PATH[:2]


def test_two_observers_with_somebody_elses_wrapper_between_them_record_the_same():
    async def main():
        observers = [FlowsObserver(call_id=str(number), strict=True) for number in range(2)]
        bot = ScriptedBot(observers=observers, flow_manager_class=FlowManager)
        observers[0].attach_flow_manager(bot.flow_manager)
        ours = bot.flow_manager._set_node

        async def theirs(node_id, node_config):
            await ours(node_id, node_config)

        bot.flow_manager._set_node = theirs
        observers[1].attach_flow_manager(bot.flow_manager)
        await bot.run(initial_node(), PIZZA_CALL)
        return observers

    first, second = (observer.record for observer in run_virtual(main))

    assert first.path == PIZZA_PATH
    assert first.visits == second.visits
    assert first.transitions == second.transitions


def test_an_attach_during_a_node_change_records_the_node_it_leads_to():
    async def slow(action, flow_manager):
        await asyncio.sleep(3)

    first = node("first", edge("go", end_node), pre_actions=[{"type": "slow", "handler": slow}])

    def prepare(held):
        loop = asyncio.get_running_loop()
        loop.call_later(1.0, held.observer.attach_flow_manager, held.bot.flow_manager)

    steps = [says("?"), user("x"), calls("go"), says("!")]
    record = hold_call(first, steps, attach=False, prepare=prepare).record

    assert record.path == ("first", "end")
    assert record.visits[0].cause == "inferred"
    assert record.visits[0].functions_offered == ("go",)
    assert record.visits[0].entered_ms == pytest.approx(3000, abs=50)
    assert [(t.from_node, t.to_node) for t in record.transitions] == [("first", "end")]


def test_what_a_detached_manager_does_is_counted():
    def prepare(held):
        asyncio.get_running_loop().call_later(5.0, held.observer.detach_flow_manager, held.bot.flow_manager)

    held = hold_pizza_call(prepare=prepare)

    assert held.record.path == PIZZA_PATH[:2]
    assert held.record.health.count("after_detach") == 2


def test_a_node_refused_before_initialize_takes_no_flow_and_is_an_error():
    def prepare(held):
        second = FlowManager(
            worker=held.bot.worker, llm=held.bot.llm, context_aggregator=held.bot.context_aggregator
        )
        held.observer.attach_flow_manager(second)

        async def refused():
            await second.set_node_from_config(end_node())

        held.seen["task"] = asyncio.get_running_loop().create_task(refused())
        held.seen["task"].add_done_callback(lambda task: task.exception())

    record = hold_pizza_call(prepare=prepare).record

    assert record.path == PIZZA_PATH
    assert record.flow_ids == ("main",)
    (error,) = [event for event in record.events if event.kind == "error"]
    assert "must be initialized first" in error.message


def test_two_managers_that_the_hook_does_not_fit_are_told_apart():
    Blind = without(FlowManager, "_set_node")

    async def main():
        observer = FlowsObserver(strict=True)
        bot = ScriptedBot(observers=[observer], flow_manager_class=Blind)
        other = Blind(worker=bot.worker, llm=bot.llm, context_aggregator=bot.context_aggregator)
        observer.attach_flow_manager(bot.flow_manager)
        observer.attach_flow_manager(other)
        await bot.run(initial_node(), PIZZA_CALL)
        return observer

    record = run_virtual(main).record

    assert record.path == PIZZA_PATH
    assert record.flow_ids == ("main",)


def test_a_node_change_under_way_at_detaching_is_dropped_and_counted():
    async def slow(action, flow_manager):
        await asyncio.sleep(3)

    target = node("target", pre_actions=[{"type": "slow", "handler": slow}])

    def prepare(held):
        async def detach_during_the_change():
            await asyncio.sleep(4)
            assert held.record.events[-1].kind == "node_change_began"
            held.observer.detach_flow_manager(held.bot.flow_manager)

        held.seen["task"] = asyncio.get_running_loop().create_task(detach_during_the_change())

    steps = [says("?"), user("x"), calls("go"), says("!"), user("bye"), hangs_up()]
    record = hold_call(node("ask", edge("go", target)), steps, prepare=prepare).record

    assert record.path == ("ask",)
    assert record.health.count("after_detach") == 1


def test_two_managers_in_one_call_are_two_flows_that_hand_over():
    other = node("other-start", post_actions=[{"type": "end_conversation"}])

    async def hand_over(flow_manager):
        """Hand over."""
        await flow_manager.state["other"].initialize(other)
        return "handed over", None

    def prepare(held):
        second = FlowManager(
            worker=held.bot.worker, llm=held.bot.llm, context_aggregator=held.bot.context_aggregator
        )
        held.bot.flow_manager.state["other"] = second
        held.observer.attach_flow_manager(second)

    steps = [says("?"), user("x"), calls("hand_over"), says("!"), says("!")]
    record = hold_call(node("first-start", hand_over), steps, prepare=prepare).record

    assert record.flow_ids == ("main", "flow2")
    assert record.path == ("first-start",)
    assert record.path_of("flow2") == ("other-start",)
    first, second = record.visits
    assert (first.exit_kind, first.left_ms) == ("handoff", second.entered_ms)
    assert (second.exit_kind, second.seq) == ("end", 0)


def test_a_manager_whose_worker_is_not_observed_is_recorded_on_the_observed_clock():
    async def main():
        observer = FlowsObserver(strict=True)
        away = ScriptedBot(flow_manager_class=FlowManager, text_only=True)
        observer.attach_flow_manager(away.flow_manager)
        bot = ScriptedBot(observers=[observer], flow_manager_class=FlowManager)

        async def hold_away():
            await asyncio.sleep(4.0)
            await away.run(initial_node(), [says("Hi"), user("x"), calls("choose_pizza"), says("y")])

        talk = [says("Hello"), user("a", after=9.0), says("b"), user("bye"), hangs_up()]
        await asyncio.gather(bot.run(None, talk), hold_away())
        return observer

    record = run_virtual(main).record

    assert record.path == ("initial", "choose_pizza")
    assert record.visits[0].entered_ms == pytest.approx(4000, abs=50)


def test_an_observer_refuses_a_second_call():
    held = hold_pizza_call()

    with pytest.raises(ObserverError, match="make a new one for each call") as refused:
        held.observer.attach_flow_manager(held.bot.flow_manager)
    assert refused.value.code == "observer_reused"


def test_an_observer_given_to_two_workers_stops_recording_and_lets_both_calls_go_on(caplog):
    async def main():
        observer = FlowsObserver(call_id="shared")
        first = ScriptedBot(observers=[observer], flow_manager_class=FlowManager)
        second = ScriptedBot(observers=[observer], flow_manager_class=FlowManager)
        talk = [says("Hello"), user("a"), says("b"), user("bye"), hangs_up()]
        return observer, await asyncio.gather(first.run(initial_node(), talk), second.run(initial_node(), talk))

    observer, scripts = run_virtual(main)

    assert [script.leftover for script in scripts] == [(), ()]
    assert observer.health.count("reused") >= 1
    assert observer.record.turns == ()
    assert any("make a new one for each call" in message for message in caplog.messages)


def test_what_is_not_a_flow_manager_is_refused():
    with pytest.raises(ObserverError, match="takes a FlowManager, not a dict: give it the object") as refused:
        FlowsObserver().attach_flow_manager({})
    assert refused.value.code == "not_a_flow_manager"


def asked_before():
    mock = MagicMock()
    assert mock.current_node is not None
    return mock


class Passes:
    """What passes every name on, and is nothing itself."""

    def __getattr__(self, name):
        return lambda: name


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (MagicMock(), "a MagicMock"),
        (asked_before(), "a MagicMock"),
        (Mock(), "a Mock"),
        (Passes(), "a Passes"),
        (FlowManager, "the class FlowManager"),
        (None, "a NoneType"),
    ],
)
def test_what_answers_to_every_name_is_not_a_flow_manager(given, named):
    observer = FlowsObserver()
    with pytest.raises(ObserverError, match=f"takes a FlowManager, not {named}: ") as refused:
        observer.attach_flow_manager(given)

    assert refused.value.code == "not_a_flow_manager"
    assert observer.record.events[1:] == ()
    assert observer.health.ok


class Inherited(FlowManager):
    """A bot's own FlowManager."""


class Slotted:
    __slots__ = ("current_node",)

    def __init__(self):
        self.current_node = None


class Proxy:
    """What stands for a manager, as proxies of tracing libraries do: it passes for one."""

    def __init__(self, manager):
        self._manager = manager

    @property
    def __class__(self):
        return type(self._manager)

    def __getattr__(self, name):
        return getattr(self._manager, name)


@pytest.mark.parametrize(
    "manager",
    [
        FlowManager.__new__(FlowManager),
        Inherited.__new__(Inherited),
        Slotted(),
        SimpleNamespace(current_node=None),
        Proxy(FlowManager.__new__(FlowManager)),
    ],
    ids=["its class", "a subclass", "slots", "an object's own", "a proxy"],
)
def test_what_has_a_current_node_of_its_own_is_a_flow_manager(manager):
    assert is_flow_manager(manager)


def test_what_is_not_a_flow_is_refused():
    class Manager:
        current_node = None

    with pytest.raises(ObserverError, match=r"takes a pipecat\.flows Flow or FlowConfig, not a str"):
        FlowsObserver().attach_flow_manager(Manager(), declared="flow.yaml")


def test_without_the_methods_the_hook_stands_on_transitions_are_inferred(caplog):
    Renamed = without(FlowManager, "_set_node", "_execute_transition", "_update_llm_context")

    async def main():
        observer = FlowsObserver(strict=True)
        bot = ScriptedBot(observers=[observer], flow_manager_class=Renamed)
        observer.attach_flow_manager(bot.flow_manager)
        await bot.run(initial_node(), PIZZA_CALL)
        return observer

    record = run_virtual(main).record

    assert record.path == PIZZA_PATH
    assert {visit.cause for visit in record.visits} == {"inferred"}
    assert [(t.from_node, t.to_node, t.cause) for t in record.transitions] == [
        ("initial", "choose_pizza", "inferred"),
        ("choose_pizza", "confirm", "inferred"),
        ("confirm", "end", "inferred"),
    ]
    assert record.visits[1].functions_offered == ("select_pizza_order",)
    assert record.health.count("hook_missing") == 1
    assert sum("lacks what the hook stands on" in message for message in caplog.messages) == 1


def test_a_flow_inferred_without_the_hook_sees_a_node_entered_again():
    again = node("ask")
    again["functions"] = [edge("again", again), edge("done", end_node)]

    def hide(held):
        manager = held.bot.flow_manager

        manager.__class__ = without(type(manager), "_set_node")
        held.observer.attach_flow_manager(manager)

    steps = [says("?"), user("x"), calls("again"), says("?"), user("y"), calls("done"), says("!")]
    record = hold_call(again, steps, attach=False, prepare=hide).record

    assert record.path == ("ask", "ask", "end")


def test_a_manager_that_is_attached_again_goes_on_with_its_flow():
    def prepare(held):
        loop = asyncio.get_running_loop()
        manager = held.bot.flow_manager
        loop.call_later(5.0, held.observer.detach_flow_manager, manager)
        loop.call_later(10.0, held.observer.attach_flow_manager, manager)

    record = hold_pizza_call(prepare=prepare).record

    assert record.flow_ids == ("main",)
    assert record.path == PIZZA_PATH
    assert [visit.cause for visit in record.visits] == ["initial", "function", "inferred", "function"]
    assert record.health.count("after_detach") == 1


def test_a_manager_that_shows_neither_methods_nor_functions_is_still_followed():
    Opaque = without(FlowManager, "_set_node", "_current_functions", "_global_functions")

    async def main():
        observer = FlowsObserver(strict=True)
        bot = ScriptedBot(observers=[observer], flow_manager_class=Opaque)
        observer.attach_flow_manager(bot.flow_manager)
        await bot.run(initial_node(), PIZZA_CALL)
        return observer

    assert run_virtual(main).record.path == PIZZA_PATH
