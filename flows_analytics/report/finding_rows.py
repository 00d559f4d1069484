"""What looks wrong in a call, in plain words, each with a link to where it happened."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Any

from flows_analytics.calls.findings import Finding
from flows_analytics.calls.intervals import ContributionName
from flows_analytics.calls.record import CallRecord
from flows_analytics.report.times import Stamp, duration, stamp
from flows_analytics.report.tool_items import tool_anchor
from flows_analytics.report.transition_rows import transition_anchor
from flows_analytics.report.turn_items import turn_anchor
from flows_analytics.report.visible import Name, PageText, page_name, page_text
from flows_analytics.report.words import WAITED_FOR, ordinal


@dataclass(frozen=True)
class FindingRow:
    """Something that looks wrong.

    Attributes:
        code: Its stable code.
        words: What it is, as a sentence without its full stop.
        quote: What it is concluded from, word for word: an error's message, or what was said. None without one.
        at: When; None if the record holds no finite time.
        node: The node it happened in; None outside any.
        anchor: Id of the place on the page where it is seen.
    """

    code: str
    words: str
    quote: PageText | None
    at: Stamp | None
    node: Name | None
    anchor: str


def finding_rows(record: CallRecord) -> tuple[FindingRow, ...]:
    """Word what looks wrong in a call.

    Args:
        record: The call.

    Returns:
        One row per finding, in order of time; empty if nothing looks wrong.
    """
    places = _Places(record)
    rows: list[FindingRow] = []
    for finding in record.findings:
        quote = finding.evidence.get("error", finding.evidence.get("text"))
        rows.append(
            FindingRow(
                code=finding.code,
                words=_words(finding, record),
                quote=page_text(str(quote)) if quote else None,
                at=stamp(finding.at_ms),
                node=page_name(record.visits[finding.visit].node) if finding.visit is not None else None,
                anchor=places.of(finding),
            )
        )
    return tuple(rows)


def _words(finding: Finding, record: CallRecord) -> str:
    told = finding.evidence
    match finding.code:
        case "flow_stuck":
            stood = _lasted(told, "stood_ms")
            return f"The flow got stuck: {_move(told)} did not happen, and no other for {stood}"
        case "transition_lost":
            move = _move(told)
            return f"T{move[1:]} did not happen; the flow stood for {_lasted(told, 'stood_ms')}"
        case "function_failed":
            return f"The function {_name(told, 'function')} failed"
        case "function_cancelled":
            return f"The function {_name(told, 'function')} was cancelled before it returned"
        case "function_timed_out":
            return f"The function {_name(told, 'function')} did not return in time"
        case "function_never_ran":
            return f"The LLM called the function {_name(told, 'function')}, and it never ran"
        case "opening_repeated":
            return "The LLM gave the same opening twice before the caller said anything"
        case "silent_after_entry":
            return (
                f"Nobody spoke for {_lasted(told, 'silent_ms')} after the node {_name(told, 'node')} was entered"
            )
        case "node_reentered":
            return f"The node {_name(told, 'node')} was entered for the {ordinal(int(told['visit_no']))} time"
        case "caller_repeated":
            return "The caller had to say the same again"
        case "ended_outside_goal":
            short = (
                " without having reached a goal" if record.goals else ", which has no action that ends the call"
            )
            return f"The call ended in the node {_name(told, 'node')}{short}"
        case "slow_answer":
            return f"The caller waited {_lasted(told, 'latency_ms')} for an answer{_longest(told['mostly'])}"
        case "transcript_empty":
            if told["speaker"] == "bot":
                return "Nothing that the bot said was recorded"
            return "A voice was heard on the caller's side, and nothing of it was transcribed"


def _move(told: dict[str, Any]) -> str:
    start = f"from {_name(told, 'from_node')} " if told["from_node"] is not None else ""
    by = f", which {_name(told, 'function')} asked for," if "function" in told else ""
    return f"the move {start}to {_name(told, 'to_node')}{by}"


def _longest(name: ContributionName | None) -> str:
    if name is None:
        return ""
    return "; what for is mostly not known" if name == "unnamed" else f"; the longest part: {WAITED_FOR[name]}"


def _name(told: dict[str, Any], key: str) -> str:
    return page_name(str(told[key])).text


def _lasted(told: dict[str, Any], key: str) -> str:
    lasted = duration(told[key])
    return lasted.text if lasted else "an unknown time"


class _Places:
    """Finds where on the page a finding is seen."""

    def __init__(self, record: CallRecord) -> None:
        self._tools = {
            (call.tool_call_id, call.function, at_ms): position
            for position, call in enumerate(record.tool_calls)
            for at_ms in (call.requested_ms, call.started_ms, call.ended_ms)
            if at_ms is not None
        }
        self._moves = {
            (move.from_node, move.to_node, move.began_ms): position
            for position, move in enumerate(record.transitions)
        }
        self._spoken = [turn for turn in record.turns if turn.speaker == "bot"]

    def of(self, finding: Finding) -> str:
        told = finding.evidence
        match finding.code:
            case "slow_answer":
                return turn_anchor(told["turn"])
            case "caller_repeated":
                return turn_anchor(told["turns"][1])
            case "flow_stuck" | "transition_lost":
                position = self._moves.get((told["from_node"], told["to_node"], finding.at_ms))
                return self._visit(finding) if position is None else transition_anchor(position)
            case "function_failed" | "function_cancelled" | "function_timed_out" | "function_never_ran":
                position = self._tools.get((told["tool_call_id"], told["function"], finding.at_ms))
                return self._visit(finding) if position is None else tool_anchor(position)
            case "opening_repeated":
                following = bisect_left(self._spoken, finding.at_ms, key=lambda turn: turn.start_ms)
                turn = self._spoken[following] if following < len(self._spoken) else None
                return turn_anchor(turn.seq) if turn and turn.visit == finding.visit else self._visit(finding)
            case _:
                return self._visit(finding)

    def _visit(self, finding: Finding) -> str:
        return "transcript" if finding.visit is None else f"visit-{finding.visit + 1}"
