"""Holding a record against what really happened."""

from __future__ import annotations

import pytest

from flows_analytics import CallRecord
from tests.truth import BotSpeech, CallerSpeech, Truth

TOLERANCE_MS = 20.0


def assert_agrees(record: CallRecord, truth: Truth) -> None:
    """Who said what, when; what was cut off; which functions ran, how long; and that nothing was lost."""
    assert_turns_agree(record, truth)
    assert_tools_agree(record, truth)
    assert [event.seq for event in record.events] == list(range(len(record.events)))
    assert record.health.ok, record.health


def assert_turns_agree(record: CallRecord, truth: Truth) -> None:
    """One turn for each speech of each side, in the order in which they began, with its words and times."""
    speeches = sorted([*truth.caller, *truth.bot], key=lambda speech: speech.start_ms)
    assert [(turn.speaker, turn.text) for turn in record.turns] == [
        ("caller", speech.text) if isinstance(speech, CallerSpeech) else ("bot", speech.heard)
        for speech in speeches
    ]
    assert [turn.seq for turn in record.turns] == list(range(len(record.turns)))
    off = []
    for turn, speech in zip(record.turns, speeches, strict=True):
        end_ms = _end(speech, record)
        if turn.start_ms != pytest.approx(speech.start_ms, abs=TOLERANCE_MS):
            off.append(f"{turn.speaker} {turn.text!r} starts {turn.start_ms:.1f}, truly {speech.start_ms:.1f}")
        if turn.end_ms != pytest.approx(end_ms, abs=TOLERANCE_MS):
            off.append(f"{turn.speaker} {turn.text!r} ends {turn.end_ms}, truly {end_ms:.1f}")
        if isinstance(speech, BotSpeech) and turn.interrupted != speech.cut:
            off.append(f"{turn.text!r} is said to be interrupted: {turn.interrupted}")
    assert not off


def assert_tools_agree(record: CallRecord, truth: Truth) -> None:
    """Each run of a function once, begun and ended when it was."""
    assert [call.function for call in record.tool_calls] == [run.function for run in truth.tools]
    for call, run in zip(record.tool_calls, truth.tools, strict=True):
        assert call.started_ms == pytest.approx(run.began_ms, abs=TOLERANCE_MS), call.function
        assert call.ended_ms == pytest.approx(run.ended_ms, abs=TOLERANCE_MS), call.function


def _end(speech: CallerSpeech | BotSpeech, record: CallRecord) -> float:
    """When a speech ended, at the latest with the call.

    Pipecat says that the bot has stopped when its last chunk, padded to 40 ms, was played: there the voice itself
    ended less than a chunk before. After an interruption it says so at once, and so does the truth.
    """
    assert record.duration_ms is not None
    if speech.end_ms is None:
        return record.duration_ms
    ends = speech.sounded_until_ms if isinstance(speech, BotSpeech) and not speech.cut else speech.end_ms
    return min(ends, record.duration_ms)
