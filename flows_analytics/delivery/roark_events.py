"""A call in the words of Roark's Pipecat integration: how it began, how it ended, and its sound."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flows_analytics.calls.ending import DisconnectionReason
from flows_analytics.calls.events import CallEnded
from flows_analytics.calls.record import CallRecord
from flows_analytics.calls.sound import Recording
from flows_analytics.calls.tools import ToolCall
from flows_analytics.calls.turns import Turn

PCM = "audio/pcm"
"""Content type of the sound: 16-bit samples, the channels interleaved."""

_WORDS: dict[str, str] = {
    DisconnectionReason.USER_HANGUP: "client-disconnected",
    DisconnectionReason.AGENT_HANGUP: "agent-ended",
}
"""Roark's words for why a call was over. It takes any others too."""


@dataclass(frozen=True)
class AgentCard:
    """How Roark knows the bot.

    Attributes:
        id: Its identifier, the same in every call.
        name: Its name for people; None if not given.
        prompt: Its system prompt; None if not given.
    """

    id: str
    name: str | None = None
    prompt: str | None = None


@dataclass(frozen=True)
class SentSound:
    """The sound that Roark was sent.

    Attributes:
        sample_rate: Samples a second of each channel.
        channels: Number of channels.
    """

    sample_rate: int
    channels: int


def call_started(record: CallRecord, agent: AgentCard) -> dict[str, Any]:
    """Say that a call began.

    Args:
        record: The call, which may only just have begun.
        agent: The bot.

    Returns:
        The event, made of JSON types.
    """
    return {
        "event": "call-started",
        "pipecatCallId": record.call_id,
        "eventTimestamp": _iso(record, 0.0),
        "agentId": agent.id,
        **({"agentName": agent.name} if agent.name else {}),
        **({"agentPrompt": agent.prompt} if agent.prompt else {}),
    }


def call_ended(record: CallRecord, sound: SentSound | None = None) -> dict[str, Any]:
    """Tell a call that is over.

    Args:
        record: The call; one that still runs is told up to its last moment.
        sound: What was sent of its sound; None if nothing was. Without it there are no places in it either.

    Returns:
        The event, made of JSON types.
    """
    ended_ms = record.duration_ms
    if ended_ms is None:
        ended_ms = max((event.at_ms for event in record.events), default=0.0)
    ended = _iso(record, ended_ms)
    places = _Places(record, record.recording if sound else None)
    transcript = [_message(turn, places) for turn in record.turns if turn.text.strip()]
    tool_calls = _tool_calls(record.tool_calls, places)
    return {
        "event": "call-ended",
        "pipecatCallId": record.call_id,
        "eventTimestamp": ended,
        "callStartedAt": _iso(record, 0.0),
        "callEndedAt": ended,
        "callEndedReason": ended_reason(record),
        **({"agentSpokeFirst": record.turns[0].speaker == "bot"} if record.turns else {}),
        **({"recordingSampleRate": sound.sample_rate, "recordingNumChannels": sound.channels} if sound else {}),
        **({"transcript": transcript} if transcript else {}),
        **({"toolCalls": tool_calls} if tool_calls else {}),
    }


def chunk_asked(record: CallRecord, index: int) -> dict[str, Any]:
    """Ask where a piece of the call's sound goes.

    Args:
        record: The call.
        index: Which piece, from 0.

    Returns:
        The request, made of JSON types.
    """
    return {"pipecatCallId": record.call_id, "chunkIndex": index, "contentType": PCM}


def ended_reason(record: CallRecord) -> str:
    """Say why a call was over, in Roark's words.

    Args:
        record: The call.

    Returns:
        The first of these that is known: the reason that the terminal frame or ``aflush`` gave; what the bot's
        resolver said, or the moments show; else ``unknown`` for a pipeline that was only stopped or torn down,
        ``client-disconnected`` for an ``aflush`` without a reason, and ``agent-ended``.
    """
    end = next((event for event in record.events if isinstance(event, CallEnded)), None)
    given = (end.reason if end else None) or record.end_reason
    if given:
        return given
    if end is None or end.terminal == "stop":
        return "unknown"
    why = record.disconnection
    if why is not None and why.reason != DisconnectionReason.UNKNOWN:
        return _WORDS.get(why.reason, why.reason)
    return {"flush": "client-disconnected", "cleanup": "unknown"}.get(end.terminal, "agent-ended")


class _Places:
    """Says when something was, by the wall clock and in the sound of the call."""

    def __init__(self, record: CallRecord, recording: Recording | None) -> None:
        self._record = record
        self._recording = recording

    def at(self, at_ms: float, stamp: str = "timestamp", offset: str = "audioOffsetMs") -> dict[str, Any]:
        placed: dict[str, Any] = {stamp: _iso(self._record, at_ms)}
        offset_ms = self._recording.offset_ms(at_ms) if self._recording else None
        if offset_ms is not None:
            placed[offset] = round(offset_ms)
        return placed


def _message(turn: Turn, places: _Places) -> dict[str, Any]:
    starts = places.at(turn.start_ms)
    ends = {} if turn.end_ms is None else places.at(turn.end_ms, "endTimestamp", "endAudioOffsetMs")
    return {
        "role": "user" if turn.speaker == "caller" else "assistant",
        "content": turn.text.strip(),
        **{name: value for name in _STAMPS for value in [{**starts, **ends}.get(name)] if value is not None},
        **({"userId": turn.user_id} if turn.user_id else {}),
        **({"language": turn.language} if turn.language else {}),
    }


_STAMPS = ("timestamp", "endTimestamp", "audioOffsetMs", "endAudioOffsetMs")


def _tool_calls(calls: Iterable[ToolCall], places: _Places) -> list[dict[str, Any]]:
    told: list[tuple[float, dict[str, Any]]] = []
    for call in calls:
        if call.started_ms is not None:
            asked = {
                "kind": "tool_call",
                "toolCallId": call.tool_call_id,
                "name": call.function,
                "arguments": _arguments(call.arguments),
                **places.at(call.started_ms),
            }
            told.append((call.started_ms, asked))
        # One that was cancelled gave nothing.
        if call.ended_ms is not None and call.outcome != "cancelled":
            content = call.error if call.result is None and call.error else call.result
            answered = {"kind": "tool_result", "toolCallId": call.tool_call_id, "content": _content(content)}
            told.append((call.ended_ms, {**answered, **places.at(call.ended_ms)}))
    # The sort is stable: the call comes before its result.
    return [entry for _, entry in sorted(told, key=lambda pair: pair[0])]


def _arguments(arguments: Any) -> str:
    if arguments is None:
        return "{}"
    return arguments if isinstance(arguments, str) else json.dumps(arguments, separators=(",", ":"))


def _content(result: Any) -> str:
    if result is None:
        return ""
    if isinstance(result, dict | list):
        return json.dumps(result, separators=(",", ":"))
    return str(result)


def _iso(record: CallRecord, at_ms: float) -> str:
    began = record.started_at
    began = began.astimezone(UTC) if began.tzinfo else began.replace(tzinfo=UTC)
    return datetime.isoformat(began + timedelta(milliseconds=at_ms))
