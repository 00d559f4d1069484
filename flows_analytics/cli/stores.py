"""The calls directory that a command is given."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from flows_analytics.errors import FlowsAnalyticsError

if TYPE_CHECKING:
    from flows_analytics.store.call_store import CallStore
    from flows_analytics.store.problem import Problem


def open_store(directory: Path, on_problem: Callable[[Problem], None]) -> CallStore:
    """Open a calls directory, or the one inside of what the demo writes.

    Args:
        directory: The directory.
        on_problem: Told of what cannot be counted.

    Returns:
        The store.

    Raises:
        FlowsAnalyticsError: ``store_not_there``.
    """
    from flows_analytics.files.layout import TABLES_DIRECTORY, list_calls
    from flows_analytics.store.call_store import CallStore

    if not directory.is_dir():
        raise FlowsAnalyticsError("store_not_there", f"{directory} is not there: name a calls directory")
    inside = directory / "calls"
    if inside.is_dir() and not (directory / TABLES_DIRECTORY).is_dir() and not list_calls(directory):
        directory = inside
    return CallStore(directory, on_problem=on_problem)
