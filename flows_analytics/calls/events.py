"""The moments of a call: one frozen model per kind, told apart by ``kind``.

A moment says what was seen and when, never what it means: where a turn ends, which visit it belongs to and
whether the call succeeded are computed from the moments by the readings beside this file.

Every moment carries ``seq``, its place in the order in which it was recorded, and ``at_ms``, when it happened,
in milliseconds since the pipeline clock of the observed worker started. ``seq`` orders the moments that one
source gives (all node changes come in order, so do all frames); ``at_ms`` relates moments of different
sources, because frames are observed through a queue and may be recorded late.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from flows_analytics.calls.values import Plain, Text

Cause = Literal["initial", "function", "code", "inferred"]
"""Why a node was entered: first of its flow, a function returned it, code set it, or only the result was seen."""

Terminal = Literal["end", "stop", "cancel", "flush", "cleanup"]
"""What ended the call: an EndFrame, StopFrame or CancelFrame, ``aflush()``, or none of them seen at cleanup."""


class Moment(BaseModel):
    """What all moments have.

    Attributes:
        seq: Place in the order of recording, from 0.
        at_ms: When it happened, in milliseconds since the start of the call, to the microsecond.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    seq: int
    at_ms: float


class CallStarted(Moment):
    """The pipeline of the observed worker started."""

    kind: Literal["call_started"] = "call_started"


class CallEnded(Moment):
    """The call ended: the first terminal frame arrived at the end of the pipeline.

    Attributes:
        terminal: What ended it.
        reason: The reason the frame or ``aflush`` gave; None if it gave none.
    """

    kind: Literal["call_ended"] = "call_ended"
    terminal: Terminal
    reason: Text | None = None


class ClientConnected(Moment):
    """The transport said that the caller is connected."""

    kind: Literal["client_connected"] = "client_connected"


class NodeChangeBegan(Moment):
    """A FlowManager began to change its node.

    Attributes:
        change: Number of this node change in the call; ``node_entered`` and ``node_change_failed`` repeat it.
        flow: The flow: ``main``, ``flow2``, …
        from_node: The node current until then; None before the first.
        node: The node to be entered.
        cause: Why.
        function: The function that returned the node; None unless the cause is ``function``.
        arguments: The arguments the function was called with; None if there was none, or if switched off.
        result: What the function returned beside the node; None if there was none, or if switched off.
        tool_call_id: The LLM's id of that call; None if unknown.
        during: The function whose handler was running and changed the node itself; None if there was none.
        speaks: Number of ``tts_say`` pre-actions, which speak for the new node before it is entered.
    """

    kind: Literal["node_change_began"] = "node_change_began"
    change: int
    flow: Text
    from_node: Text | None = None
    node: Text
    cause: Cause
    function: Text | None = None
    arguments: Plain = None
    result: Plain = None
    tool_call_id: Text | None = None
    during: Text | None = None
    speaks: int = 0


class NodeEntered(Moment):
    """A node became the current one.

    Attributes:
        change: The node change this completes; None for a node that was current before we were attached.
        flow: The flow.
        node: The node.
        cause: Why, as in `NodeChangeBegan`.
        functions: Names of the functions offered to the LLM in it, global ones included, in the order offered.
        context_strategy: ``append``, ``reset`` or ``reset_with_summary``; None if unknown.
        respond_immediately: Whether the LLM is run at once; None if unknown.
        can_end: Whether the node's actions can end the conversation; None if unknown.
        state: The flow's state, reduced to the keys that ``include_state`` allows; None if it allows none.
    """

    kind: Literal["node_entered"] = "node_entered"
    change: int | None = None
    flow: Text
    node: Text
    cause: Cause
    functions: tuple[Text, ...] = ()
    context_strategy: Text | None = None
    respond_immediately: bool | None = None
    can_end: bool | None = None
    state: Plain = None


class NodeChangeFailed(Moment):
    """A node change raised.

    Attributes:
        change: The node change.
        flow: The flow.
        node: The node that was to be entered.
        entered: Whether it had been entered before the failure (then a post-action failed, not the change).
        error: The message of the exception.
        error_type: The class of the exception; ``CancelledError`` when the call ended meanwhile.
    """

    kind: Literal["node_change_failed"] = "node_change_failed"
    change: int
    flow: Text
    node: Text
    entered: bool
    error: Text
    error_type: str


class TransitionRequested(Moment):
    """A function returned a next node. The framework moves there later, or never.

    Attributes:
        flow: The flow.
        from_node: The node current when the function returned.
        node: The node it returned.
        function: The function.
        tool_call_id: The LLM's id of the call.
    """

    kind: Literal["transition_requested"] = "transition_requested"
    flow: Text
    from_node: Text | None = None
    node: Text
    function: Text
    tool_call_id: Text


class FunctionCalled(Moment):
    """A function's handler began to run.

    Attributes:
        tool_call_id: The LLM's id of the call, unique in the call.
        function: The function.
        arguments: What the LLM passed to it; None if switched off.
        group: Id shared by the calls of one LLM response; None if unknown.
    """

    kind: Literal["function_called"] = "function_called"
    tool_call_id: Text
    function: Text
    arguments: Plain = None
    group: Text | None = None


class FunctionReturned(Moment):
    """A function gave its final result.

    Attributes:
        tool_call_id: The LLM's id of the call.
        function: The function.
        result: What it returned; None if switched off.
        failed: Whether it failed. A Flows handler that raises says so only in its result.
        error: The failure's message; None without one, or if results are switched off.
        next: ``move`` if it returned a next node, ``stay`` if not.
    """

    kind: Literal["function_returned"] = "function_returned"
    tool_call_id: Text
    function: Text
    result: Plain = None
    failed: bool = False
    error: Text | None = None
    next: Literal["move", "stay"]


class FunctionCancelled(Moment):
    """A function call was cancelled before it returned.

    Attributes:
        tool_call_id: The LLM's id of the call.
        function: The function.
        timed_out: Whether its own deadline did it; None where this Pipecat does not say.
    """

    kind: Literal["function_cancelled"] = "function_cancelled"
    tool_call_id: Text
    function: Text
    timed_out: bool | None = None


class CallerVoiceStarted(Moment):
    """Voice activity detection decided that the caller speaks.

    Attributes:
        lag_ms: How much speech it took to decide: the speech began at ``at_ms - lag_ms``.
    """

    kind: Literal["caller_voice_started"] = "caller_voice_started"
    lag_ms: float = 0.0


class CallerVoiceStopped(Moment):
    """Voice activity detection decided that the caller is silent.

    Attributes:
        lag_ms: How much silence it took to decide: the speech ended at ``at_ms - lag_ms``.
    """

    kind: Literal["caller_voice_stopped"] = "caller_voice_stopped"
    lag_ms: float = 0.0


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


class InferenceStarted(Moment):
    """The LLM began to answer."""

    kind: Literal["inference_started"] = "inference_started"


class SpeakRequested(Moment):
    """Something other than the LLM asked for speech: a ``tts_say`` action or a TTSSpeakFrame.

    Attributes:
        text: The words asked for; None if transcripts are switched off.
    """

    kind: Literal["speak_requested"] = "speak_requested"
    text: Text | None = None


class BotStarted(Moment):
    """The bot's first audio left the output transport."""

    kind: Literal["bot_started"] = "bot_started"


class BotStopped(Moment):
    """The bot's audio ended."""

    kind: Literal["bot_stopped"] = "bot_stopped"


class BotText(Moment):
    """Words of the bot that the caller heard, or read in a pipeline without speech.

    Attributes:
        text: The words; None if transcripts are switched off.
        spaced: Whether the text brings its own spaces (then pieces are joined without any).
        source: ``transport`` if the output transport released them, ``context`` if only the context shows them.
        origin: ``seq`` of the ``inference_started`` or ``speak_requested`` that produced them; None if unknown.
    """

    kind: Literal["bot_text"] = "bot_text"
    text: Text | None = None
    spaced: bool = False
    source: Literal["transport", "context"] = "transport"
    origin: int | None = None


class Interrupted(Moment):
    """The caller cut the bot's speech."""

    kind: Literal["interrupted"] = "interrupted"


class ErrorSeen(Moment):
    """A processor reported an error.

    Attributes:
        message: What it said.
        fatal: Whether it ends the call.
        processor: Name of the processor; None if unknown.
    """

    kind: Literal["error"] = "error"
    message: Text
    fatal: bool = False
    processor: Text | None = None


AnyMoment = Annotated[
    CallStarted
    | CallEnded
    | ClientConnected
    | NodeChangeBegan
    | NodeEntered
    | NodeChangeFailed
    | TransitionRequested
    | FunctionCalled
    | FunctionReturned
    | FunctionCancelled
    | CallerVoiceStarted
    | CallerVoiceStopped
    | CallerTurnStarted
    | CallerTurnStopped
    | CallerText
    | InferenceStarted
    | SpeakRequested
    | BotStarted
    | BotStopped
    | BotText
    | Interrupted
    | ErrorSeen,
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
