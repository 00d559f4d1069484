"""The FlowManagers of one call."""

from __future__ import annotations

from typing import Any

from flows_analytics.errors import ObserverError
from flows_analytics.observer.call_writer import CallWriter
from flows_analytics.observer.declared_flow import read_declared
from flows_analytics.observer.flow_manager_hook import is_flow_manager
from flows_analytics.observer.flow_watch import FlowWatch


class FlowWatches:
    """Watches each FlowManager of a call while it is attached, and knows it afterwards.

    Args:
        writer: Where moments go.
    """

    def __init__(self, writer: CallWriter) -> None:
        self._writer = writer
        self._watches: list[FlowWatch] = []
        self._detached: list[FlowWatch] = []

    def attach(self, manager: Any, declared: Any) -> None:
        """Watch a manager from now on; one that is watched already only takes its declared flow.

        Args:
            manager: The FlowManager.
            declared: The Flow or FlowConfig it runs; None if unknown.

        Raises:
            ObserverError: ``not_a_flow_manager``; ``not_a_flow``.
        """
        if not is_flow_manager(manager):
            given = f"the class {manager.__name__}" if isinstance(manager, type) else f"a {type(manager).__name__}"
            raise ObserverError(
                "not_a_flow_manager",
                f"attach_flow_manager takes a FlowManager, not {given}: give it the object that the bot calls "
                "initialize() on",
            )
        graph = None if declared is None else read_declared(declared)
        known = next((watch for watch in self._watches if watch.manager is manager), None)
        if known is not None:
            if graph is not None:
                known.declare(graph)
            return
        before = next((watch for watch in self._detached if watch.manager is manager), None)
        watch = FlowWatch(manager, self._writer, graph, before)
        try:
            watch.attach()
            self._watches.append(watch)
            self._detached = [watch for watch in self._detached if watch is not before]
        except Exception as error:
            self._writer.guard.caught("the attached FlowManager", error)

    def detach(self, manager: Any) -> None:
        """Stop watching a manager and give it its methods back.

        Args:
            manager: The manager; one that is not watched is left alone.
        """
        for watch in [watch for watch in self._watches if watch.manager is manager]:
            watch.detach()
            self._watches.remove(watch)
            self._detached.append(watch)

    def close(self) -> None:
        """Stop watching all of them."""
        watches, self._watches = self._watches, []
        for watch in watches:
            watch.detach()

    def knows(self, manager: Any) -> bool:
        """Tell whether a manager is watched, or was.

        Args:
            manager: The manager.

        Returns:
            Whether it was attached.
        """
        return any(watch.manager is manager for watch in (*self._watches, *self._detached))

    def tools_changed(self, tools: Any, at_ns: int) -> None:
        """Tell them of a frame that sets the LLM's tools.

        Args:
            tools: The tools.
            at_ns: When it was pushed.
        """
        for watch in (*self._watches, *self._detached):
            watch.tools_changed(tools, at_ns)
