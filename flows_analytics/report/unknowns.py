"""What a recording does not know, said out loud."""

from __future__ import annotations

from collections.abc import Iterator

from flows_analytics.calls.naming import UNNAMED
from flows_analytics.calls.record import CallRecord
from flows_analytics.report.visible import one_line
from flows_analytics.report.words import counted


def unknowns(record: CallRecord) -> tuple[str, ...]:
    """Say what a recording does not know, so that silence on the page is never taken for a fact.

    Args:
        record: The call.

    Returns:
        Sentences, the gravest first; empty if nothing is known to be missing.
    """
    return (*_losses(record), *_ending(record), *_visits(record), *_turns(record), *_tools(record))


def _losses(record: CallRecord) -> Iterator[str]:
    for code, loss in record.health.losses.items():
        yield f"Lost {counted(loss.count, 'time')} ({one_line(code)}): {one_line(loss.why)}."


def _ending(record: CallRecord) -> Iterator[str]:
    if record.exit_kind == "running":
        yield "The call had not ended: there may be more of it than this page shows."
    elif record.exit_kind == "lost":
        yield "The bot's process died. The call is taken to have ended with the last moment that was saved."
    elif record.exit_kind == "cancelled" and record.end_reason is None:
        yield "The call was cancelled without a reason, which says nothing of who ended it."


def _visits(record: CallRecord) -> Iterator[str]:
    if not record.visits:
        yield "No node was ever entered, so there is no path to show."
        return
    inferred = sum(visit.cause == "inferred" for visit in record.visits)
    if inferred:
        yield (
            f"How {counted(inferred, 'visit')} came about was not seen, only that the node was current; the "
            "function and the start of such a move are missing."
        )
    if any(visit.node == UNNAMED or visit.node.startswith(f"{UNNAMED}:") for visit in record.visits):
        yield (
            "Nodes without a name in the bot are called unnamed, with a mark made from their functions or "
            "their task messages, so that the same node has the same name in every call."
        )
    if record.flow_ids and not any(flow in record.declared for flow in record.flow_ids):
        yield (
            "The bot did not declare its flow, so it is not known where the functions that were offered and not "
            "called would have led."
        )


def _turns(record: CallRecord) -> Iterator[str]:
    turns = record.turns
    if not turns:
        yield "Nothing was said, or nothing that was said was transcribed."
        return
    if not any(turn.text for turn in turns):
        yield "What was said was not recorded: transcripts were switched off."
    if all(turn.latency_ms is None for turn in turns):
        yield "How long the caller waited for each answer was not measured."
    if any(turn.interrupted and turn.unspoken is None for turn in turns):
        yield "What the bot would have said when it was interrupted is not known; only what was heard is shown."
    if any(turn.end_ms is None for turn in turns):
        yield "The end of some turns was not seen, so their length is left out."


def _tools(record: CallRecord) -> Iterator[str]:
    calls = record.tool_calls
    if calls and all(call.arguments is None for call in calls):
        yield "No arguments of tool calls were recorded: they were switched off."
    if calls and all(call.result is None for call in calls):
        yield "No results of tool calls were recorded: they were switched off, or there were none."
    if any(call.started_ms is None and call.outcome != "never_ran" for call in calls):
        yield "The start of some tool calls was not seen, so how long they ran is left out."
