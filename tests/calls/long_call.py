"""A call as long as wanted, with everything that can be in one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from flows_analytics import CallRecord
from flows_analytics.calls.events import (
    AudioTranscribed,
    BotStarted,
    BotStopped,
    BotText,
    CallEnded,
    CallerBackchannel,
    CallerIdle,
    CallerMuted,
    CallerText,
    CallerTextBegan,
    CallerTurnStarted,
    CallerTurnStopped,
    CallerUnmuted,
    CallerVoiceStarted,
    CallerVoiceStopped,
    CharactersSpoken,
    ClientConnected,
    FirstAudio,
    FirstToken,
    FunctionCalled,
    FunctionRequested,
    FunctionReturned,
    InferenceEnded,
    InferenceStarted,
    Interrupted,
    KeysPressed,
    NodeChangeBegan,
    NodeEntered,
    SpeakRequested,
    SynthesisStarted,
    TokensUsed,
    TransitionRequested,
    TurnDecided,
    WorkerActivated,
    WorkerDeactivated,
)

Row = tuple[type[Any], float, dict[str, Any]]


def long_call(turns: int) -> CallRecord:
    """A call with so many turns, or a few more."""
    rows: list[Row] = []
    for round_no in range(-(-turns // 4)):
        rows.extend(_round(round_no, len(rows)))
    rows.append((CallEnded, rows[-1][1] + 1000, {"terminal": "end"}))
    return record_of(rows)


def record_of(rows: list[Row]) -> CallRecord:
    """A record of moments from rows of kind, time and fields; their `seq` is the place in the list."""
    events = tuple(kind(seq=seq, at_ms=float(at), **fields) for seq, (kind, at, fields) in enumerate(rows))
    return CallRecord(
        call_id="x",
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
        status="completed" if rows and rows[-1][0] is CallEnded else "started",
        events=events,
    )


def _round(number: int, seq: int) -> Iterator[Row]:
    """Four turns, of which one is cut off and one but an acknowledgement; two tools, one lost; one node change."""
    at = number * 10_000
    if number == 0:
        yield ClientConnected, at, {}
    else:
        yield CallerIdle, at, {}
    yield CallerVoiceStarted, at + 200, {"lag_ms": 200}
    yield CallerTurnStarted, at + 200, {}
    yield CallerTextBegan, at + 500, {}
    yield CallerVoiceStopped, at + 1000, {"lag_ms": 200}
    yield CallerText, at + 1100, {"text": f"I want number {number}"}
    yield CallerTurnStopped, at + 1200, {}
    yield TurnDecided, at + 1200, {"decision": "stopped", "strategy": "Smart"}
    yield CallerMuted, at + 1201, {}
    yield CallerUnmuted, at + 1202, {}
    # A function that moves the flow, and one whose own move is lost because of it.
    origin = seq + 10
    yield InferenceStarted, at + 1300, {"processor": "LLM#0"}
    for name in ("move", "lose"):
        yield FunctionRequested, at + 1400, {**_tool(name, number), "processor": "LLM#0"}
    yield InferenceEnded, at + 1410, {"origin": origin}
    yield TokensUsed, at + 1420, _tokens(number)
    yield FunctionCalled, at + 1450, _tool("move", number)
    yield FunctionCalled, at + 1451, _tool("lose", number)
    yield TransitionRequested, at + 1480, {**_tool("lose", number), **_nodes(number), "node": "elsewhere"}
    yield FunctionReturned, at + 1480, {**_tool("lose", number), "next": "move"}
    yield TransitionRequested, at + 1490, {**_tool("move", number), **_nodes(number)}
    yield FunctionReturned, at + 1490, {**_tool("move", number), "next": "move"}
    change = {"change": number, "flow": "main", "node": f"n{(number + 1) % 40}", "cause": "function"}
    came = {"from_node": f"n{number % 40}", "function": "move", "tool_call_id": f"move{number}", "speaks": 1}
    yield NodeChangeBegan, at + 1500, {**change, **came}
    yield SpeakRequested, at + 1510, {"text": "One moment please."}
    yield NodeEntered, at + 1600, {**change, "functions": ("move", "lose", "never")}
    # What was asked for is said; the caller acknowledges it.
    yield SynthesisStarted, at + 1610, {"origin": origin + 13}
    yield FirstAudio, at + 1700, {"origin": origin + 13}
    yield BotStarted, at + 1710, {}
    yield BotText, at + 1711, {"text": "One moment please.", "origin": origin + 13}
    yield CallerText, at + 1800, {"text": "mhm"}
    yield CallerBackchannel, at + 1801, {"text": "mhm"}
    yield BotStopped, at + 2000, {}
    # The new node speaks, and is cut off.
    said = origin + 22
    yield InferenceStarted, at + 2100, {"processor": "LLM#0"}
    yield FirstToken, at + 2300, {"origin": said}
    yield SynthesisStarted, at + 2310, {"origin": said}
    yield InferenceEnded, at + 2400, {"origin": said, "text": f"So you want number {number}, is that right?"}
    yield TokensUsed, at + 2410, _tokens(number)
    yield CharactersSpoken, at + 2420, {"processor": "TTS#0", "characters": 40}
    yield FirstAudio, at + 2500, {"origin": said}
    yield BotStarted, at + 2510, {}
    yield BotText, at + 2600, {"text": f"So you want number {number},", "origin": said}
    yield Interrupted, at + 3000, {}
    yield BotStopped, at + 3001, {}
    yield KeysPressed, at + 4000, {"keys": "1"}
    yield AudioTranscribed, at + 4100, {"processor": "STT#0", "audio_secs": 4.1}
    yield (WorkerDeactivated if number % 2 else WorkerActivated), at + 5000, {"worker": "menu"}
    yield WorkerActivated, at + 5100, {"worker": f"w{number}"}


def _tool(name: str, number: int) -> dict[str, Any]:
    return {"tool_call_id": f"{name}{number}", "function": name}


def _nodes(number: int) -> dict[str, Any]:
    return {"flow": "main", "from_node": f"n{number % 40}", "node": f"n{(number + 1) % 40}"}


def _tokens(number: int) -> dict[str, Any]:
    read, written = 1000 + number % 100, 20
    return {
        "processor": "LLM#0",
        "model": "m",
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
        "cached_tokens": 900,
    }
