"""Hold a call with somebody's flow, by a script: the fixture ``flow_call``."""

from __future__ import annotations

import asyncio
import functools
import inspect
import random
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec

from flows_analytics.observer.flows_observer import FlowsObserver
from flows_analytics.testing.bot import ScriptedBot
from flows_analytics.testing.caller import PATIENCE_SECS
from flows_analytics.testing.clock import VirtualLoop
from flows_analytics.testing.flow_packages import flow_manager_class as find_flow_manager_class
from flows_analytics.testing.flow_start import read_start
from flows_analytics.testing.given_calls import GivenCalls
from flows_analytics.testing.held_call import HeldCall
from flows_analytics.testing.keypad import Keypad
from flows_analytics.testing.llm import Check
from flows_analytics.testing.pace import Pace
from flows_analytics.testing.parts import Parts
from flows_analytics.testing.path_lines import ending_text
from flows_analytics.testing.problems import (
    ScriptError,
    find_problem,
    leftover_text,
    offers_text,
    read_offered,
    step_text,
)
from flows_analytics.testing.prompts import PromptBook
from flows_analytics.testing.steps import HangsUp, Interrupts, Presses, Step

END_OF_SCRIPT = "end of script"
"""The ``end_reason`` of a call that was over because its script was."""

_NEVER_INITIALIZED = (
    "the flow was never initialized: the bot that pipeline= makes does so when its client connects, "
    "or flow_call is given the node to start with"
)

Factory = Callable[[Parts], Any]
"""Builds a bot of an author's own from scripted parts. It returns the FlowManager, or the processors of the
pipeline in order, or an awaitable of either."""

_Options = ParamSpec("_Options")


def _remembered(
    hold: Callable[Concatenate[FlowCall, _Options], Coroutine[Any, Any, HeldCall]],
) -> Callable[Concatenate[FlowCall, _Options], Coroutine[Any, Any, HeldCall]]:
    """Let a FlowCall remember the coroutines it gave to the test."""

    @functools.wraps(hold)
    def remembering(
        self: FlowCall, *args: _Options.args, **kwargs: _Options.kwargs
    ) -> Coroutine[Any, Any, HeldCall]:
        call, here = hold(self, *args, **kwargs), inspect.currentframe()
        self.given.add(call, here and here.f_back)
        return call

    return remembering


class FlowCall:
    """Holds calls for one test.

    Example:
        The author's own nodes and handlers, a script, and what came of it::

            async def test_large_pizza(flow_call):
                call = await flow_call(create_initial_node(), [
                    user("I'd like a pizza"), calls("choose_pizza"),
                    user("Large pepperoni"), calls("select_pizza_order", size="large", pizza_type="pepperoni"),
                ])
                assert call.state["order"]["size"] == "large"

    Attributes:
        given: The coroutines that calling it gave to the test, awaited or not.
    """

    def __init__(self, name: str = "call", on_held: Callable[[HeldCall, Any], None] | None = None) -> None:
        """Make it.

        Args:
            name: What the ids of the calls begin with.
            on_held: Told of each call that was held, with what it started with, also of one that did not fit its
                script. None tells nobody.
        """
        self._name = name
        self._on_held = on_held
        self._held = 0
        self.given = GivenCalls()

    @_remembered
    async def __call__(
        self,
        start: Any = None,
        steps: Iterable[Step] = (),
        *,
        voice: bool | None = None,
        pipeline: Factory | None = None,
        global_functions: Sequence[Any] = (),
        state: Mapping[str, Any] | None = None,
        flow_manager_class: type[Any] | None = None,
        pace: Pace | None = None,
        filler: str = "All right.",
        user_idle_timeout: float = 0,
        patience: float = PATIENCE_SECS,
        max_secs: float = 3600.0,
        check_arguments: bool = True,
        waits_for_functions: bool = True,
        seed: int = 0,
        **flow_options: Any,
    ) -> HeldCall:
        """Hold a call, from connecting to its end, on virtual time.

        Args:
            start: The NodeConfig the flow starts with, or a ``Flow`` (a FlowConfig joined to its handlers).
                None if the bot that ``pipeline`` makes initializes its flow itself.
            steps: The script: what the LLM answers and what the caller does. A run of the LLM that finds a step of
                the caller next, or the end of the script, answers with the filler and takes nothing.
            voice: Whether the caller speaks and hears, through scripted speech services and a transport. False
                lets him type, which is cheaper. None means no, unless ``pipeline`` is given.
            pipeline: Makes the bot of scripted parts (see `Parts`); it returns the FlowManager, or the
                processors in order. None takes the usual pipeline.
            global_functions: What is offered in every node; those of a Flow are there anyway.
            state: What ``flow_manager.state`` holds at the start.
            flow_manager_class: The class of the FlowManager. None takes the one the functions were written for.
            pace: How long everybody takes. None takes the default pace.
            filler: What the LLM answers where the script has no answer.
            user_idle_timeout: Seconds of silence after which the caller counts as idle; 0 for never.
            patience: Seconds of silence after which the caller no longer waits for the bot.
            max_secs: Virtual seconds after which the call is given up.
            check_arguments: Whether calls with arguments that the function does not declare, or without those it
                needs, are impossible. False lets the LLM make such mistakes.
            waits_for_functions: Whether the caller, and the end of the call, wait for functions that run and
                for an LLM that is slow. False lets him lose his patience, as a caller does who hears nothing.
            seed: Of the `random` module while the call lasts.
            **flow_options: Further arguments of the FlowManager.

        Returns:
            The call.

        Raises:
            ScriptError: A step was impossible, or nobody took it.
            TypeError: An argument is not what it should be.
            RuntimeError: The test does not run on virtual time.
            TimeoutError: The call took longer than ``max_secs``.
        """
        __tracebackhide__ = True
        _need_virtual_time()
        script = _checked(steps)
        voice = pipeline is not None if voice is None else voice
        if not voice:
            _refuse_voice(script)
        node, declared, functions = read_start(start, global_functions, pipeline)
        chance = random.getstate()
        random.seed(seed)
        try:
            parts = Parts(
                text_only=not voice,
                pace=pace,
                dice=random.Random(seed),
                filler=filler,
                user_idle_timeout=user_idle_timeout,
            )
            parts.activity.waited_for = waits_for_functions
            made: Any = pipeline(parts) if pipeline else None
            if inspect.isawaitable(made):
                made = await made
            self._held += 1
            observer = FlowsObserver(
                call_id=f"{self._name}-{self._held}", call_type="test", journal=None, outbox=None
            )
            if _is_flow_manager(made):
                bot = ScriptedBot(parts=parts, flow_manager=made, observers=[observer])
            else:
                processors = _usual(parts, script) if pipeline is None else _in_order(made)
                bot = ScriptedBot(
                    parts=parts,
                    observers=[observer],
                    arrange=lambda _: processors,
                    flow_manager_class=flow_manager_class or find_flow_manager_class(node, functions),
                    global_functions=functions,
                    # Nothing that Pipecat takes for life passes through a pipeline in text.
                    worker_options=None if voice else {"idle_timeout_secs": None},
                    **flow_options,
                )
            bot.flow_manager.state.update(state or {})
            observer.attach_flow_manager(bot.flow_manager, declared=declared)
            prompts = PromptBook(
                now_ms=lambda: parts.llm.get_clock().get_time() / 1e6, node=lambda: bot.flow_manager.current_node
            )
            parts.llm.check = _checker(bot, check_arguments)
            parts.llm.on_asked = prompts.write
            held = await bot.run(
                node,
                script,
                patience=patience,
                max_secs=max_secs,
                initialize=node is not None or pipeline is None,
                end_reason=END_OF_SCRIPT,
                hang_up_reason="client_disconnected",
            )
        finally:
            random.setstate(chance)
        # A bot of an author's own has an aggregator of its own, and says only privately which.
        aggregator: Any = getattr(bot.flow_manager, "_context_aggregator", None)
        messages: tuple[Any, ...] = tuple(aggregator.user().context.get_messages()) if aggregator else ()
        record = observer.record
        call = HeldCall(record, bot.flow_manager.state, messages, prompts.read(record))
        if self._on_held:
            self._on_held(call, start)
        if not call.visits:
            raise ScriptError(_NEVER_INITIALIZED)
        if held.given_up:
            raise ScriptError(held.given_up)
        if held.leftover:
            raise ScriptError(_leftover(held.leftover, call, bot))
        return call


def _need_virtual_time() -> None:
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        raise RuntimeError(
            "flow_call runs on asyncio, and this test does not; with anyio, let the fixture anyio_backend return "
            "'asyncio'"
        ) from None
    if not isinstance(loop, VirtualLoop):
        raise RuntimeError(
            "flow_call needs an event loop on virtual time, and this test runs on another one. Either the loop is "
            "shared with other tests (give this one a loop of its own: loop_scope='function'; an async fixture of "
            "a wider scope shares its loop with anyio's tests), or a loop factory of your own makes it"
        )


def _checked(steps: Iterable[Step]) -> tuple[Step, ...]:
    if not isinstance(steps, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]  # most scripts are not type-checked
        raise TypeError(f"the script is a list of steps, such as [user(...), calls(...)], not {steps!r}")
    script = tuple(steps)
    for number, step in enumerate(script, start=1):
        if not isinstance(step, Step):  # pyright: ignore[reportUnnecessaryIsInstance]  # most scripts are not type-checked
            raise TypeError(
                f"step {number} of the script is {step!r}; a step is made with user(...), calls(...), …"
            )
    return script


def _refuse_voice(script: Sequence[Step]) -> None:
    for step in script:
        if isinstance(step, Interrupts) or (isinstance(step, HangsUp) and step.while_bot_speaks):
            raise ScriptError(f"{step_text(step)} is impossible in text: use flow_call(..., voice=True)")


def _is_flow_manager(made: Any) -> bool:
    return hasattr(made, "set_node_from_config") and hasattr(made, "worker")


def _in_order(made: Any) -> list[Any]:
    if not isinstance(made, Iterable):
        raise TypeError(f"pipeline= takes what returns the FlowManager, or the processors in order, not {made!r}")
    return list(made)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  # of whatever was made


def _usual(parts: Parts, script: Sequence[Step]) -> list[Any]:
    """The usual pipeline; a keypad that the LLM hears of where keys are pressed."""
    processors: list[Any] = list(parts.processors)
    if any(isinstance(step, Presses) for step in script):
        processors.insert(1, Keypad())
    return processors


def _checker(bot: ScriptedBot, check_arguments: bool) -> Check:
    def check(calls: Any, context: Any) -> str | None:
        offered = read_offered(context.tools)
        problem = find_problem(calls, offered, check_arguments=check_arguments)
        return problem and f"impossible step {problem}\n{offers_text(bot.flow_manager.current_node, offered)}"

    return check


def _leftover(steps: Sequence[Step], call: HeldCall, bot: ScriptedBot) -> str:
    offered = read_offered(bot.context_aggregator.user().context.tools)
    ended_early = call.record.end_reason != END_OF_SCRIPT
    return "\n".join(
        [
            leftover_text(steps, ended_early=ended_early, how=ending_text(call.record)),
            offers_text(bot.flow_manager.current_node, offered),
            f"Path: {' > '.join(call.path)}",
        ]
    )
