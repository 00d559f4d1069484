"""Readings: what follows from the moments of a call."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar, Self

from flows_analytics.calls.answers import Answers
from flows_analytics.calls.arrivals import measure_arrivals
from flows_analytics.calls.bot_turns import BotTurn, read_bot_turns
from flows_analytics.calls.ending import (
    Disconnection,
    ExitKind,
    exit_kind,
    read_disconnection,
    read_ending,
    shown_reason,
)
from flows_analytics.calls.facts import Facts
from flows_analytics.calls.findings import Finding, Readings, Thresholds, read_findings
from flows_analytics.calls.idles import Idle, read_idles
from flows_analytics.calls.inferences import Inference, read_inferences
from flows_analytics.calls.keys import KeySequence, read_keys
from flows_analytics.calls.kinds import ByKind
from flows_analytics.calls.lives import Life, read_lives
from flows_analytics.calls.offers import Offer, never_taken, read_offers
from flows_analytics.calls.tools import ToolCall, read_tool_calls
from flows_analytics.calls.transitions import Transition, read_transitions
from flows_analytics.calls.turns import Turn, read_turns
from flows_analytics.calls.usage import Usage, read_usage, read_usage_by_visit
from flows_analytics.calls.visits import MAIN_FLOW, Visit, VisitTimes, read_visits
from flows_analytics.calls.workers import Shift, read_shifts


class CallReadings(Facts):
    """The facts of a call and what follows from them, each reading computed when first asked for.

    Times are milliseconds since ``started_at``.
    """

    divides: ClassVar[bool] = True
    """Whether waits are divided into what they consisted of. Where calls are only counted, nobody asks."""

    @property
    def path(self) -> tuple[str, ...]:
        """Names of the nodes the main flow visited, in order."""
        return self.path_of(MAIN_FLOW)

    def path_of(self, flow: str) -> tuple[str, ...]:
        """Names of the nodes a flow visited, in order.

        Args:
            flow: A flow of the call, such as ``flow2``.

        Returns:
            The path; empty if there is no such flow.
        """
        return tuple(visit.node for visit in self.visits if visit.flow == flow)

    @property
    def flow_ids(self) -> tuple[str, ...]:
        """The flows of the call, in the order in which they were first entered."""
        return tuple(dict.fromkeys(visit.flow for visit in self.visits))

    @cached_property
    def visits(self) -> tuple[Visit, ...]:
        """The visits of all flows, in the order of entry."""
        return read_visits(self._by_kind, ended_ms=self._ended_ms, exit_kind=self.exit_kind)

    @cached_property
    def transitions(self) -> tuple[Transition, ...]:
        """The moves between visits, failed and lost ones included, in the order in which they began."""
        transitions = read_transitions(self._by_kind, self._lives)
        return measure_arrivals(
            transitions, self._by_kind, self._lives, self._bot_turns, self._answers, divided=self.divides
        )

    @cached_property
    def turns(self) -> tuple[Turn, ...]:
        """What both sides said, in the order in which each turn began."""
        return read_turns(
            self._by_kind,
            self._visit_times,
            self._bot_turns,
            self._answers,
            ended_ms=self._ended_ms,
            divide=self.divides,
        )

    @cached_property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """What the LLM called, in the order first seen."""
        return read_tool_calls(self._by_kind, self._lives, self._visit_times, self.inferences)

    @cached_property
    def inferences(self) -> tuple[Inference, ...]:
        """When the LLMs were at work, in the order in which each began."""
        return read_inferences(self._by_kind, self._visit_times)

    @cached_property
    def usage(self) -> Usage:
        """What the services consumed in the whole call."""
        return read_usage(self._by_kind, self.inferences)

    @cached_property
    def usage_by_visit(self) -> dict[int | None, Usage]:
        """What they consumed in each visit, by its position in `visits`; None is for what was in none."""
        return read_usage_by_visit(self._by_kind, self.inferences, self._visit_times)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What looks wrong in this call, in order of time; empty if nothing does."""
        return self.find()

    def find(self, thresholds: Thresholds | None = None) -> tuple[Finding, ...]:
        """Look for what goes wrong in a call.

        Args:
            thresholds: From where on something is worth a finding; None for the defaults.

        Returns:
            The findings in order of time.
        """
        readings = Readings(
            events=self._by_kind,
            visits=self.visits,
            transitions=self.transitions,
            turns=self.turns,
            tool_calls=self.tool_calls,
            inferences=self.inferences,
            goals=self.goals,
            ended_ms=self._ended_ms,
            last_ms=self._ended_ms if self._ended_ms is not None else self._last_ms,
        )
        return read_findings(readings, thresholds)

    @cached_property
    def offers(self) -> tuple[Offer, ...]:
        """The functions offered in each visit, and how often each was taken."""
        return read_offers(self.visits, self.tool_calls, self._visit_times)

    @property
    def functions_not_taken(self) -> tuple[str, ...]:
        """Functions that were offered in the call and never called where they were, in the order offered."""
        return never_taken(self.offers)

    def visit_at(self, at_ms: float) -> int | None:
        """Find the visit that was current at a time.

        Args:
            at_ms: Milliseconds since the start of the call.

        Returns:
            Its position in `visits`; None before the first.
        """
        return self._visit_times.at(at_ms)

    @cached_property
    def exit_kind(self) -> ExitKind:
        """How the visit in which the call ended was left."""
        return exit_kind(self.status, self.end_reason, self.disconnection_reason, shown_reason(self._by_kind))

    @cached_property
    def disconnection(self) -> Disconnection | None:
        """Why the call was over, and who told; None while it runs."""
        return read_disconnection(
            self._by_kind, status=self.status, end_reason=self.end_reason, told=self.disconnection_reason
        )

    @cached_property
    def keys(self) -> tuple[KeySequence, ...]:
        """What both sides dialled on the phone's keypad, in the order in which each sequence began."""
        return read_keys(self._by_kind, self._visit_times)

    @cached_property
    def idles(self) -> tuple[Idle, ...]:
        """When the caller was silent for longer than the bot allows."""
        return read_idles(self._by_kind, self._visit_times)

    @cached_property
    def shifts(self) -> tuple[Shift, ...]:
        """Which worker of a bot that has several held the call, and when."""
        return read_shifts(self._by_kind, ended_ms=self._ended_ms)

    @property
    def duration_ms(self) -> float | None:
        """Length of the call in milliseconds, from ``started_at``; None while it runs."""
        return self._ended_ms

    @cached_property
    def _by_kind(self) -> ByKind:
        return ByKind(self.events)

    @cached_property
    def _lives(self) -> tuple[Life, ...]:
        return read_lives(self._by_kind)

    @cached_property
    def _answers(self) -> Answers:
        return Answers(self._by_kind, self._lives, self.inferences)

    @cached_property
    def _bot_turns(self) -> tuple[BotTurn, ...]:
        return read_bot_turns(self._by_kind, self._visit_times, self.inferences)

    @cached_property
    def _visit_times(self) -> VisitTimes:
        return VisitTimes(self.visits)

    @cached_property
    def _ended_ms(self) -> float | None:
        # A lost process's call ended at its last moment (docs/metrics.md).
        at_ms = read_ending(self._by_kind).at_ms
        if at_ms is None and self.exit_kind != "running":
            at_ms = self._last_ms
        return at_ms

    @property
    def _last_ms(self) -> float:
        return max((event.at_ms for event in self._by_kind), default=0.0)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy the record, as pydantic does, without the readings already computed of other moments.

        Args:
            update: Fields to change.
            deep: Whether to copy the values too.

        Returns:
            The copy.
        """
        copied = super().model_copy(update=update, deep=deep)
        for name, attribute in vars(CallReadings).items():
            if isinstance(attribute, cached_property):
                vars(copied).pop(name, None)
        return copied
