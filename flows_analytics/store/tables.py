"""The tables: one row type each, whose fields are the columns. docs/store.md is written from them.

Times are microseconds UTC since 1970, durations microseconds. Every row carries ``call_id`` and the day of its
call, so that a call is whole within one day's files. None is NULL: not known, or not there.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple


class CallRow(NamedTuple):
    """One call.

    Attributes:
        call_id: The call.
        started_date: Day on which it started, UTC.
        started_us: When it started.
        ended_us: When it ended; NULL while it runs.
        duration_us: How long it took; NULL while it runs.
        duration_bucket: Log bucket of ``duration_us``.
        status: ``started``, ``completed``, ``cancelled`` or ``error``.
        exit_kind: How it ended, also if no node was ever set; ``running`` while it runs.
        open: Whether it runs.
        end_reason: The reason given for the end; NULL if none was.
        call_type: Kind of call, such as ``web_call``.
        agent_id: The bot.
        agent_name: Its name for people.
        agent_version: Its version.
        flows: Paths that are not empty; 0 if no node was ever set.
        visits: Visits in all of them.
        goals: Nodes that mean success, as numbers: ``|0||7|``; empty without any.
        source: Its JSON file in the calls directory; NULL if it was imported.
        source_size: Size of that file in bytes.
        source_mtime_ns: When that file was written.
        digest: Tells contents of files apart; NULL if imported.
    """

    call_id: str
    started_date: date
    started_us: int
    ended_us: int | None
    duration_us: int | None
    duration_bucket: int | None
    status: str
    exit_kind: str
    open: bool
    end_reason: str | None
    call_type: str | None
    agent_id: str | None
    agent_name: str | None
    agent_version: str | None
    flows: int
    visits: int
    goals: str
    source: str | None
    source_size: int | None
    source_mtime_ns: int | None
    digest: str | None


class PathRow(NamedTuple):
    """One path: the nodes that one flow of a call visited.

    Attributes:
        call_id: The call.
        started_date: Day on which the call started, UTC.
        flow_id: The flow.
        path: Its nodes as numbers of the table ``nodes``: ``|0||1|``.
        path_len: How many visits.
        entered_us: When each was entered, in order: a funnel with times reads no visits.
        end_kind: Exit kind of the last visit; ``running`` while it is open.
        goal: Whether a goal is among its nodes.
        open: Whether its call runs.
        flows: Paths of its call.
        first_in_call: Whether no earlier path of the call is the same and ended in the same way.
        agent_id: The bot.
        agent_version: Its version.
        started_us: When the call started.
        duration_us: How long the call took; NULL while it runs.
        duration_bucket: Log bucket of ``duration_us``.
    """

    call_id: str
    started_date: date
    flow_id: str
    path: str
    path_len: int
    entered_us: list[int]
    end_kind: str
    goal: bool
    open: bool
    flows: int
    first_in_call: bool
    agent_id: str | None
    agent_version: str | None
    started_us: int
    duration_us: int | None
    duration_bucket: int | None


class VisitRow(NamedTuple):
    """One stay in one node.

    Attributes:
        call_id: The call.
        started_date: Day on which the call started, UTC.
        flow_id: The flow.
        seq: Number of the visit in its path, from 0.
        node: The node.
        visit_no: 1 at the first visit of the node in its path, 2 at the second.
        via: The function that led into it; NULL when code set the node.
        cause: ``initial``, ``function``, ``code`` or ``inferred``.
        entered_us: When the node became current.
        left_us: When it was left; NULL while the visit is open.
        dwell_us: Time spent in the node; NULL while it is open, or if the clock ran backwards.
        dwell_bucket: Log bucket of ``dwell_us``.
        exit_kind: How it was left: ``transition``, ``handoff``, ``end``, ``hangup``, ``transfer``, ``error``,
            ``timeout``, ``cancelled``, ``lost`` or ``running``.
        next_node: The node visited next; NULL if none was.
        previous_node: The node visited before; NULL at the beginning of a path.
        setup_us: How long the node change into it took; NULL if its start was not seen.
        latency_us: From the start of what caused the node change to the first audio of the node; NULL if unknown.
        latency_bucket: Log bucket of ``latency_us``.
        first_in_call: Whether no earlier visit of the call, in any of its flows, was in this node.
        first_move_in_call: Whether no earlier visit of the call came to this node from the same one; false at the
            beginning of a path.
        caller_turns: Turns of the caller; NULL if unknown.
        bot_turns: Turns of the bot; NULL if unknown.
        interruptions: Times that the caller cut off speech; NULL if unknown.
        tool_calls: Tool calls; NULL if unknown.
        tool_errors: Those that failed or timed out; NULL if unknown.
    """

    call_id: str
    started_date: date
    flow_id: str
    seq: int
    node: str
    visit_no: int
    via: str | None
    cause: str
    entered_us: int
    left_us: int | None
    dwell_us: int | None
    dwell_bucket: int | None
    exit_kind: str
    next_node: str | None
    previous_node: str | None
    setup_us: int | None
    latency_us: int | None
    latency_bucket: int | None
    first_in_call: bool
    first_move_in_call: bool
    caller_turns: int | None
    bot_turns: int | None
    interruptions: int | None
    tool_calls: int | None
    tool_errors: int | None


class TurnRow(NamedTuple):
    """One side speaking.

    Attributes:
        call_id: The call.
        started_date: Day on which the call started, UTC.
        seq: Number of the turn in the call, from 0.
        flow_id: The flow whose visit it belongs to; NULL if it belongs to none.
        visit_seq: That visit's number in its path.
        node: That visit's node.
        speaker: ``caller`` or ``bot``.
        text: What was said; of the bot, what was heard.
        started_us: When it began.
        ended_us: When it ended; NULL if that is not known yet.
        latency_us: How long the caller waited for it; NULL if it answers nothing, or if that was not measured.
        latency_bucket: Log bucket of ``latency_us``.
        interrupted: Whether the caller cut it off.
        typed: Whether it was typed.
        backchannel: Whether it only acknowledged what the other side said.
    """

    call_id: str
    started_date: date
    seq: int
    flow_id: str | None
    visit_seq: int | None
    node: str | None
    speaker: str
    text: str
    started_us: int
    ended_us: int | None
    latency_us: int | None
    latency_bucket: int | None
    interrupted: bool
    typed: bool
    backchannel: bool


class ToolCallRow(NamedTuple):
    """One call of a function by the LLM.

    Attributes:
        call_id: The call.
        started_date: Day on which the call started, UTC.
        seq: Number of the tool call in the call, from 0.
        flow_id: The flow whose visit it belongs to; NULL if it belongs to none.
        visit_seq: That visit's number in its path.
        node: That visit's node.
        tool_call_id: The LLM's id of it; some servers use the same one again and again.
        function: The function.
        outcome: What became of it: ``moved``, ``stayed``, ``lost``, ``failed``, ``cancelled``, ``timed_out``,
            ``unfinished``, ``never_ran`` or ``open``.
        failed: Whether it failed or timed out.
        moved: Whether it moved the flow.
        started_us: When its handler began to run; NULL if that was not seen.
        ended_us: When it settled; NULL if it did not.
        duration_us: How long it ran; NULL if either is.
    """

    call_id: str
    started_date: date
    seq: int
    flow_id: str | None
    visit_seq: int | None
    node: str | None
    tool_call_id: str
    function: str
    outcome: str
    failed: bool
    moved: bool
    started_us: int | None
    ended_us: int | None
    duration_us: int | None


class OfferRow(NamedTuple):
    """One function offered in one visit.

    Attributes:
        call_id: The call.
        started_date: Day on which the call started, UTC.
        flow_id: The flow.
        visit_seq: The visit's number in its path.
        node: The visit's node.
        function: The function.
        taken: How often the LLM called it in that visit.
    """

    call_id: str
    started_date: date
    flow_id: str
    visit_seq: int
    node: str
    function: str
    taken: int


class FailedTransitionRow(NamedTuple):
    """One move that did not happen. Those that did are visits.

    Attributes:
        call_id: The call.
        started_date: Day on which the call started, UTC.
        seq: Number of the transition in the call, from 0, those that happened counted too.
        flow_id: The flow.
        from_node: The node it would have left; NULL if the flow was in none yet.
        to_node: The node it would have led to.
        cause: ``initial``, ``function`` or ``code``.
        function: The function that asked for it; NULL when code did.
        outcome: ``failed`` if the node change raised, ``lost`` if the framework never began it, ``cut_off`` if the
            call ended meanwhile.
        began_us: When it began, or was asked for.
    """

    call_id: str
    started_date: date
    seq: int
    flow_id: str
    from_node: str | None
    to_node: str
    cause: str
    function: str | None
    outcome: str
    began_us: int | None


TABLES: dict[str, type[tuple[object, ...]]] = {
    "calls": CallRow,
    "paths": PathRow,
    "visits": VisitRow,
    "turns": TurnRow,
    "tool_calls": ToolCallRow,
    "offers": OfferRow,
    "failed_transitions": FailedTransitionRow,
}
"""The row type of each table that is kept by day."""

WITH_METADATA = frozenset({"calls", "paths"})
"""Tables that have a column for each key of the calls' metadata."""

METADATA_PREFIX = "metadata_"
"""What the names of those columns begin with."""

METADATA_COLUMNS = 200
"""Most columns of metadata: a bot that makes up keys, one for each order, would make a table of millions."""
