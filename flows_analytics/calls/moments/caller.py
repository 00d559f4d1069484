"""What the caller says."""

from __future__ import annotations

from typing import Literal

from flows_analytics.calls.moments.base import Milliseconds, Moment
from flows_analytics.calls.values import Text


class CallerVoiceStarted(Moment):
    """Voice activity detection decided that the caller speaks.

    Attributes:
        lag_ms: How much speech it took to decide: the speech began at ``at_ms - lag_ms``.
    """

    kind: Literal["caller_voice_started"] = "caller_voice_started"
    lag_ms: Milliseconds = 0.0


class CallerVoiceStopped(Moment):
    """Voice activity detection decided that the caller is silent.

    Attributes:
        lag_ms: How much silence it took to decide: the speech ended at ``at_ms - lag_ms``.
    """

    kind: Literal["caller_voice_stopped"] = "caller_voice_stopped"
    lag_ms: Milliseconds = 0.0


class CallerTurnStarted(Moment):
    """Pipecat's turn strategies decided that the caller's turn began."""

    kind: Literal["caller_turn_started"] = "caller_turn_started"


class CallerTurnStopped(Moment):
    """Pipecat's turn strategies decided that the caller's turn is over."""

    kind: Literal["caller_turn_stopped"] = "caller_turn_stopped"


class CallerText(Moment):
    """A final transcript, or what the caller typed.

    Attributes:
        text: The words; None if transcripts are switched off.
        source: ``speech`` or ``typed``.
        user_id: Who spoke, if the transport tells people apart.
        language: Language code, if the service tells it.
    """

    kind: Literal["caller_text"] = "caller_text"
    text: Text | None = None
    source: Literal["speech", "typed"] = "speech"
    user_id: Text | None = None
    language: Text | None = None


class CallerTextBegan(Moment):
    """The first partial transcript of something whose final transcript is still to come.

    It tells which stretch of speech a late final transcript belongs to. The words are not kept: they are guesses.
    """

    kind: Literal["caller_text_began"] = "caller_text_began"


class CallerBackchannel(Moment):
    """The caller acknowledged what the bot was saying ("mhm"), and the bot went on.

    Lines: Pipecat 1.13 and later, with a strategy that tells backchannels.

    Attributes:
        text: The words; None if transcripts are switched off.
        user_id: Who spoke, if the transport tells people apart.
    """

    kind: Literal["caller_backchannel"] = "caller_backchannel"
    text: Text | None = None
    user_id: Text | None = None


class TurnDecided(Moment):
    """A turn strategy decided that the caller's turn began or is over.

    Absent: Unless ``attach_user_aggregator`` was given the aggregator; `CallerTurnStarted` and `CallerTurnStopped`
        are there without it.

    Attributes:
        decision: ``started``, ``stopped``, or ``stop_timeout`` when no strategy decided in time.
        strategy: Class of the strategy; None if there is none to name.
    """

    kind: Literal["turn_decided"] = "turn_decided"
    decision: Literal["started", "stopped", "stop_timeout"]
    strategy: Text | None = None


class CallerIdle(Moment):
    """The caller has been silent for as long as the bot allows.

    Absent: Unless ``attach_user_aggregator`` was given the aggregator, and it has a ``user_idle_timeout``.
    """

    kind: Literal["caller_idle"] = "caller_idle"


class CallerMuted(Moment):
    """What the caller says is ignored from now on."""

    kind: Literal["caller_muted"] = "caller_muted"


class CallerUnmuted(Moment):
    """What the caller says counts again."""

    kind: Literal["caller_unmuted"] = "caller_unmuted"


class PipecatTurnStarted(Moment):
    """Pipecat's own turn tracking began a turn.

    Absent: Unless ``attach_turn_tracking_observer`` was given the TurnTrackingObserver.

    Attributes:
        number: Pipecat's number of the turn, from 1. Its turns hold both sides, ours one.
    """

    kind: Literal["pipecat_turn_started"] = "pipecat_turn_started"
    number: int


class PipecatTurnEnded(Moment):
    """Pipecat's own turn tracking ended a turn.

    Absent: Unless ``attach_turn_tracking_observer`` was given the TurnTrackingObserver.

    Attributes:
        number: Pipecat's number of the turn.
        duration_ms: How long Pipecat says it took.
        interrupted: Pipecat's verdict. The last turn of a call is always said to be interrupted.
    """

    kind: Literal["pipecat_turn_ended"] = "pipecat_turn_ended"
    number: int
    duration_ms: Milliseconds | None = None
    interrupted: bool = False
