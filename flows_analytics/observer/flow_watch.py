"""Writing what one FlowManager does into a call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flows_analytics.calls.declared import DeclaredGraph
from flows_analytics.calls.events import (
    ErrorSeen,
    NodeChangeBegan,
    NodeChangeFailed,
    NodeEntered,
    TransitionRequested,
)
from flows_analytics.observer.call_writer import CallWriter
from flows_analytics.observer.flow_manager_hook import (
    FlowManagerHook,
    current_functions,
    current_node,
    flow_state,
    flows_package,
    is_initialized,
    offers,
    tool_names,
)
from flows_analytics.observer.node_change import NodeChange

_AFTER_DETACH = "a FlowManager moved after it was detached"


class FlowWatch:
    """Turns the node changes of one FlowManager into moments.

    Args:
        manager: The FlowManager, of either class.
        writer: Where moments go.
        declared: The flow's declared graph, if it has one.
        before: The watch that the manager had before, if it was detached in between.
    """

    def __init__(
        self, manager: Any, writer: CallWriter, declared: DeclaredGraph | None, before: FlowWatch | None = None
    ) -> None:
        self.manager = manager
        self.flow = before.flow if before else None
        # Where the flow stood when the manager was detached, and where it may still stand.
        self._left_in = before.left_in if before else None
        self.left_in: str | None = None
        self._writer = writer
        self._declared = declared
        self._numbers: dict[NodeChange, int] = {}
        self._hook: FlowManagerHook | None = None
        self._detached = False
        self._since_ns = 0
        self._unfinished: set[NodeChange] = set()

    def attach(self) -> None:
        """Begin to watch. A node that is already current is recorded as entered now, by an unknown cause."""
        self._writer.recorder.name_flows(flows_package(self.manager))
        self._since_ns = self._writer.clock.now()
        node = current_node(self.manager)
        if node is not None and node != self._left_in:
            self._add_inferred(node, current_functions(self.manager), self._since_ns)
        if FlowManagerHook.fits(self.manager):
            self._hook = FlowManagerHook.listen(self.manager, self)
        else:
            why = "this Pipecat's FlowManager lacks what the hook stands on: transitions are inferred"
            self._writer.recorder.lose("hook_missing", why)
            self._writer.guard.say(why)

    def detach(self) -> None:
        """Stop watching and give the manager its methods back."""
        self._detached = True
        self.left_in = current_node(self.manager)
        self._since_ns = self._writer.clock.now()
        if self._hook is not None:
            self._hook.leave(self)

    def declare(self, graph: DeclaredGraph) -> None:
        """Attach the declared graph, now or when the flow has a name."""
        self._declared = graph
        if self.flow is not None:
            self._writer.recorder.declare(self.flow, graph)

    def tools_changed(self, tools: Any, at_ns: int) -> None:
        """Infer a node change from the frame that sets a node's tools.

        Does nothing where the hook sees node changes, for frames pushed before we looked, and for tools that are
        not those of the manager's node: a bot may have several managers, and other code may set tools.

        Args:
            tools: The tools of the frame. Every entry into a node sends exactly one, also without tools.
            at_ns: When it was pushed.
        """
        hooked = self._hook is not None and not self._detached
        functions = tool_names(tools)
        if hooked or at_ns < self._since_ns or not offers(self.manager, functions):
            return
        node = current_node(self.manager)
        if self._detached and not self._unfinished:
            self._writer.recorder.lose("after_detach", _AFTER_DETACH)
        elif not self._detached and node is not None:
            self._add_inferred(node, functions, at_ns)

    # What the hook tells

    def change_began(self, change: NodeChange) -> None:
        """See `FlowListener`."""
        self._guarded(self._add_began, change)

    def node_entered(self, change: NodeChange) -> None:
        """See `FlowListener`."""
        self._guarded(self._add_entered, change)

    def change_failed(self, change: NodeChange, error: BaseException) -> None:
        """See `FlowListener`."""
        self._guarded(self._add_failed, change, error)

    def function_began(self, function: str, tool_call_id: str, arguments: Any) -> None:
        """See `FlowListener`."""
        self._guarded(self._keep_arguments, function, tool_call_id, arguments)

    def transition_requested(self, from_node: str | None, node: str, function: str, tool_call_id: str) -> None:
        """See `FlowListener`."""
        self._guarded(self._add_requested, from_node, node, function, tool_call_id)

    def node_entered_unseen(self, functions: tuple[str, ...]) -> None:
        """See `FlowListener`."""
        self._guarded(self._add_unseen, functions)

    def hook_failed(self, error: Exception) -> None:
        """See `FlowListener`."""
        self._writer.guard.caught("a node change", error)

    # Writing

    def _guarded(self, write: Callable[..., None], *told: Any) -> None:
        if self._detached:
            self._writer.recorder.lose("after_detach", _AFTER_DETACH)
            return
        try:
            write(self._writer.clock.now(), *told)
        except Exception as error:
            self._writer.guard.caught("a node change", error)

    def _flow_id(self) -> str:
        if self.flow is None:
            self.flow = self._writer.next_flow()
            if self._declared is not None:
                self._writer.recorder.declare(self.flow, self._declared)
        return self.flow

    def _add_began(self, at_ns: int, change: NodeChange) -> None:
        if not is_initialized(self.manager):
            # Refused before it begins, and no flow yet: `main` is the first that is initialised.
            return
        number = self._numbers[change] = self._writer.next_change()
        self._unfinished.add(change)
        self._writer.add(
            NodeChangeBegan,
            at_ns,
            change=number,
            flow=self._flow_id(),
            from_node=change.from_node,
            node=change.node,
            cause=change.cause,
            function=change.function,
            arguments=self._writer.asked(change.tool_call_id, change.function, change.arguments),
            result=self._writer.result(change.result),
            tool_call_id=change.tool_call_id,
            during=change.during,
            speaks=change.speaks,
        )

    def _keep_arguments(self, at_ns: int, function: str, tool_call_id: str, arguments: Any) -> None:
        self._writer.keep_asked(tool_call_id, function, arguments)

    def _add_entered(self, at_ns: int, change: NodeChange) -> None:
        self._unfinished.discard(change)
        self._writer.flow_functions.update(change.functions)
        self._writer.add(
            NodeEntered,
            at_ns,
            change=self._numbers.get(change),
            flow=self._flow_id(),
            node=change.node,
            cause=change.cause,
            functions=change.functions,
            context_strategy=change.context_strategy,
            respond_immediately=change.respond_immediately,
            can_end=change.can_end,
            state=self._writer.state(flow_state(self.manager)),
        )

    def _add_failed(self, at_ns: int, change: NodeChange, error: BaseException) -> None:
        self._unfinished.discard(change)
        number = self._numbers.get(change)
        if number is None:
            message = self._writer.result(error)
            self._writer.add(ErrorSeen, at_ns, message=message, processor=type(self.manager).__name__)
            return
        self._writer.add(
            NodeChangeFailed,
            at_ns,
            change=number,
            flow=self._flow_id(),
            node=change.node,
            entered=change.entered,
            error=self._writer.result(error),
            error_type=type(error).__name__,
        )

    def _add_requested(
        self, at_ns: int, from_node: str | None, node: str, function: str, tool_call_id: str
    ) -> None:
        self._writer.add(
            TransitionRequested,
            at_ns,
            flow=self._flow_id(),
            from_node=from_node,
            node=node,
            function=function,
            tool_call_id=tool_call_id,
        )

    def _add_unseen(self, at_ns: int, functions: tuple[str, ...]) -> None:
        node = self._hook.current_node() if self._hook else None
        if node is not None:
            self._add_inferred(node, functions, at_ns)

    def _add_inferred(self, node: str, functions: tuple[str, ...], at_ns: int) -> None:
        self._writer.flow_functions.update(functions)
        self._writer.add(
            NodeEntered,
            at_ns,
            flow=self._flow_id(),
            node=node,
            cause="inferred",
            functions=functions,
            state=self._writer.state(flow_state(self.manager)),
        )
