"""The least that is asked of a visit where calls are followed one by one. Importing it loads no library."""

from __future__ import annotations

from typing import NamedTuple


class GroupedVisit(NamedTuple):
    """A visit, and the group of its call.

    Attributes:
        call_id: The call.
        flow_id: The flow.
        node: The node.
        entered_us: When it was entered, in microseconds UTC since 1970.
        exit_kind: How it was left; ``running`` while it is open.
        group: The call's value of the attribute that calls are grouped by; None if it has none, or without one.
    """

    call_id: str
    flow_id: str
    node: str
    entered_us: int
    exit_kind: str
    group: str | None = None
