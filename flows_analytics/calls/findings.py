"""Findings: what looks wrong in a call, and where."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from statistics import median
from typing import Any, Literal

from flows_analytics.calls.events import (
    BotText,
    CallerIdle,
    CallerVoiceStarted,
    Events,
)
from flows_analytics.calls.inferences import Inference
from flows_analytics.calls.kinds import of_kind
from flows_analytics.calls.lost import CALL_ENDED_FIRST
from flows_analytics.calls.similarity import alike, words_of
from flows_analytics.calls.tools import ToolCall
from flows_analytics.calls.transitions import CUT_OFF, Transition
from flows_analytics.calls.turns import Turn
from flows_analytics.calls.visits import Visit, VisitTimes

Code = Literal[
    "flow_stuck",
    "transition_lost",
    "function_failed",
    "function_cancelled",
    "function_timed_out",
    "function_never_ran",
    "opening_repeated",
    "silent_after_entry",
    "node_reentered",
    "caller_repeated",
    "ended_outside_goal",
    "slow_answer",
    "transcript_empty",
]
"""What can be found. A code keeps its meaning for ever."""


@dataclass(frozen=True)
class Thresholds:
    """From where on something is worth a finding.

    Attributes:
        stuck_ms: How long a flow may stand after a transition that did not happen.
        silence_ms: How long a node may be silent after it was entered.
        entries: How often a node may be entered before it is worth a look.
        slow_ms: How long the caller may wait for an answer.
        slow_times: How many times the median of the call's waits an answer may take, if there are five.
    """

    stuck_ms: float = 5_000.0
    silence_ms: float = 5_000.0
    entries: int = 3
    slow_ms: float = 4_000.0
    slow_times: float = 3.0


@dataclass(frozen=True)
class Finding:
    """Something that looks wrong in a call.

    Codes:

    - ``flow_stuck``: a transition was interrupted, lost or never executed, and the flow entered no node again.
    - ``transition_lost``: the same, but the flow got on later.
    - ``function_failed``: a function raised; Pipecat Flows tells it to the LLM only.
    - ``function_cancelled``, ``function_timed_out``, ``function_never_ran``: what became of a function instead.
    - ``opening_repeated``: two inferences said the same before the caller spoke.
    - ``silent_after_entry``: a node that should have spoken at once said nothing for long.
    - ``node_reentered``: a node was entered again and again.
    - ``caller_repeated``: the caller said again what he had just said.
    - ``ended_outside_goal``: the call reached no goal; without goals, it ended in a node that cannot end it.
    - ``slow_answer``: the caller waited long, or far longer than usual in the call.
    - ``transcript_empty``: nothing of the bot was recorded, or a voice of the caller and no words.

    Attributes:
        code: What: one of the codes above.
        at_ms: When.
        visit: Position in ``record.visits`` of the visit it happened in; None outside any.
        evidence: What it is concluded from: names, texts and durations, by key. What the recording was told not
            to keep is not here either.
    """

    code: Code
    at_ms: float
    visit: int | None
    evidence: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Readings:
    """What findings are made from: the readings of one call.

    Attributes:
        events: The moments.
        visits: The visits.
        transitions: The transitions.
        turns: The turns.
        tool_calls: The tool calls.
        inferences: The inferences.
        goals: Nodes that mean success; empty if none were named.
        ended_ms: When the call ended; None while it runs.
        last_ms: The time of its last moment.
    """

    events: Events
    visits: Sequence[Visit]
    transitions: Sequence[Transition]
    turns: Sequence[Turn]
    tool_calls: Sequence[ToolCall]
    inferences: Sequence[Inference]
    goals: tuple[str, ...]
    ended_ms: float | None
    last_ms: float

    def visit_at(self, at_ms: float) -> int | None:
        """Find the visit that was current at a time.

        Args:
            at_ms: A time in the call.

        Returns:
            Its position in ``visits``; None before the first.
        """
        return self._times.at(at_ms)

    @cached_property
    def _times(self) -> VisitTimes:
        return VisitTimes(self.visits)


def read_findings(call: Readings, thresholds: Thresholds | None = None) -> tuple[Finding, ...]:
    """Look for what goes wrong in calls of Pipecat Flows bots.

    Args:
        call: The readings of a call.
        thresholds: From where on something is worth a finding; None for the defaults.

    Returns:
        The findings in order of time; empty if nothing looks wrong.
    """
    limits = thresholds or Thresholds()
    found = [
        *_transitions(call, limits),
        *_functions(call),
        *_openings(call),
        *_silences(call, limits),
        *_reentries(call, limits),
        *_repetitions(call),
        *_endings(call),
        *_slow_answers(call, limits),
        *_empty_transcripts(call, limits),
    ]
    return tuple(sorted(found, key=lambda finding: finding.at_ms))


def _transitions(call: Readings, limits: Thresholds) -> Iterator[Finding]:
    """A transition that was interrupted, lost or never executed, and whether the flow ever got on."""
    for transition, later_ms in zip(call.transitions, _next_entries(call.transitions), strict=True):
        if transition.succeeded or transition.began_ms is None:
            continue
        stood_ms = (call.last_ms if later_ms is None else later_ms) - transition.began_ms
        stuck = later_ms is None and stood_ms >= limits.stuck_ms
        failed = transition.lost or transition.error is not None
        if not stuck and (not failed or transition.error in (CUT_OFF, CALL_ENDED_FIRST)):
            # It may still come, or the end of the call was all that kept it from coming.
            continue
        evidence: dict[str, Any] = {"from_node": transition.from_node, "to_node": transition.to_node}
        evidence["stood_ms"] = round(stood_ms, 3)
        if transition.function is not None:
            evidence["function"] = transition.function
        if transition.error is not None:
            evidence["error"] = transition.error
        code: Code = "flow_stuck" if stuck else "transition_lost"
        yield Finding(code, transition.began_ms, call.visit_at(transition.began_ms), evidence)


def _next_entries(transitions: Sequence[Transition]) -> list[float | None]:
    """When the flow of each transition entered a node by a later one; None if it never did."""
    # By order, not by time: what superseded a transition may have been entered at the same moment.
    entered: dict[str, float] = {}
    following: list[float | None] = []
    for transition in reversed(transitions):
        following.append(entered.get(transition.flow))
        if transition.entered_ms is not None:
            entered[transition.flow] = transition.entered_ms
    return following[::-1]


def _functions(call: Readings) -> Iterator[Finding]:
    codes: dict[str, Code] = {
        "failed": "function_failed",
        "cancelled": "function_cancelled",
        "timed_out": "function_timed_out",
        "never_ran": "function_never_ran",
    }
    for tool in call.tool_calls:
        code = codes.get(tool.outcome)
        if code is not None:
            evidence = {"function": tool.function, "tool_call_id": tool.tool_call_id}
            if tool.error is not None:
                evidence["error"] = tool.error
            known_ms = (tool.ended_ms, tool.started_ms, tool.requested_ms)
            at_ms = next((at_ms for at_ms in known_ms if at_ms is not None), 0.0)
            yield Finding(code, at_ms, tool.visit, evidence)


def _openings(call: Readings) -> Iterator[Finding]:
    """Two inferences that say the same at the beginning of a visit, before the caller said anything.

    Both were heard: what was cut off before may well be said again. After the caller was idle, so may a question.
    """
    heard = {event.origin for event in of_kind(call.events, BotText)}
    written = sorted((one.start_ms, one.text) for one in call.inferences if one.seq in heard and one.text)
    idle_ms = sorted(event.at_ms for event in of_kind(call.events, CallerIdle))
    spoke_ms = sorted(turn.start_ms for turn in call.turns if turn.speaker == "caller")
    for position, visit in enumerate(call.visits):
        ends_ms = (_first(times_ms, visit.entered_ms, call.last_ms) for times_ms in (spoke_ms, idle_ms))
        until_ms = min(_left(visit, call), *ends_ms)
        since = bisect_left(written, visit.entered_ms, key=lambda said: said[0])
        # At the very moment of leaving it is the next node's.
        until = bisect_left(written, until_ms, key=lambda said: said[0])
        for (_, before), (at_ms, text) in pairwise(written[since:until]):
            if alike(before, text):
                yield Finding("opening_repeated", at_ms, position, {"text": text})


def _silences(call: Readings, limits: Thresholds) -> Iterator[Finding]:
    """A node that should have spoken at once and did not."""
    starts_ms = [turn.start_ms for turn in call.turns]
    for position, visit in enumerate(call.visits):
        if visit.responds_at_once is False:
            continue
        following = bisect_left(starts_ms, visit.entered_ms)
        before = call.turns[following - 1] if following else None
        quiet_ms = visit.entered_ms
        if before is not None:
            # Either side may still be saying what came before.
            quiet_ms = max(quiet_ms, before.end_ms or quiet_ms)
        silent_ms = min(_first(starts_ms, visit.entered_ms, call.last_ms), _left(visit, call)) - quiet_ms
        if silent_ms >= limits.silence_ms:
            evidence = {"node": visit.node, "silent_ms": round(silent_ms, 3)}
            yield Finding("silent_after_entry", quiet_ms, position, evidence)


def _first(times_ms: Sequence[float], since_ms: float, otherwise_ms: float) -> float:
    position = bisect_left(times_ms, since_ms)
    return times_ms[position] if position < len(times_ms) else otherwise_ms


def _left(visit: Visit, call: Readings) -> float:
    return call.last_ms if visit.left_ms is None else visit.left_ms


def _reentries(call: Readings, limits: Thresholds) -> Iterator[Finding]:
    for position, visit in enumerate(call.visits):
        if visit.visit_no >= limits.entries:
            evidence = {"node": visit.node, "visit_no": visit.visit_no}
            yield Finding("node_reentered", visit.entered_ms, position, evidence)


def _repetitions(call: Readings) -> Iterator[Finding]:
    """A caller who says again what he just said was not understood."""
    said = [turn for turn in call.turns if turn.speaker == "caller" and not turn.backchannel]
    for before, turn in pairwise(said):
        # A second "yes" is no repetition.
        if len(words_of(turn.text)) >= 2 and alike(before.text, turn.text):
            evidence = {"text": turn.text, "turns": (before.seq, turn.seq)}
            yield Finding("caller_repeated", turn.start_ms, turn.visit, evidence)


def _endings(call: Readings) -> Iterator[Finding]:
    """A call that ended before it got anywhere: to a goal, or, without goals, to a node that can end it."""
    if call.ended_ms is None or not call.visits:
        return
    last = call.visits[-1]
    reached = any(visit.node in call.goals for visit in call.visits)
    outside = not reached if call.goals else last.can_end is False
    if outside:
        evidence = {"node": last.node, "exit_kind": last.exit_kind}
        yield Finding("ended_outside_goal", call.ended_ms, len(call.visits) - 1, evidence)


def _slow_answers(call: Readings, limits: Thresholds) -> Iterator[Finding]:
    waits = [(turn, turn.latency_ms) for turn in call.turns if turn.latency_ms is not None]
    usual_ms = median(ms for _, ms in waits) if len(waits) >= 5 else None
    for turn, ms in waits:
        if ms >= limits.slow_ms or (usual_ms is not None and usual_ms > 0 and ms >= limits.slow_times * usual_ms):
            longest = max(turn.contributions, key=lambda part: part.ms, default=None)
            evidence = {"latency_ms": ms, "turn": turn.seq, "mostly": longest.name if longest else None}
            yield Finding("slow_answer", turn.start_ms, turn.visit, evidence)


def _empty_transcripts(call: Readings, limits: Thresholds) -> Iterator[Finding]:
    """A side of which nothing was recorded: the caller's if a voice was heard, the bot's always."""
    if call.ended_ms is None or call.ended_ms < limits.silence_ms:
        return
    speakers = {turn.speaker for turn in call.turns}
    voice = next(iter(of_kind(call.events, CallerVoiceStarted)), None)
    if "bot" not in speakers:
        yield Finding("transcript_empty", call.ended_ms, call.visit_at(call.ended_ms), {"speaker": "bot"})
    if "caller" not in speakers and voice is not None:
        yield Finding("transcript_empty", voice.at_ms, call.visit_at(voice.at_ms), {"speaker": "caller"})
