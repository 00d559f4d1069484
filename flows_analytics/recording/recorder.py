"""CallRecorder: moments in, CallRecord out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from flows_analytics.calls.declared import DeclaredGraph
from flows_analytics.calls.ending import DisconnectionReason, read_ending
from flows_analytics.calls.events import CallStarted, Moment, milliseconds
from flows_analytics.calls.health import Health
from flows_analytics.calls.record import Agent, CallRecord
from flows_analytics.calls.service_cost import ServiceCost
from flows_analytics.calls.sound import Recording
from flows_analytics.calls.telephony import Telephony
from flows_analytics.redaction.fields import free_fields
from flows_analytics.redaction.redaction import FAILED, Redaction, Redactor

if TYPE_CHECKING:
    from flows_analytics.recording.journal import Journal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_NS = 10**18


@dataclass(frozen=True)
class CallHeader:
    """What is known of a call before it begins.

    Attributes:
        call_id: Identifier of the call.
        call_type: Kind of call.
        agent: The bot.
        goals: Nodes that mean success.
        metadata: Whatever the bot attached.
        pipecat: Version of Pipecat; None without it.
    """

    call_id: str
    call_type: str = "web_call"
    agent: Agent = field(default_factory=Agent)
    goals: tuple[str, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])
    pipecat: str | None = None


class CallRecorder:
    """Collects the moments of one call and shows them as a record at any time.

    Readings of one clock go in, in nanoseconds; milliseconds since the clock's zero come out. The zero may
    become known late: what is added before is placed once it is.

    Args:
        header: What is known of the call before it begins.
        wall_ns: The wall clock now, in nanoseconds since 1970: the start of a record that never gets a zero.
        redactor: Hides what must not be kept, in all that comes in; None hides nothing.
        clock_ns: Reads a clock, in nanoseconds, to measure what the redactor takes. Needed with a redactor.
        journal: Where everything that is kept is written down as it happens; None for nowhere.
    """

    def __init__(
        self,
        header: CallHeader,
        *,
        wall_ns: int,
        redactor: Redactor | None = None,
        clock_ns: Callable[[], int] = lambda: 0,
        journal: Journal | None = None,
    ) -> None:
        self._header = header
        self._journal: Journal | None = None
        self._moments: list[Moment] = [CallStarted(seq=0, at_ms=0.0)]
        self._unplaced: list[tuple[int, Moment]] = []
        self._last_ns: int | None = None
        self._zero_ns: int | None = None
        self._wall_ns = wall_ns
        self._declared: dict[str, DeclaredGraph] = {}
        self._flows: str | None = None
        self._cost: float | None = None
        self._service_costs: tuple[ServiceCost, ...] = ()
        self._disconnection_reason: str | None = None
        self._closed = False
        self._given: dict[frozenset[str], set[str]] = {}
        self._health = Health()
        self._recording: Recording | None = None
        self._telephony: Telephony | None = None
        self._redaction: Redaction | None = None
        if redactor is not None:
            self._redaction = Redaction(redactor, failed=self._redactor_failed, clock_ns=clock_ns)
            self._header = replace(header, metadata=self._redaction.value(header.metadata))
        if journal is not None:
            # A journal begins with its head: what the redactor did to the header can be told only after it.
            journal.head(self._header, wall_ns, self._moments[0])
            self._journal = journal
            if self._health.losses:
                self._tell(health=self._health)

    @property
    def redaction(self) -> Redaction | None:
        """Hides what must not be kept in all that comes in; None if nothing is hidden."""
        return self._redaction

    @property
    def placed(self) -> bool:
        """Whether the zero of the call's clock is known."""
        return self._zero_ns is not None

    @property
    def closed(self) -> bool:
        """Whether the recording has ended."""
        return self._closed

    @property
    def health(self) -> Health:
        """What was lost so far."""
        if self._journal is None or not self._journal.failures:
            return self._health
        return self._health.with_loss("journal_failed", self._journal.why, times=self._journal.failures)

    @property
    def last_ns(self) -> int | None:
        """The latest reading of the clock that a moment came with; None before the first."""
        return self._last_ns

    def place(self, zero_ns: int, *, wall_ns: int) -> None:
        """Say when the call began. Only the first time counts.

        Args:
            zero_ns: Reading of the clock at the start of the call.
            wall_ns: The wall clock at that moment, in nanoseconds since 1970.
        """
        if self._zero_ns is not None:
            return
        self._zero_ns, self._wall_ns = zero_ns, wall_ns
        self._moments.extend(self._placed(zero_ns))
        self._unplaced.clear()
        if self._journal is not None:
            self._journal.place(zero_ns, wall_ns)

    def add(self, kind: type[Moment], at_ns: int, **fields: Any) -> int:
        """Record a moment.

        Args:
            kind: Its class.
            at_ns: When it happened, as a reading of the clock. One before the start of the call counts as the
                start.
            **fields: The rest of it.

        Returns:
            Its ``seq``; -1 if the recording is closed, which is counted as a loss.

        Raises:
            pydantic.ValidationError: If the fields do not make a moment; nothing is recorded then.
        """
        if self._closed:
            self.lose("after_end", "a moment came after the recording was closed")
            return -1
        if self._redaction is not None:
            fields = _redacted(self._redaction, kind, fields)
        seq = len(self._moments) + len(self._unplaced)
        # Built at once, also when its time cannot be told yet: its values may change under our hands.
        moment = kind(seq=seq, at_ms=_since(at_ns, self._zero_ns), **fields)
        # Pydantic gives each model a set of the names it was given, more than half of what a moment takes.
        given = moment.model_fields_set
        object.__setattr__(moment, "__pydantic_fields_set__", self._given.setdefault(frozenset(given), given))
        if self._zero_ns is None:
            self._unplaced.append((at_ns, moment))
            if self._journal is not None:
                self._journal.add_unplaced(at_ns, moment)
        else:
            self._moments.append(moment)
            if self._journal is not None:
                self._journal.add(moment)
        self._last_ns = at_ns if self._last_ns is None else max(self._last_ns, at_ns)
        return seq

    def lose(self, code: str, why: str) -> None:
        """Count a loss.

        Args:
            code: Its code (see `Health`).
            why: Its reason, without any content of the call.
        """
        self._health = self._health.with_loss(code, why)
        self._tell(health=self._health)

    def declare(self, flow: str, graph: DeclaredGraph) -> None:
        """Attach the declared graph of a flow.

        Args:
            flow: The flow.
            graph: Its graph.
        """
        self._declared[flow] = graph
        self._tell(declared=dict(self._declared))

    def name_flows(self, flows: str) -> None:
        """Say which Flows the bot uses.

        Args:
            flows: Such as ``pipecat.flows``.
        """
        self._flows = self._flows or flows
        self._tell(flows=self._flows)

    def keep_recording(self, recording: Recording) -> None:
        """Say where the call can be heard.

        Args:
            recording: The recording; its file takes the place of one named before. The URL of a recording made
                elsewhere stays.
        """
        url = recording.url or (self._recording.url if self._recording else None)
        self._recording = recording.model_copy(update={"url": url}) if recording.file or url else None
        self._tell(recording=self._recording)

    def keep_telephony(self, telephony: Telephony) -> None:
        """Say which call of the carrier's it is, in place of what was said before.

        Args:
            telephony: All that is known of it.
        """
        if self._closed:
            self.lose("after_end", "ids of the carrier came after the recording was closed")
            return
        self._telephony = telephony if self._redaction is None else _without(self._redaction, telephony)
        self._tell(telephony=self._telephony)

    def price(self, cost: float, parts: tuple[ServiceCost, ...] = ()) -> None:
        """Say what the call cost.

        Args:
            cost: In the unit of whoever worked it out.
            parts: What of it each service cost; empty if that is not known.
        """
        self._cost, self._service_costs = cost, parts
        self._tell(cost=cost, service_costs=parts)

    @property
    def disconnection_reason(self) -> str | None:
        """Why the call was over, as the bot said; None if it said nothing."""
        return self._disconnection_reason

    def tell_disconnection_reason(self, reason: str) -> None:
        """Say why the call was over, before `close` or after it.

        Args:
            reason: The reason. Only the first counts, apart from ``unknown``.
        """
        if self._disconnection_reason in (None, DisconnectionReason.UNKNOWN):
            self._disconnection_reason = self._redaction.text(reason) if self._redaction else reason
            self._tell(disconnection_reason=self._disconnection_reason)

    def close(self) -> None:
        """End the recording; what comes later is dropped and counted."""
        self._closed = True

    def record(self) -> CallRecord:
        """Show the call so far.

        Returns:
            The record; status ``started`` until a ``call_ended`` was added.
        """
        events = self._events()
        ending = read_ending(events)
        began_at = started_at(self._wall_ns)
        ended_at = None if ending.at_ms is None else began_at + timedelta(milliseconds=ending.at_ms)
        return CallRecord(
            call_id=self._header.call_id,
            call_type=self._header.call_type,
            status=ending.status,
            end_reason=ending.reason,
            disconnection_reason=self._disconnection_reason,
            started_at=began_at,
            ended_at=ended_at,
            agent=self._header.agent,
            goals=self._header.goals,
            metadata=self._header.metadata,
            pipecat=self._header.pipecat,
            flows=self._flows,
            declared=dict(self._declared),
            cost=self._cost,
            service_costs=self._service_costs,
            health=self.health,
            recording=self._recording,
            telephony=self._telephony,
            events=events,
        )

    def _redactor_failed(self, how: str) -> None:
        self.lose("redaction_failed", f"{FAILED}: {how}")

    def _events(self) -> tuple[Any, ...]:
        if not self._unplaced:
            return tuple(self._moments)
        return (*self._moments, *self._placed(self._unplaced[0][0]))

    def _placed(self, zero_ns: int) -> list[Moment]:
        return [place_moment(moment, at_ns, zero_ns) for at_ns, moment in self._unplaced]

    def _tell(self, **facts: Any) -> None:
        if self._journal is not None:
            self._journal.tell(facts)


def place_moment(moment: Moment, at_ns: int, zero_ns: int) -> Moment:
    """Give a moment its time, once the zero of the clock is known.

    Args:
        moment: The moment.
        at_ns: When it happened, as a reading of the clock.
        zero_ns: Reading of the clock at the start of the call.

    Returns:
        The moment with its ``at_ms``.
    """
    return moment.model_copy(update={"at_ms": _since(at_ns, zero_ns)})


def started_at(wall_ns: int) -> datetime:
    """Say when a call began.

    Args:
        wall_ns: The wall clock then, in nanoseconds since 1970.

    Returns:
        The time, UTC, to the microsecond.
    """
    return _EPOCH + timedelta(microseconds=wall_ns // 1000)


def _redacted(redaction: Redaction, kind: type[Moment], fields: dict[str, Any]) -> dict[str, Any]:
    for name, is_text in free_fields(kind).items():
        value = fields.get(name)
        if value is not None:
            fields[name] = redaction.as_text(value) if is_text else redaction.value(value)
    return fields


def _without(redaction: Redaction, telephony: Telephony) -> Telephony:
    # The provider is a name of the bot's own; the rest came over the line.
    fields = telephony.model_dump(exclude={"provider", "id", "id_kind"}, exclude_none=True)
    # One by one: each under its name, by which ids are known, and which no redactor may change.
    hidden = {name: next(iter(redaction.value({name: value}).values())) for name, value in fields.items()}
    return Telephony(provider=telephony.provider, **hidden)


def _since(at_ns: int, zero_ns: int | None) -> float:
    # A clock that goes mad must not cost the call: what it says is kept between its start and a lifetime.
    return 0.0 if zero_ns is None else milliseconds(min(max(at_ns - zero_ns, 0), _LONGEST_NS))
