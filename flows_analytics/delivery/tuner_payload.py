"""A call in the shape that Tuner takes: its CallPayload, with the path through the nodes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, cast
from uuid import NAMESPACE_OID, uuid5

from flows_analytics.calls.intervals import ContributionName
from flows_analytics.calls.record import CallRecord
from flows_analytics.calls.tools import ToolCall
from flows_analytics.calls.transitions import Transition
from flows_analytics.calls.turns import Turn
from flows_analytics.calls.visits import Visit

NO_RECORDING = "pipecat://no-recording"
"""What Tuner takes for the address of a recording that does not exist."""

VERSION_VARIABLES = ("APP_VERSION", "GITHUB_RUN_NUMBER", "CIRCLE_BUILD_NUM", "BUILD_NUMBER")
"""Environment variables that may number a version, in the order in which they are asked."""

_Role = Literal["user", "agent_function", "agent_result", "node_transition", "agent"]
_ORDER: tuple[_Role, ...] = ("user", "agent_function", "agent_result", "node_transition", "agent")
"""What comes first of what happens at once: causes before what they bring about."""


@dataclass(frozen=True)
class Models:
    """Names of the models of a call. An empty one is read from what the call's services reported.

    Attributes:
        asr: The model that transcribes.
        llm: The model that answers.
        tts: The model that speaks.
    """

    asr: str = ""
    llm: str = ""
    tts: str = ""


def call_payload(
    record: CallRecord, *, models: Models | None = None, agent_version: int | None = None
) -> dict[str, Any]:
    """Put a call into Tuner's words.

    The same call gives the same payload whenever and wherever it is made, ids of segments included.

    Args:
        record: The call; one that still runs is told up to its last moment. Its SIP ids are those of its
            telephony; without, of its metadata ``sip_call_id``, a text, and ``sip_headers``, a mapping.
        models: The models' names; None reads all of them from the record.
        agent_version: Number of the bot's version; None leaves it out.

    Returns:
        The payload, made of JSON types. What is not known is left out.
    """
    duration_ms = _duration_ms(record)
    began = record.started_at if record.started_at.tzinfo else record.started_at.replace(tzinfo=UTC)
    start, end = _seconds(began), _seconds(began + timedelta(milliseconds=duration_ms))
    disconnection = record.disconnection
    return _known(
        call_id=record.call_id,
        call_type=record.call_type,
        start_timestamp=start,
        end_timestamp=end,
        recording_url=(record.recording.url if record.recording else None) or NO_RECORDING,
        transcript_with_tool_calls=_segments(record),
        call_status="call_ended",
        duration_ms=int(duration_ms),
        general_meta_data_raw=_general(record, models or Models(), seconds=end - start),
        # Nobody told is not the same as a bot that says it cannot tell.
        disconnection_reason=disconnection.reason if disconnection and disconnection.source else None,
        **_sip(record),
        agent_version=agent_version,
    )


def number_version(record: CallRecord, given: int | None, environment: Mapping[str, str]) -> int | None:
    """Find the number of the version of the bot that took a call: Tuner takes no other version.

    Args:
        record: The call.
        given: The number passed to the sink; it wins.
        environment: The environment variables. They are asked only if the record's version is no number: a call
            may be sent by a later process than the one that held it.

    Returns:
        The first of these that is an integer: ``given``, the record's version, `VERSION_VARIABLES`; None if none
        is, or if the record has no version.
    """
    if given is not None:
        return given
    version = record.agent.version
    if version is None:
        return None
    return next(
        (n for n in map(_integer, (version, *map(environment.get, VERSION_VARIABLES))) if n is not None), None
    )


def _integer(text: str | None) -> int | None:
    try:
        return int(text) if text else None
    except ValueError:
        return None


def _known(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _duration_ms(record: CallRecord) -> float:
    if record.duration_ms is not None:
        return max(record.duration_ms, 0.0)
    return max((event.at_ms for event in record.events), default=0.0)


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def _sip(record: CallRecord) -> dict[str, Any]:
    if record.telephony is not None:
        # Where no SIP Call-ID was told, Tuner is told the carrier's own id under its name.
        return {"sip_call_id": record.telephony.id, "sip_headers": record.telephony.sip_headers or None}
    known = _mapping(record.metadata)
    call_id, headers = known.get("sip_call_id"), _mapping(known.get("sip_headers"))
    return {
        "sip_call_id": str(call_id) if call_id else None,
        "sip_headers": {name: str(value) for name, value in headers.items() if value is not None} or None,
    }


def _mapping(value: Any) -> Mapping[str, Any]:
    # Metadata and arguments are any JSON value.
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _general(record: CallRecord, models: Models, *, seconds: int) -> dict[str, Any]:
    usage = record.usage
    return {
        "ai_models": {
            "asr_model": models.asr or _model(s.model for s in usage.services if s.audio_secs is not None),
            "llm_model": models.llm or _model(s.model for s in usage.services if s.inferences),
            "tts_model": models.tts or _model(s.model for s in usage.services if s.characters is not None),
        },
        "usage_token": _known(
            asr_duration=seconds if usage.audio_secs is None else round(usage.audio_secs),
            llm_token=usage.total_tokens or None,
            tts_character_count=usage.characters or None,
        ),
    }


def _model(names: Iterable[str | None]) -> str:
    return next((name for name in names if name), "")


# The transcript


@dataclass(frozen=True)
class _Segment:
    role: _Role
    at_ms: float
    fields: dict[str, Any]


def _segments(record: CallRecord) -> list[dict[str, Any]]:
    nodes = [visit.node for visit in record.visits]
    entries = {(visit.flow, visit.node, visit.entered_ms): visit for visit in record.visits}
    segments = [
        *_spoken(record.turns, nodes),
        *(segment for call in record.tool_calls for segment in _called(call, nodes)),
        *(
            _moved(transition, entries.get((transition.flow, transition.to_node, transition.entered_ms)))
            for transition in record.transitions
            if transition.entered_ms is not None
        ),
    ]
    segments.sort(key=lambda segment: (segment.at_ms, _ORDER.index(segment.role)))
    whole = f"{record.call_id}/{record.started_at.isoformat()}"
    return [_written(segment, uuid5(NAMESPACE_OID, f"{whole}/{n}")) for n, segment in enumerate(segments)]


def _written(segment: _Segment, identity: Any) -> dict[str, Any]:
    fields = dict(segment.fields)
    metadata = {"id": str(identity), **fields.pop("metadata")}
    text, end_ms = fields.pop("text"), fields.pop("end_ms", None)
    start_ms = max(round(segment.at_ms), 0)
    return {
        "role": segment.role,
        "text": text,
        "start_ms": start_ms,
        **({} if end_ms is None else {"end_ms": max(round(end_ms), start_ms)}),
        "metadata": metadata,
        **fields,
    }


def _spoken(turns: Iterable[Turn], nodes: list[str]) -> list[_Segment]:
    """Turns, with the number of the exchange each is in: what the caller said, and the answer to it."""
    segments: list[_Segment] = []
    exchange, answered, cut_off = -1, True, False
    asked: dict[str, Any] | None = None
    for turn in turns:
        if not turn.backchannel and answered:
            # A further speech of the bot, without anything said to it, is an exchange of its own.
            exchange += 1
            answered = False
        shared = {"node": _at(nodes, turn.visit), "turn_index": max(exchange, 0)}
        if turn.speaker == "caller":
            metadata = _known(interrupted=cut_off and not turn.backchannel, **shared)
            if not turn.backchannel:
                asked, cut_off = metadata, False
            segments.append(_Segment("user", turn.start_ms, _speech(turn, metadata)))
            continue
        if asked is not None and turn.latency_ms is not None:
            # How long the transcription of a turn took is known by the wait for its answer.
            asked.update(_known(stt_node_ttfb=_part(turn, "transcription")))
            asked = None
        metadata = _known(
            interrupted=turn.interrupted,
            e2e_latency=_waited(turn),
            llm_node_ttft=_part(turn, "second_inference") or _part(turn, "llm_first_token"),
            tts_node_ttfb=_part(turn, "speech_synthesis"),
            **shared,
            interrupted_at_ms=None if turn.interrupted_ms is None else round(turn.interrupted_ms),
        )
        if not turn.backchannel:
            answered, cut_off = True, turn.interrupted
        segments.append(_Segment("agent", turn.start_ms, _speech(turn, metadata)))
    return segments


def _speech(turn: Turn, metadata: dict[str, Any]) -> dict[str, Any]:
    return {"text": turn.text, "end_ms": turn.end_ms, "metadata": metadata}


def _at(nodes: list[str], visit: int | None) -> str | None:
    return None if visit is None else nodes[visit]


def _waited(turn: Turn) -> int | None:
    # Nobody asked for a greeting, so nobody waited for an answer.
    if turn.latency_ms is None or turn.latency_from == "connected":
        return None
    return round(turn.latency_ms) or None


def _part(turn: Turn, name: ContributionName) -> int | None:
    return round(sum(part.ms for part in turn.contributions if part.name == name)) or None


def _called(call: ToolCall, nodes: list[str]) -> Iterable[_Segment]:
    asked_ms = next((at for at in (call.started_ms, call.requested_ms, call.ended_ms) if at is not None), 0.0)
    arguments = _mapping(call.arguments)
    metadata = _known(interrupted=False, node=_at(nodes, call.visit))
    tool = {"name": call.function, "request_id": call.tool_call_id}
    told = ", ".join(f"{name}={value}" for name, value in arguments.items())
    yield _Segment(
        "agent_function",
        asked_ms,
        {
            "text": f"{call.function}({told})",
            "metadata": metadata,
            "tool": {**tool, "params": dict(arguments), "start_ms": round(asked_ms)},
        },
    )
    if call.ended_ms is None:
        return
    failure = _failure(call)
    result: Any = call.result
    given = failure is None or result is not None
    yield _Segment(
        "agent_result",
        call.ended_ms,
        {
            "text": json.dumps(result) if given else failure,
            "metadata": dict(metadata),
            "tool": {
                **tool,
                **({"result": result if isinstance(result, dict) else {"value": result}} if given else {}),
                **({} if failure is None else {"is_error": True, "error": failure}),
                "start_ms": round(call.ended_ms),
            },
        },
    )


def _failure(call: ToolCall) -> str | None:
    match call.outcome:
        case "failed":
            return call.error or "failed"
        case "timed_out":
            return call.error or "timed out"
        case "cancelled":
            return "cancelled"
        case _:
            return call.error


def _moved(transition: Transition, visit: Visit | None) -> _Segment:
    entered_ms = transition.entered_ms or 0.0
    return _Segment(
        "node_transition",
        entered_ms if transition.began_ms is None else transition.began_ms,
        {
            "text": f"{transition.from_node} → {transition.to_node}",
            "end_ms": entered_ms,
            "node": {
                "from": transition.from_node,
                "to": transition.to_node,
                # What code does, no function is the reason of.
                "reason": transition.function or transition.during or transition.cause,
            },
            "metadata": {
                "interrupted": False,
                "trigger_args": transition.arguments if transition.arguments is not None else {},
                "state_snapshot": visit.state if visit and visit.state is not None else {},
                "functions_available": list(visit.functions_offered) if visit else [],
            },
        },
    )
