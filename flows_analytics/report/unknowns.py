"""What a recording does not know, said out loud."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from flows_analytics.calls.events import BotText, MetricsOff, SpeakRequested
from flows_analytics.calls.naming import UNNAMED
from flows_analytics.calls.offers import never_taken
from flows_analytics.calls.record import CallRecord
from flows_analytics.calls.turns import Turn
from flows_analytics.report.turn_items import cuts
from flows_analytics.report.visible import one_line
from flows_analytics.report.words import counted


def unknowns(record: CallRecord) -> tuple[str, ...]:
    """Say what a recording does not know, so that silence on the page is never taken for a fact.

    Args:
        record: The call.

    Returns:
        Sentences, the gravest first; empty if nothing is known to be missing.
    """
    return (
        *_losses(record),
        *_contradictions(record),
        *_ending(record),
        *_visits(record),
        *_turns(record),
        *_tools(record),
        *_metrics(record),
    )


def _losses(record: CallRecord) -> Iterator[str]:
    for code, loss in record.health.losses.items():
        yield f"Lost {counted(loss.count, 'time')} ({one_line(code)}): {one_line(loss.why)}."


def _contradictions(record: CallRecord) -> Iterator[str]:
    turns, visits, calls = record.turns, record.visits, record.tool_calls
    for one, lengths in (
        ("call", [record.duration_ms]),
        ("visit", [visit.dwell_ms for visit in visits]),
        ("turn", [turn.end_ms - turn.start_ms for turn in turns if turn.end_ms is not None]),
        ("wait for an answer", [turn.latency_ms for turn in turns]),
        ("tool call", [call.duration_ms for call in calls]),
    ):
        wrong = sum(ms is not None and math.isfinite(ms) and round(ms) < 0 for ms in lengths)
        if wrong:
            several = {"wait for an answer": "waits for answers"}.get(one)
            yield (
                f"The record contradicts itself: {counted(wrong, one, several)} {'ends' if wrong == 1 else 'end'} "
                "before the beginning, so the time taken is not known."
            )


def _ending(record: CallRecord) -> Iterator[str]:
    if record.exit_kind == "running":
        yield "The call had not ended: there may be more of it than this page shows."
    elif record.exit_kind == "lost":
        yield "The bot's process died. The call is taken to have ended with the last moment that was saved."
    elif record.exit_kind == "cancelled" and record.disconnection and record.disconnection.source is None:
        given = "with a reason that" if record.end_reason else "without a reason, which"
        yield f"The call was cancelled {given} says nothing of who ended it."


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
    undeclared = record.flow_ids and not any(flow in record.declared for flow in record.flow_ids)
    if undeclared and never_taken(record.offers):
        yield (
            "The bot did not declare its flow, so it is not known where the functions that were offered and not "
            "called would have led."
        )


def _turns(record: CallRecord) -> Iterator[str]:
    turns = record.turns
    if not turns:
        yield "Nothing was said, or nothing that was said was transcribed."
        return
    kept = any(turn.text for turn in turns)
    if not kept:
        yield "What was said was not recorded: transcripts were switched off."
    if _answers(turns) and all(turn.latency_ms is None for turn in turns):
        yield "How long the caller waited for each answer was not measured."
    if kept and _rest_unknown(record):
        yield "What the bot would have said when it was cut off is not known; only what was heard is shown."
    if any(turn.end_ms is None for turn in turns):
        yield "The end of some turns was not seen, so their length is left out."


def _answers(turns: Sequence[Turn]) -> bool:
    """Whether the bot spoke after the caller did, which a wait could have been measured for."""
    speakers = [turn.speaker for turn in turns if not turn.backchannel]
    return "bot" in speakers[speakers.index("caller") :] if "caller" in speakers else False


def _rest_unknown(record: CallRecord) -> bool:
    """Whether a turn was cut off whose whole text is not known.

    Where it is known and nothing is unspoken, the caller heard all of it.
    """
    cut = [
        turn
        for turn, cut_by in zip(record.turns, cuts(record), strict=True)
        if turn.speaker == "bot" and cut_by is not None and turn.unspoken is None
    ]
    written = {inference.seq for inference in record.inferences if inference.text}
    written |= {event.seq for event in record.events if isinstance(event, SpeakRequested) and event.text}
    heard = sorted((event.at_ms, event.origin in written) for event in record.events if isinstance(event, BotText))
    for turn in cut:
        since = bisect_left(heard, (turn.start_ms, False))
        until = bisect_right(heard, (turn.end_ms if turn.end_ms is not None else math.inf, True))
        if not any(known for _, known in heard[since:until]):
            return True
    return False


def _tools(record: CallRecord) -> Iterator[str]:
    calls = record.tool_calls
    ran = [call for call in calls if call.started_ms is not None]
    returned = [call for call in calls if call.outcome in ("moved", "stayed", "lost")]
    if ran and all(call.arguments is None for call in ran):
        yield "No arguments of tool calls were recorded: they were switched off."
    if returned and all(call.result is None for call in returned):
        yield "No results of tool calls were recorded: they were switched off, or there were none."
    if any(call.started_ms is None and call.outcome != "never_ran" for call in calls):
        yield "The start of some tool calls was not seen, so how long they ran is left out."
    if any(keys.keys is None for keys in record.keys):
        yield "Which keys of the phone were pressed was not recorded: transcripts or arguments were switched off."


def _metrics(record: CallRecord) -> Iterator[str]:
    off = [event for event in record.events if isinstance(event, MetricsOff)]
    if any(event.usage for event in off):
        yield "What the services consumed was not reported: the pipeline ran without enable_usage_metrics."
    if any(event.measures for event in off):
        yield (
            "How long the services say they took was not reported: the pipeline ran without enable_metrics. "
            "The waits on this page are measured without it."
        )
