"""The lines of a journal: how each is written, and how it is read back.

A journal is text, one JSON document a line, so that whatever is cut off costs only the line it hits:

1. ``{"journal": 1, "call_id": …}``: the header, what was known before the call began. Always the first line.
2. ``{"seq": …, "at_ms": …, "kind": …}``: a moment, exactly as the record has it.
3. ``{"at_ns": …, "moment": {…}}``: a moment whose time in the call could not be told yet; ``at_ns`` is a reading
   of the call's clock.
4. ``{"zero_ns": …, "wall_ns": …}``: the reading of that clock at the start of the call, and the wall clock then.
   Places the moments of the third kind, before and after it.
5. ``{"facts": {…}}``: what has become known of the whole call; a later one takes the place of an earlier one, name
   by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from flows_analytics.calls.declared import DeclaredGraph
from flows_analytics.calls.events import AnyMoment, Moment
from flows_analytics.calls.health import Health, Loss
from flows_analytics.calls.record import SCHEMA_VERSION, Agent
from flows_analytics.calls.service_cost import ServiceCost
from flows_analytics.calls.sound import Recording
from flows_analytics.calls.telephony import Telephony
from flows_analytics.calls.values import Plain, Text

JOURNAL_VERSION = 1
"""Version of the lines, apart from the moments in them, which follow the record's ``schema_version``."""


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    def encode(self) -> bytes:
        return self.model_dump_json().encode("utf-8") + b"\n"


class Receiver(BaseModel):
    """One to whom a call is to be sent (see `UploadSink`).

    Attributes:
        name: Names the receiver in the outbox.
        target: Its public settings; empty if it told none.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: Text
    target: Plain = Field(default_factory=dict[str, Any])


class Sending(BaseModel):
    """Where a call is to be sent once it is over.

    Whoever recovers the call has sinks of its own, or none; only its journal knows who was to have it.

    Attributes:
        outbox: The calls directory whose outbox keeps it until then; None for the one in which the journal lies.
        receivers: Who is to have it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    outbox: Text | None = None
    receivers: tuple[Receiver, ...] = ()


class HeaderLine(_Line):
    """What was known of a call before it began (see `CallHeader`).

    Attributes:
        journal: Version of the lines.
        schema_version: Version of the moments in them.
        call_id: Identifier of the call.
        call_type: Kind of call.
        agent: The bot.
        goals: Nodes that mean success.
        metadata: Whatever the bot attached.
        pipecat: Version of Pipecat; None without it.
        wall_ns: The wall clock when the header was made, in nanoseconds since 1970.
        pid: The process that wrote it, for people; whether it lives is told by its lock.
        sending: Where it is to be sent; None for nowhere.
    """

    journal: int = JOURNAL_VERSION
    schema_version: int = SCHEMA_VERSION
    call_id: Text
    call_type: Text = "web_call"
    agent: Agent = Agent()
    goals: tuple[Text, ...] = ()
    metadata: Plain = Field(default_factory=dict[str, Any])
    pipecat: Text | None = None
    wall_ns: int
    pid: int | None = None
    sending: Sending | None = None


class UnplacedLine(_Line):
    """A moment whose time in the call could not be told yet.

    Attributes:
        at_ns: When it happened, as a reading of the call's clock.
        moment: The moment; its ``at_ms`` means nothing.
    """

    at_ns: int
    moment: AnyMoment


class PlacedLine(_Line):
    """When the call began.

    Attributes:
        zero_ns: Reading of the call's clock.
        wall_ns: The wall clock, in nanoseconds since 1970.
    """

    zero_ns: int
    wall_ns: int


class Facts(BaseModel):
    """What has become known of the whole call (see `CallRecord`). Those that were set count.

    Attributes:
        flows: The Flows in use.
        declared: The declared graphs.
        cost: What it cost.
        service_costs: What it cost by service and model.
        disconnection_reason: Why it was over.
        recording: Where it can be heard.
        telephony: Which call of the carrier's it was.
        health: What the recording lost, apart from the journal's own failures.
        journal_failed: Those.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    flows: Text | None = None
    declared: dict[Text, DeclaredGraph] = Field(default_factory=dict[str, DeclaredGraph])
    cost: float | None = None
    service_costs: tuple[ServiceCost, ...] = ()
    disconnection_reason: Text | None = None
    recording: Recording | None = None
    telephony: Telephony | None = None
    health: Health = Health()
    journal_failed: Loss | None = None


class FactsLine(_Line):
    """What has become known since the last of these lines.

    Attributes:
        facts: The facts.
    """

    facts: Facts

    def encode(self) -> bytes:
        """Write the facts that were set, and no others."""
        return self.model_dump_json(exclude_unset=True).encode("utf-8") + b"\n"


@dataclass(frozen=True)
class Unplaced:
    """A moment on its way into an `UnplacedLine`."""

    at_ns: int
    moment: Moment


Line = Moment | UnplacedLine | PlacedLine | FactsLine
"""What a line after the header says."""

_MOMENT: TypeAdapter[Moment] = TypeAdapter(AnyMoment)
_BY_KEY: dict[str, type[UnplacedLine | PlacedLine | FactsLine]] = {
    "at_ns": UnplacedLine,
    "zero_ns": PlacedLine,
    "facts": FactsLine,
}


def encode_moment(moment: Moment) -> bytes:
    """Write a moment's line.

    Args:
        moment: The moment.

    Returns:
        The line, its end included.
    """
    return moment.model_dump_json(exclude_none=True).encode("utf-8") + b"\n"


def encode_unplaced(unplaced: Unplaced) -> bytes:
    """Write the line of a moment whose time in the call could not be told yet.

    Args:
        unplaced: The moment.

    Returns:
        The line, its end included.
    """
    return b'{"at_ns":%d,"moment":%s}\n' % (unplaced.at_ns, encode_moment(unplaced.moment)[:-1])


def decode_header(line: bytes) -> HeaderLine | None:
    """Read the first line.

    Args:
        line: The line, without its end.

    Returns:
        The header; None if the line is none.
    """
    try:
        document = from_json(line)
        return HeaderLine.model_validate_json(line) if "journal" in document else None
    except (ValueError, TypeError, ValidationError):
        return None


def decode(line: bytes) -> Line | None:
    """Read a line after the header.

    Args:
        line: The line, without its end.

    Returns:
        What it says; None if it cannot be read.
    """
    try:
        document = from_json(line)
        if not isinstance(document, dict):
            return None
        for key, kind in _BY_KEY.items():
            if key in document and "kind" not in document:
                return kind.model_validate_json(line)
        return _MOMENT.validate_json(line)
    except (ValueError, ValidationError):
        return None


def ends_in_header(content: bytes) -> bool:
    """Tell whether a journal is cut off in its first line, so that nothing was ever written of the call.

    Args:
        content: The file.

    Returns:
        Whether it is empty, or the beginning of a header without its end.
    """
    beginning = b'{"journal":'
    return b"\n" not in content and content[: len(beginning)] == beginning[: len(content)]
