"""CallRecord: the versioned document of one call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, computed_field
from pydantic_core import from_json, to_json

from flows_analytics.calls.answers import Answers
from flows_analytics.calls.arrivals import measure_arrivals
from flows_analytics.calls.bot_turns import BotTurn, read_bot_turns
from flows_analytics.calls.declared import DeclaredGraph
from flows_analytics.calls.ending import (
    Disconnection,
    ExitKind,
    Status,
    exit_kind,
    read_disconnection,
    read_ending,
    shown_reason,
)
from flows_analytics.calls.events import Events
from flows_analytics.calls.findings import Finding, Readings, Thresholds, read_findings
from flows_analytics.calls.health import Health
from flows_analytics.calls.idles import Idle, read_idles
from flows_analytics.calls.keys import KeySequence, read_keys
from flows_analytics.calls.lives import Life, read_lives
from flows_analytics.calls.offers import Offer, never_taken, read_offers
from flows_analytics.calls.sound import Recording
from flows_analytics.calls.tools import ToolCall, read_tool_calls
from flows_analytics.calls.transitions import Transition, read_transitions
from flows_analytics.calls.turns import Turn, read_turns
from flows_analytics.calls.usage import Usage, read_usage, read_usage_by_visit
from flows_analytics.calls.values import Plain, Text
from flows_analytics.calls.visits import MAIN_FLOW, Visit, VisitTimes, read_visits
from flows_analytics.calls.workers import Shift, read_shifts
from flows_analytics.errors import RecordError

SCHEMA_VERSION = 2
"""Version of the stored shape. History:

1. The first (flows-analytics 0.1).
2. Adds the moments of latency, usage, the line and events of processors; ``recording``, ``cost`` and
   ``disconnection_reason``; ``processor`` of an inference, ``category`` of an error, ``lag_ms`` of the end.
   Nothing of 1 changed, so its records only lack what was not recorded then.
"""


class Agent(BaseModel):
    """The bot that took the call.

    Attributes:
        id: Identifier of the bot; None if not given.
        name: Its name for people; None if not given.
        version: Its version; None if neither given nor found in the environment.
    """

    model_config = ConfigDict(frozen=True)

    id: Text | None = None
    name: Text | None = None
    version: Text | None = None


class Summary(BaseModel):
    """What a reader without this library wants first. Derived; recomputed on load, never trusted.

    Attributes:
        path: Node names of the main flow, in order.
        visits: All visits.
        transitions: All transitions, failed and lost ones included.
        turns: All turns.
        tool_calls: All tool calls.
        usage: What the services consumed.
        findings: What looks wrong.
        duration_ms: Length of the call; None while it runs.
        disconnection: Why the call was over, and who told; None while it runs.
        keys: What was dialled on the phone's keypad.
        idles: When the caller was silent for too long.
        shifts: Which worker held the call when, if workers were attached.
    """

    model_config = ConfigDict(frozen=True)

    path: tuple[str, ...]
    visits: tuple[Visit, ...]
    transitions: tuple[Transition, ...]
    turns: tuple[Turn, ...]
    tool_calls: tuple[ToolCall, ...]
    usage: Usage
    findings: tuple[Finding, ...]
    duration_ms: float | None
    disconnection: Disconnection | None
    keys: tuple[KeySequence, ...]
    idles: tuple[Idle, ...]
    shifts: tuple[Shift, ...]


class CallRecord(BaseModel):
    """All that is known of one call: who, when, how it ended, and the moments in between.

    The stored parts are facts. The path, visits, transitions, turns, tool calls and usage are readings of
    ``events``, computed when first asked for; times in them are milliseconds since ``started_at``.

    Attributes:
        schema_version: Version of this shape.
        call_id: Identifier of the call, any text.
        call_type: Kind of call, such as ``web_call`` or ``phone_call``.
        status: ``started`` (still running, or its process died), ``completed``, ``cancelled`` or ``error``.
        end_reason: The reason given for the end; None if none was.
        disconnection_reason: What the ``disconnection_reason_resolver`` said; None if there was none, or it said
            nothing. `disconnection` weighs it against everything else.
        started_at: When the pipeline clock started, UTC.
        ended_at: When the call ended, UTC; None while it runs.
        agent: The bot.
        goals: Nodes that mean success.
        metadata: Whatever the bot attached.
        pipecat: Version of Pipecat the record was made on; None if not made by Pipecat.
        flows: The Flows in use, such as ``pipecat.flows`` or ``pipecat_flows 1.4.0``; None without a flow.
        declared: The declared graph of each flow that has one.
        cost: What the bot's ``cost_calculator`` says the call cost, in its unit; None without one, if it failed,
            or before the end.
        health: What the recording lost, and why.
        recording: Where the call can be heard; None if nowhere.
        events: The moments, in the order of recording.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: int = SCHEMA_VERSION
    call_id: Text
    call_type: Text = "web_call"
    status: Status = "started"
    end_reason: Text | None = None
    disconnection_reason: Text | None = None
    started_at: datetime
    ended_at: datetime | None = None
    agent: Agent = Agent()
    goals: tuple[Text, ...] = ()
    metadata: Plain = Field(default_factory=dict[str, Any])
    pipecat: Text | None = None
    flows: Text | None = None
    declared: dict[Text, DeclaredGraph] = Field(default_factory=dict[str, DeclaredGraph])
    cost: float | None = None
    health: Health = Health()
    recording: Recording | None = None

    events: Events = ()

    @computed_field
    @property
    def summary(self) -> Summary:
        """The derived part of the JSON."""
        return Summary(
            path=self.path,
            visits=self.visits,
            transitions=self.transitions,
            turns=self.turns,
            tool_calls=self.tool_calls,
            usage=self.usage,
            findings=self.findings,
            duration_ms=self.duration_ms,
            disconnection=self.disconnection,
            keys=self.keys,
            idles=self.idles,
            shifts=self.shifts,
        )

    def __repr__(self) -> str:
        # All moments of a call would fill screens, and reading its turns would take its time in every log line.
        path = " > ".join(self.path)
        return f"<CallRecord {self.call_id!r} {self.status}: {path or 'no node'}; {len(self.events)} moments>"

    __str__ = __repr__

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
        return read_visits(self.events, ended_ms=self._ended_ms, exit_kind=self.exit_kind)

    @cached_property
    def transitions(self) -> tuple[Transition, ...]:
        """The moves between visits, failed and lost ones included, in the order in which they began."""
        transitions = read_transitions(self.events, self._lives)
        return measure_arrivals(transitions, self.events, self._lives, self._bot_turns, self._answers)

    @cached_property
    def turns(self) -> tuple[Turn, ...]:
        """What both sides said, in the order in which each turn began."""
        return read_turns(self.events, self._visit_times, self._answers, ended_ms=self._ended_ms)

    @cached_property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """What the LLM called, in the order first seen."""
        return read_tool_calls(self.events, self._lives, self._visit_times)

    @cached_property
    def usage(self) -> Usage:
        """What the services consumed in the whole call."""
        return read_usage(self.events)

    @cached_property
    def usage_by_visit(self) -> dict[int | None, Usage]:
        """What they consumed in each visit, by its position in `visits`; None is for what was in none."""
        return read_usage_by_visit(self.events, self._visit_times)

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
            events=self.events,
            visits=self.visits,
            transitions=self.transitions,
            turns=self.turns,
            tool_calls=self.tool_calls,
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
        return exit_kind(self.status, self.end_reason, self.disconnection_reason, shown_reason(self.events))

    @cached_property
    def disconnection(self) -> Disconnection | None:
        """Why the call was over, and who told; None while it runs."""
        return read_disconnection(
            self.events, status=self.status, end_reason=self.end_reason, told=self.disconnection_reason
        )

    @cached_property
    def keys(self) -> tuple[KeySequence, ...]:
        """What both sides dialled on the phone's keypad, in the order in which each sequence began."""
        return read_keys(self.events, self._visit_times)

    @cached_property
    def idles(self) -> tuple[Idle, ...]:
        """When the caller was silent for longer than the bot allows."""
        return read_idles(self.events, self._visit_times)

    @cached_property
    def shifts(self) -> tuple[Shift, ...]:
        """Which worker of a bot that has several held the call, and when."""
        return read_shifts(self.events, ended_ms=self._ended_ms)

    @property
    def duration_ms(self) -> float | None:
        """Length of the call in milliseconds, from ``started_at``; None while it runs."""
        return self._ended_ms

    @cached_property
    def _lives(self) -> tuple[Life, ...]:
        return read_lives(self.events)

    @cached_property
    def _answers(self) -> Answers:
        return Answers(self.events, self._lives)

    @cached_property
    def _bot_turns(self) -> tuple[BotTurn, ...]:
        return tuple(read_bot_turns(self.events, self._visit_times))

    @cached_property
    def _visit_times(self) -> VisitTimes:
        return VisitTimes(self.visits)

    @cached_property
    def _ended_ms(self) -> float | None:
        # A lost process's call ended at its last moment (docs/metrics.md).
        at_ms = read_ending(self.events).at_ms
        if at_ms is None and self.exit_kind != "running":
            at_ms = self._last_ms
        return at_ms

    @property
    def _last_ms(self) -> float:
        return max((event.at_ms for event in self.events), default=0.0)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy the record, as pydantic does, without the readings already computed of other moments.

        Args:
            update: Fields to change.
            deep: Whether to copy the values too.

        Returns:
            The copy.
        """
        copied = super().model_copy(update=update, deep=deep)
        for name, attribute in vars(CallRecord).items():
            if isinstance(attribute, cached_property):
                vars(copied).pop(name, None)
        return copied

    def to_json(self) -> str:
        """Write the record as one JSON document.

        Returns:
            The document, with the derived ``summary``. What is None is left out of moments, the bulk of it.
        """
        document = self.model_dump(mode="json", exclude={"events"})
        document["events"] = [event.model_dump(mode="json", exclude_none=True) for event in self.events]
        return to_json(document).decode("utf-8")

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read a record.

        Only the shape is checked, so that a record edited by hand still loads.

        Args:
            text: A JSON document made by `to_json`.

        Returns:
            The record.

        Raises:
            RecordError: ``record_not_valid`` if it is not JSON or not a record; ``record_too_new`` if a later
                release made it.
        """
        try:
            record = cls.model_validate_json(text)
        except ValidationError as error:
            _refuse_newer(text)
            # The offending input is the caller's; only its place and the kind of fault are repeated.
            places = "; ".join(
                f"{'.'.join(map(str, fault['loc'])) or 'document'}: {fault['msg']}"
                for fault in error.errors(include_url=False, include_input=False)[:3]
            )
            raise RecordError("record_not_valid", f"not a call record: {places}") from None
        if record.schema_version > SCHEMA_VERSION:
            raise _too_new(record.schema_version)
        if record.schema_version < SCHEMA_VERSION:
            record = record.model_copy(update={"schema_version": SCHEMA_VERSION})
        return record

    def save(self, path: str | Path) -> Path:
        """Write the record to a file, replacing it; a new one is readable by its owner only.

        For people. Sinks write more carefully: whole or not at all, and over nothing.

        Args:
            path: The file.

        Returns:
            The file.
        """
        path = Path(path)
        path.touch(mode=0o600)
        path.write_text(self.to_json(), encoding="utf-8")
        return path

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a record from a file.

        Args:
            path: The file.

        Returns:
            The record.

        Raises:
            RecordError: As `from_json`, naming the file; ``record_not_readable`` if it cannot be opened.
        """
        path = Path(path)
        try:
            text = path.read_bytes()
        except OSError as error:
            raise RecordError("record_not_readable", f"{path}: {error.strerror or error}") from error
        try:
            return cls.from_json(text)
        except RecordError as error:
            raise RecordError(error.code, f"{path}: {error.message}") from None


def _refuse_newer(text: str | bytes) -> None:
    """Say so if a document that is no record of ours is one of a later release."""
    try:
        version = from_json(text)["schema_version"]
    except (ValueError, TypeError, LookupError):
        return
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise _too_new(version) from None


def _too_new(version: int) -> RecordError:
    return RecordError(
        "record_too_new",
        f"the record has schema version {version}, this release reads up to {SCHEMA_VERSION}: "
        "upgrade flows-analytics",
    )
