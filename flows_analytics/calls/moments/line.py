"""The line: who is on it, which keys are pressed, when it begins and ends."""

from __future__ import annotations

from typing import Literal

from flows_analytics.calls.moments.base import Milliseconds, Moment
from flows_analytics.calls.values import Plain, Text

Terminal = Literal["end", "stop", "cancel", "flush", "cleanup"]
"""What ended the call: an EndFrame, StopFrame or CancelFrame, ``aflush()``, or none of them seen at cleanup."""


class CallStarted(Moment):
    """The pipeline of the observed worker started."""

    kind: Literal["call_started"] = "call_started"


class CallEnded(Moment):
    """The call ended: the first terminal frame arrived at the end of the pipeline.

    Attributes:
        terminal: What ended it.
        reason: The reason the frame or ``aflush`` gave; None if it gave none.
        lag_ms: How long the frame was under way: the end was asked for at ``at_ms - lag_ms``.
    """

    kind: Literal["call_ended"] = "call_ended"
    terminal: Terminal
    reason: Text | None = None
    lag_ms: Milliseconds = 0.0


class ClientConnected(Moment):
    """The transport said that the caller is connected."""

    kind: Literal["client_connected"] = "client_connected"


class ClientDisconnected(Moment):
    """The transport said that the caller is gone. No frame says so.

    Some transports say so too when it was the bot that hung up, once the end is under way.

    Absent: Unless ``attach_transport`` was given the transport.
    """

    kind: Literal["client_disconnected"] = "client_disconnected"


class KeysPressed(Moment):
    """The caller pressed a key of the phone.

    Attributes:
        keys: The keys: digits, ``*`` and ``#``; mostly one. None if transcripts or arguments are switched off,
            because they may be a secret number.
        count: How many.
    """

    kind: Literal["keys_pressed"] = "keys_pressed"
    keys: Text | None = None
    count: int = 1


class KeysSent(Moment):
    """The bot sent keys, as a caller of a phone menu does.

    Attributes:
        keys: The keys: digits, ``*`` and ``#``. None if transcripts or arguments are switched off.
        count: How many.
    """

    kind: Literal["keys_sent"] = "keys_sent"
    keys: Text | None = None
    count: int = 1


class AnswererDetected(Moment):
    """A voicemail detector or an IVR navigator decided who answered an outbound call.

    Pipecat says ``voicemail`` only once the greeting is over and ``voicemail_response_delay`` has passed.

    Absent: Unless ``attach_processor`` was given the VoicemailDetector or IVRNavigator.

    Attributes:
        answerer: ``person`` or ``voicemail``.
    """

    kind: Literal["answerer_detected"] = "answerer_detected"
    answerer: Literal["person", "voicemail"]


class MenuStatusChanged(Moment):
    """An IVR navigator got on in a phone menu.

    Absent: Unless ``attach_processor`` was given the IVRNavigator.

    Attributes:
        status: ``detected``, ``completed`` or ``stuck``. That it waits to hear more, no event tells.
    """

    kind: Literal["menu_status_changed"] = "menu_status_changed"
    status: Text


class TransferRequested(Moment):
    """The bot asked the transport to pass the caller on.

    Lines: Transports that have frames for it, such as Daily's SIP transfer and refer.

    Attributes:
        method: How, such as ``sip_transfer`` or ``sip_refer``.
        settings: Where to, as it was asked for; None if arguments are switched off.
    """

    kind: Literal["transfer_requested"] = "transfer_requested"
    method: Text
    settings: Plain = None


class WorkerActivated(Moment):
    """The call was handed to another worker of a bot that has several.

    Absent: Unless ``attach_worker`` was given that worker.

    Attributes:
        worker: Its name.
    """

    kind: Literal["worker_activated"] = "worker_activated"
    worker: Text


class WorkerDeactivated(Moment):
    """A worker gave the call away.

    Absent: Unless ``attach_worker`` was given that worker.

    Attributes:
        worker: Its name.
    """

    kind: Literal["worker_deactivated"] = "worker_deactivated"
    worker: Text
