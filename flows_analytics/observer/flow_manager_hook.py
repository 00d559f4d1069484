"""The hook on a FlowManager. Everything that depends on the insides of FlowManager stands in this file.

Two classes of that name exist (``pipecat.flows`` and the standalone ``pipecat_flows``), so nothing is checked by
class. Their insides have been the same since Pipecat Flows 1.0:

- every way into a node runs ``self._set_node(node_id, node_config)``;
- a transition that a function asked for runs it through ``self._execute_transition(info)``, whose ``info`` has
  ``next_node, function_name, arguments, result``;
- ``_set_node`` awaits ``self._update_llm_context(...)`` and makes the node current right after, with no await in
  between: the return of that call is the moment of entry;
- ``self._create_transition_func(name, handler)`` makes what the LLM service calls, and a function that returns a
  node leaves it in ``self._pending_transition``.

All of these are looked up on the instance at each call, so wrapping them there sees everything from then on.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any, cast

from flows_analytics.calls.naming import looks_generated, unnamed_node
from flows_analytics.calls.values import text_of
from flows_analytics.observer.node_change import FlowListener, NodeChange

_REQUIRED = ("_set_node", "_execute_transition", "_update_llm_context")
_HOOK = "__flows_analytics_hook__"
_REQUESTS_KEPT = 64


@dataclass(eq=False)
class _RunningFunction:
    hook: Any
    function: str
    tool_call_id: str
    running: bool = True


# Each is set in the task that runs the wrapped method, so nested and concurrent node changes keep apart.
_change: ContextVar[tuple[Any, NodeChange] | None] = ContextVar("flows_analytics_change", default=None)
_executing: ContextVar[list[Mapping[str, Any]] | None] = ContextVar("flows_analytics_executing", default=None)
_running: ContextVar[_RunningFunction | None] = ContextVar("flows_analytics_running", default=None)


class FlowManagerHook:
    """Wraps the methods of one FlowManager and tells listeners what happens.

    One manager has one hook, however many observers listen; the last listener to leave restores the methods.
    Use `listen` to get it.
    """

    def __init__(self, manager: Any) -> None:
        self._manager = manager
        self._listeners: list[FlowListener] = []
        # For each method that stands wrapped: our wrapper, and what stood on the instance before it.
        self._wrapped: dict[str, tuple[Any, Any]] = {}
        # The calls that asked for a transition, by the identity of their arguments, which the transition carries.
        self._requests: OrderedDict[int, tuple[Any, str]] = OrderedDict()
        # What Pipecat calls the node that was entered last, and what we do.
        self._entered: tuple[Any, str] | None = None

    @staticmethod
    def fits(manager: Any) -> bool:
        """Tell whether a manager has what the hook stands on.

        Args:
            manager: A FlowManager.

        Returns:
            False if a later Pipecat renamed something; then `current_node` and the frames must do.
        """
        return all(callable(getattr(manager, name, None)) for name in _REQUIRED)

    @classmethod
    def listen(cls, manager: Any, listener: FlowListener) -> FlowManagerHook:
        """Listen to a manager, hooking it if nobody does yet.

        Args:
            manager: A FlowManager that fits.
            listener: Who is told.

        Returns:
            The hook, to `leave` later.
        """
        hook: FlowManagerHook | None = getattr(manager, _HOOK, None)
        if hook is None:
            hook = cls(manager)
            setattr(manager, _HOOK, hook)
        hook._install()
        hook._listeners.append(listener)
        return hook

    def leave(self, listener: FlowListener) -> None:
        """Stop listening. Without listeners the manager gets its own methods back.

        A method that somebody else wrapped after us stays as it is; our part of it only passes on until somebody
        listens again.

        Args:
            listener: Who was told.
        """
        if listener in self._listeners:
            self._listeners.remove(listener)
        if not self._listeners:
            self._restore()

    # Installing

    def _install(self) -> None:
        wrappers: dict[str, Callable[[Any], Any]] = {
            "_set_node": self._wrap_set_node,
            "_execute_transition": self._wrap_execute_transition,
            "_update_llm_context": self._wrap_update_llm_context,
        }
        if callable(getattr(self._manager, "_create_transition_func", None)):
            wrappers["_create_transition_func"] = self._wrap_create_transition_func
        for name, wrap in wrappers.items():
            if name not in self._wrapped:
                wrapper = wrap(getattr(self._manager, name))
                self._wrapped[name] = (wrapper, self._own(name))
                setattr(self._manager, name, wrapper)

    def _own(self, name: str) -> Any:
        # What stands on the instance itself: a wrapper of ours or somebody else's, mostly nothing.
        attributes: dict[str, Any] = self._manager.__dict__
        return attributes.get(name)

    def _restore(self) -> None:
        for name, (wrapper, before) in tuple(self._wrapped.items()):
            if self._own(name) is not wrapper:
                continue
            del self._wrapped[name]
            if before is None:
                delattr(self._manager, name)
            else:
                setattr(self._manager, name, before)
        if not self._wrapped:
            delattr(self._manager, _HOOK)

    def _guarded(self, look: Callable[[], Any]) -> Any:
        # What we fail to understand must not fail the call: the listeners' guards decide what to do.
        try:
            return look()
        except Exception as error:
            seen = error
        for listener in tuple(self._listeners):
            listener.hook_failed(seen)
        return None

    # The wrappers. Each awaits nothing but what it wraps, and lets every exception through.

    def _wrap_set_node(self, original: Any) -> Any:
        async def _set_node(node_id: str, node_config: Any, *args: Any, **kwargs: Any) -> Any:
            change = self._guarded(lambda: self._begin(node_id, node_config))
            token = _change.set((self, change) if change else None)
            try:
                result = await original(node_id, node_config, *args, **kwargs)
                if change and not change.entered:
                    # The methods were given back meanwhile, so nobody saw the entry.
                    self._guarded(lambda: self._enter(change, {}))
                return result
            except BaseException as error:
                if change:
                    for listener in change.heard_by:
                        listener.change_failed(change, error)
                raise
            finally:
                _change.reset(token)

        return _set_node

    def _wrap_update_llm_context(self, original: Any) -> Any:
        async def _update_llm_context(*args: Any, **kwargs: Any) -> Any:
            result = await original(*args, **kwargs)
            current = _change.get()
            if current is None or current[0] is not self:
                # The change began before anybody listened. The node is current as soon as this task goes on.
                functions = tool_names(kwargs.get("functions"))
                asyncio.get_running_loop().call_soon(self._entered_unseen, functions)
            elif not current[1].entered:
                self._guarded(lambda: self._enter(current[1], kwargs))
            return result

        return _update_llm_context

    def _wrap_execute_transition(self, original: Any) -> Any:
        async def _execute_transition(transition_info: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
            # A list, because the first _set_node takes it: a node set by an action of the new node has
            # another cause.
            token = _executing.set([transition_info])
            try:
                return await original(transition_info, *args, **kwargs)
            finally:
                _executing.reset(token)

        return _execute_transition

    def _wrap_create_transition_func(self, original: Any) -> Any:
        async def _create_transition_func(name: str, handler: Any, *args: Any, **kwargs: Any) -> Any:
            transition_func = await original(name, handler, *args, **kwargs)

            async def transition_func_observed(params: Any) -> Any:
                running = self._guarded(lambda: _RunningFunction(self, name, str(params.tool_call_id)))
                token = _running.set(running)
                try:
                    self._guarded(lambda: self._tell_began(name, params))
                    observed = self._guarded(lambda: self._with_observed_result(name, params))
                    return await transition_func(observed or params)
                finally:
                    # A task the handler leaves behind keeps its context, but runs in no function any more.
                    if running is not None:
                        running.running = False
                    _running.reset(token)

            return transition_func_observed

        return _create_transition_func

    def _with_observed_result(self, name: str, params: Any) -> Any:
        deliver = params.result_callback

        async def result_callback(*args: Any, **kwargs: Any) -> Any:
            # Here the function has just left its next node in _pending_transition, and nothing has run since.
            self._guarded(lambda: self._requested(name, params))
            return await deliver(*args, **kwargs)

        return dataclasses.replace(params, result_callback=result_callback)

    # Understanding

    def _tell_began(self, name: str, params: Any) -> None:
        for listener in tuple(self._listeners):
            listener.function_began(name, str(params.tool_call_id), params.arguments)

    def _requested(self, name: str, params: Any) -> None:
        pending: dict[str, Any] | None = getattr(self._manager, "_pending_transition", None)
        if not pending or pending.get("arguments") is not params.arguments:
            return
        tool_call_id = str(params.tool_call_id)
        self._requests[id(params.arguments)] = (params.arguments, tool_call_id)
        while len(self._requests) > _REQUESTS_KEPT:
            self._requests.popitem(last=False)
        node = node_name(pending["next_node"])
        from_node = self.current_node()
        for listener in tuple(self._listeners):
            listener.transition_requested(from_node, node, name, tool_call_id)

    def _begin(self, node_id: str, node_config: Any) -> NodeChange:
        config = cast("Mapping[str, Any]", node_config if isinstance(node_config, Mapping) else {})
        change = NodeChange(
            from_node=self.current_node(),
            node_id=node_id,
            node=node_name(node_config, node_id),
            cause="code",
            speaks=_count_actions(config, "tts_say", ("pre_actions",)),
            can_end=_count_actions(config, "end_conversation", ("pre_actions", "post_actions")) > 0,
            respond_immediately=bool(config.get("respond_immediately", True)),
        )
        executing = _executing.get()
        running = _running.get()
        if executing and executing[0].get("next_node") is node_config:
            info = executing.pop()
            change.cause = "function"
            change.function = info.get("function_name")
            change.arguments = info.get("arguments")
            change.result = info.get("result")
            _, change.tool_call_id = self._requests.pop(id(info.get("arguments")), (None, None))
        elif change.from_node is None:
            change.cause = "initial"
        if change.function is None and running is not None and running.running and running.hook is self:
            change.during, change.tool_call_id = running.function, running.tool_call_id
        change.heard_by = tuple(self._listeners)
        for listener in change.heard_by:
            listener.change_began(change)
        return change

    def _enter(self, change: NodeChange, update: dict[str, Any]) -> None:
        change.entered = True
        self._entered = (change.node_id, change.node)
        change.functions = tool_names(update.get("functions"))
        strategy = update.get("strategy") or getattr(self._manager, "_context_strategy", None)
        kind = getattr(strategy, "strategy", None)
        change.context_strategy = None if kind is None else str(getattr(kind, "value", kind))
        for listener in change.heard_by:
            listener.node_entered(change)

    def _entered_unseen(self, functions: tuple[str, ...]) -> None:
        for listener in tuple(self._listeners):
            listener.node_entered_unseen(functions)

    def current_node(self) -> str | None:
        """Name the node the manager is in, as it was named when it was entered.

        Returns:
            The name; None before the first node.
        """
        node_id = self._manager.current_node
        if self._entered is not None and self._entered[0] is node_id:
            return self._entered[1]
        return current_node(self._manager)


def node_name(node_config: Any, node_id: str | None = None) -> str:
    """Name a node as docs/metrics.md does.

    Args:
        node_config: A NodeConfig.
        node_id: What Pipecat calls the node, used if the configuration cannot be read.

    Returns:
        Its own name, or a stable one if it has none.
    """
    if not isinstance(node_config, Mapping):
        return stable_name(node_id or "")
    config = cast("Mapping[str, Any]", node_config)
    name = config.get("name")
    if name:
        return text_of(name)
    functions = [_function_name(function) for function in config.get("functions") or ()]
    return unnamed_node(functions, config.get("task_messages"))


def stable_name(node_id: Any, functions: tuple[str, ...] = ()) -> str:
    """Name a node of which only Pipecat's id is known.

    Args:
        node_id: The id: the node's name, a uuid4 invented for an unnamed one, or nothing.
        functions: Names of the node's own functions, if known.

    Returns:
        The name.
    """
    name = text_of(node_id)
    return unnamed_node(functions) if not name or looks_generated(name) else name


def current_node(manager: Any) -> str | None:
    """Name the node a manager is in.

    Args:
        manager: A FlowManager.

    Returns:
        The name; None before the first node. The functions of an unnamed node tell which it is.
    """
    node_id = manager.current_node
    if node_id is None:
        return None
    own = set(getattr(manager, "_current_functions", ()))
    own -= {_function_name(function) for function in getattr(manager, "_global_functions", ())}
    return stable_name(node_id, tuple(sorted(own)))


def is_flow_manager(manager: Any) -> bool:
    """Tell whether something looks like a FlowManager of either class.

    Args:
        manager: Anything.

    Returns:
        True if it is an object whose class, or itself, defines a current node. One that merely answers to every
        name, such as a mock, does not.
    """
    # A proxy that passes for a FlowManager says so in its __class__. A property that raises is still one.
    kinds = () if isinstance(manager, type) else manager.__class__.__mro__
    own = getattr(manager, "__dict__", ())
    return bool(kinds) and ("current_node" in own or any("current_node" in vars(kind) for kind in kinds))


def flow_state(manager: Any) -> Mapping[str, Any]:
    """Read the state that a flow keeps.

    Args:
        manager: A FlowManager.

    Returns:
        The state itself, not a copy; empty if this Pipecat has none.
    """
    return getattr(manager, "state", {})


def is_initialized(manager: Any) -> bool:
    """Tell whether a manager was initialised; before that it refuses every node.

    Args:
        manager: A FlowManager.

    Returns:
        True if it was, or if this Pipecat does not say.
    """
    return bool(getattr(manager, "_initialized", True))


def current_functions(manager: Any) -> tuple[str, ...]:
    """Name the functions offered in the node a manager is in.

    Args:
        manager: A FlowManager.

    Returns:
        The names, sorted; empty if this Pipecat does not show them.
    """
    return tuple(sorted(str(name) for name in getattr(manager, "_current_functions", ())))


def offers(manager: Any, functions: tuple[str, ...]) -> bool:
    """Tell whether functions are those of the node a manager is in.

    Args:
        manager: A FlowManager.
        functions: Names of functions.

    Returns:
        True if they are, or if this Pipecat does not show them.
    """
    return not hasattr(manager, "_current_functions") or set(current_functions(manager)) == set(functions)


def tool_names(tools: Any) -> tuple[str, ...]:
    """Name the functions of a ToolsSchema.

    Args:
        tools: A ToolsSchema, a list of functions and schemas, or anything else for none.

    Returns:
        The names, in the order offered.
    """
    offered: Any = getattr(tools, "standard_tools", tools)
    if not isinstance(offered, list | tuple):
        return ()
    return tuple(_function_name(function) for function in cast("list[Any]", offered))


def manager_to_move(properties: Any) -> Any:
    """Find the FlowManager that a function's result asks to change the node.

    Args:
        properties: The FunctionCallResultProperties of the result, or None.

    Returns:
        The FlowManager whose callback follows the result; None if the function stays.
    """
    callback = getattr(properties, "on_context_updated", None)
    manager = getattr(callback, "__self__", None)
    return manager if is_flow_manager(manager) else None


def tells_of_failure(result: Any, properties: Any) -> str | None:
    """Read the failure that Flows hides in a result: a handler that raised gives ``{"status": "error"}``.

    Args:
        result: The function's result.
        properties: Its properties; Flows gives none with a failure, and always some otherwise.

    Returns:
        The message; None if the function did not fail.
    """
    if properties is not None or not isinstance(result, Mapping):
        return None
    told = cast("Mapping[str, Any]", result)
    if set(told) == {"status", "error"} and told["status"] == "error":
        return text_of(told["error"])
    return None


def flows_package(manager: Any) -> str:
    """Name the Flows that a manager comes from.

    Args:
        manager: A FlowManager, or an instance of a subclass.

    Returns:
        ``pipecat.flows``, or ``pipecat_flows`` with its version.
    """
    for parent in type(manager).__mro__:
        if parent.__module__.startswith("pipecat.flows"):
            return "pipecat.flows"
        if parent.__module__.split(".")[0] == "pipecat_flows":
            try:
                return f"pipecat_flows {version('pipecat-ai-flows')}"
            except PackageNotFoundError:
                return "pipecat_flows"
    return type(manager).__module__


def _function_name(function: Any) -> str:
    return str(getattr(function, "name", None) or getattr(function, "__name__", None) or function)


def _count_actions(config: Mapping[str, Any], kind: str, lists: tuple[str, ...]) -> int:
    # Pipecat refuses what is no action, later than we look at it.
    actions: list[Any] = [action for name in lists for action in config.get(name) or ()]
    return sum(1 for action in actions if hasattr(action, "get") and action.get("type") == kind)
