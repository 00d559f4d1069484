"""The moments of a call: one frozen model per kind, told apart by ``kind``.

A moment says what was seen and when, never what it means: where a turn ends, which visit it belongs to and
whether the call succeeded are computed from the moments by the readings beside this file.

Every moment carries ``seq``, its place in the order in which it was recorded, and ``at_ms``, when it happened,
in milliseconds since the pipeline clock of the observed worker started. ``seq`` orders the moments that one
source gives (all node changes come in order, so do all frames); ``at_ms`` relates moments of different
sources, because frames are observed through a queue and may be recorded late.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from flows_analytics.calls.moments.base import Moment
from flows_analytics.calls.moments.bot import (
    AnswerDropped,
    BotStarted,
    BotStopped,
    BotText,
    FirstAudio,
    FirstToken,
    InferenceEnded,
    InferenceStarted,
    Interrupted,
    SpeakRequested,
    SynthesisStarted,
)
from flows_analytics.calls.moments.caller import (
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
    PipecatTurnEnded,
    PipecatTurnStarted,
    TurnDecided,
)
from flows_analytics.calls.moments.flow import (
    Cause,
    NodeChangeBegan,
    NodeChangeFailed,
    NodeEntered,
    TransitionRequested,
)
from flows_analytics.calls.moments.functions import (
    FunctionCalled,
    FunctionCancelled,
    FunctionProgressed,
    FunctionRequested,
    FunctionReturned,
)
from flows_analytics.calls.moments.line import (
    AnswererDetected,
    CallEnded,
    CallStarted,
    ClientConnected,
    ClientDisconnected,
    KeysPressed,
    KeysSent,
    MenuStatusChanged,
    Terminal,
    TransferRequested,
    WorkerActivated,
    WorkerDeactivated,
)
from flows_analytics.calls.moments.services import (
    AudioTranscribed,
    CharactersSpoken,
    ErrorSeen,
    Measure,
    Measured,
    MetricsOff,
    ServiceSwitched,
    ServiceSwitchRequested,
    TokensUsed,
)

AnyMoment = Annotated[
    CallStarted
    | CallEnded
    | ClientConnected
    | ClientDisconnected
    | KeysPressed
    | KeysSent
    | AnswererDetected
    | MenuStatusChanged
    | TransferRequested
    | WorkerActivated
    | WorkerDeactivated
    | NodeChangeBegan
    | NodeEntered
    | NodeChangeFailed
    | TransitionRequested
    | FunctionRequested
    | FunctionCalled
    | FunctionProgressed
    | FunctionReturned
    | FunctionCancelled
    | CallerVoiceStarted
    | CallerVoiceStopped
    | CallerTurnStarted
    | CallerTurnStopped
    | CallerText
    | CallerTextBegan
    | CallerBackchannel
    | TurnDecided
    | CallerIdle
    | CallerMuted
    | CallerUnmuted
    | PipecatTurnStarted
    | PipecatTurnEnded
    | InferenceStarted
    | FirstToken
    | InferenceEnded
    | SpeakRequested
    | SynthesisStarted
    | FirstAudio
    | BotStarted
    | BotStopped
    | BotText
    | Interrupted
    | AnswerDropped
    | ErrorSeen
    | MetricsOff
    | Measured
    | TokensUsed
    | CharactersSpoken
    | AudioTranscribed
    | ServiceSwitchRequested
    | ServiceSwitched,
    Field(discriminator="kind"),
]
"""Any moment, as pydantic reads it back from JSON."""

Events = tuple[AnyMoment, ...]
"""The moments of one call, in the order of recording."""


def milliseconds(nanoseconds: int) -> float:
    """Convert a clock reading to the unit of ``at_ms``.

    Args:
        nanoseconds: A reading of the pipeline clock.

    Returns:
        Milliseconds, rounded to the microsecond.
    """
    return round(nanoseconds / 1e6, 3)


__all__ = [
    "AnswerDropped",
    "AnswererDetected",
    "AnyMoment",
    "AudioTranscribed",
    "BotStarted",
    "BotStopped",
    "BotText",
    "CallEnded",
    "CallStarted",
    "CallerBackchannel",
    "CallerIdle",
    "CallerMuted",
    "CallerText",
    "CallerTextBegan",
    "CallerTurnStarted",
    "CallerTurnStopped",
    "CallerUnmuted",
    "CallerVoiceStarted",
    "CallerVoiceStopped",
    "Cause",
    "CharactersSpoken",
    "ClientConnected",
    "ClientDisconnected",
    "ErrorSeen",
    "Events",
    "FirstAudio",
    "FirstToken",
    "FunctionCalled",
    "FunctionCancelled",
    "FunctionProgressed",
    "FunctionRequested",
    "FunctionReturned",
    "InferenceEnded",
    "InferenceStarted",
    "Interrupted",
    "KeysPressed",
    "KeysSent",
    "Measure",
    "Measured",
    "MenuStatusChanged",
    "MetricsOff",
    "Moment",
    "NodeChangeBegan",
    "NodeChangeFailed",
    "NodeEntered",
    "PipecatTurnEnded",
    "PipecatTurnStarted",
    "ServiceSwitchRequested",
    "ServiceSwitched",
    "SpeakRequested",
    "SynthesisStarted",
    "Terminal",
    "TokensUsed",
    "TransferRequested",
    "TransitionRequested",
    "TurnDecided",
    "WorkerActivated",
    "WorkerDeactivated",
    "milliseconds",
]
