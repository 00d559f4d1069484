"""Sample calls, told as stories: each line is what happened at a second of the call."""

from __future__ import annotations

from typing import Any

from flows_analytics.calls.declared import DeclaredEdge, DeclaredGraph
from flows_analytics.calls.events import (
    AnswererDetected,
    AudioTranscribed,
    BotStarted,
    BotStopped,
    BotText,
    CallEnded,
    CallerBackchannel,
    CallerIdle,
    CallerText,
    CallerTurnStopped,
    CallerVoiceStarted,
    CallerVoiceStopped,
    CallStarted,
    CharactersSpoken,
    ClientConnected,
    ClientDisconnected,
    ErrorSeen,
    FirstAudio,
    FirstToken,
    FunctionCalled,
    FunctionProgressed,
    FunctionRequested,
    FunctionReturned,
    InferenceEnded,
    InferenceStarted,
    Interrupted,
    KeysPressed,
    MetricsOff,
    Moment,
    NodeChangeBegan,
    NodeChangeFailed,
    NodeEntered,
    ServiceSwitched,
    ServiceSwitchRequested,
    SynthesisStarted,
    TokensUsed,
    TransferRequested,
    TransitionRequested,
    WorkerActivated,
    WorkerDeactivated,
)
from flows_analytics.calls.record import Agent, CallRecord
from flows_analytics.calls.sound import Recording
from flows_analytics.recording.recorder import CallHeader, CallRecorder

NINE_O_CLOCK = 1_767_603_600 * 10**9
"""5 January 2026, 09:00:00 UTC."""

PIZZA_FLOW = DeclaredGraph(
    initial_node="initial",
    nodes=("initial", "choose_pizza", "choose_sushi", "confirm", "end"),
    edges=(
        DeclaredEdge(from_node="initial", function="choose_pizza", to_node="choose_pizza"),
        DeclaredEdge(from_node="initial", function="choose_sushi", to_node="choose_sushi"),
        DeclaredEdge(from_node="choose_pizza", function="select_pizza_order", to_node="confirm"),
        DeclaredEdge(from_node="choose_sushi", function="select_sushi_order", to_node="confirm"),
        DeclaredEdge(from_node="confirm", function="complete_order", to_node="end"),
        DeclaredEdge(from_node="confirm", function="revise_order", to_node="initial"),
    ),
)


class Story:
    """Tells a call in seconds and records it as the observer would."""

    def __init__(self, call_id: str = "call-1", **header: Any) -> None:
        header.setdefault("agent", Agent(id="pizza-bot", name="Pizza Palace", version="42"))
        header.setdefault("pipecat", "1.14.0")
        self.recorder = CallRecorder(CallHeader(call_id=call_id, **header), wall_ns=NINE_O_CLOCK)
        self.recorder.place(0, wall_ns=NINE_O_CLOCK)
        self.recorder.name_flows("pipecat.flows")
        self.changes = 0
        self.calls = 0
        self.nodes: dict[str, str] = {}
        self.add(CallStarted, 0)
        self.add(ClientConnected, 0)

    def add(self, kind: type[Moment], at: float, **fields: Any) -> int:
        return self.recorder.add(kind, round(at * 1e9), **fields)

    def enter(
        self,
        at: float,
        node: str,
        functions: tuple[str, ...] = (),
        *,
        flow: str = "main",
        function: str | None = None,
        setup: float = 0.02,
        **began: Any,
    ) -> int:
        """Enter a node; its change began ``setup`` seconds before."""
        change = self.begin(at - setup, node, flow=flow, function=function, **began)
        self.arrive(at, node, functions, flow=flow, change=change, cause=self.cause(flow, function))
        return change

    def begin(self, at: float, node: str, *, flow: str = "main", function: str | None = None, **began: Any) -> int:
        self.changes += 1
        self.add(
            NodeChangeBegan,
            at,
            change=self.changes,
            flow=flow,
            from_node=self.nodes.get(flow),
            node=node,
            cause=self.cause(flow, function),
            function=function,
            **began,
        )
        return self.changes

    def arrive(
        self, at: float, node: str, functions: tuple[str, ...], *, flow: str = "main", **fields: Any
    ) -> None:
        self.add(NodeEntered, at, flow=flow, node=node, functions=functions, **fields)
        self.nodes[flow] = node

    def fail(
        self, at: float, change: int, node: str, error: str, *, entered: bool = False, flow: str = "main"
    ) -> None:
        fields = {"change": change, "flow": flow, "node": node, "entered": entered, "error": error}
        self.add(NodeChangeFailed, at, error_type="FlowError", **fields)

    def cause(self, flow: str, function: str | None) -> str:
        if flow not in self.nodes:
            return "initial"
        return "function" if function else "code"

    def bot(self, at: float, text: str | None, lasting: float = 2.0, *, cut_off: bool = False) -> None:
        origin = self.add(InferenceStarted, at - 0.4)
        self.add(BotStarted, at)
        self.add(BotText, at + 0.1, text=text, origin=origin)
        if cut_off:
            self.add(Interrupted, at + lasting)
        self.add(BotStopped, at + lasting)

    def says(
        self, at: float, text: str, lasting: float | None, *, heard: str | None = None, processor: str = "LLM#0"
    ) -> None:
        """The LLM writes a text, and the caller hears all of it, or the beginning; None lasts until the end."""
        origin = self.add(InferenceStarted, at - 0.6, processor=processor)
        self.add(FirstToken, at - 0.3, origin=origin)
        self.add(SynthesisStarted, at - 0.25, origin=origin)
        self.add(FirstAudio, at - 0.05, origin=origin)
        self.add(InferenceEnded, at - 0.1, origin=origin, text=text)
        self.add(BotStarted, at)
        self.add(BotText, at + 0.1, text=text if heard is None else heard, origin=origin)
        if lasting is None:
            return
        if heard is not None:
            self.add(Interrupted, at + lasting)
        self.add(BotStopped, at + lasting)

    def caller(self, at: float, text: str | None, lasting: float = 1.5, language: str | None = None) -> None:
        self.add(CallerVoiceStarted, at + 0.2, lag_ms=200.0)
        self.add(CallerVoiceStopped, at + lasting + 0.2, lag_ms=200.0)
        self.add(CallerText, at + lasting + 0.3, text=text, language=language)
        self.add(CallerTurnStopped, at + lasting + 0.35)

    def call(self, at: float, function: str, arguments: Any = None, result: Any = None, **end: Any) -> str:
        """Call a function; it returns 150 ms later."""
        tool_call_id = self.start_call(at, function, arguments)
        self.finish_call(at + 0.15, tool_call_id, function, result, **end)
        return tool_call_id

    def start_call(self, at: float, function: str, arguments: Any = None) -> str:
        self.calls += 1
        tool_call_id = f"tool-{self.calls}"
        self.add(FunctionCalled, at, tool_call_id=tool_call_id, function=function, arguments=arguments)
        return tool_call_id

    def finish_call(self, at: float, tool_call_id: str, function: str, result: Any = None, **end: Any) -> None:
        end.setdefault("next", "stay")
        self.add(FunctionReturned, at, tool_call_id=tool_call_id, function=function, result=result, **end)

    def move(
        self, at: float, function: str, node: str, functions: tuple[str, ...] = (), arguments: Any = None
    ) -> None:
        """Call a function that moves the flow: the new node is entered 220 ms later."""
        result = {"status": "success"}
        tool_call_id = self.call(at, function, arguments, result, next="move")
        self.request(at + 0.15, function, node, tool_call_id)
        began = {"arguments": arguments, "result": result, "tool_call_id": tool_call_id}
        self.enter(at + 0.22, node, functions, function=function, **began)

    def request(self, at: float, function: str, node: str, tool_call_id: str) -> None:
        fields = {"flow": "main", "from_node": self.nodes.get("main"), "node": node}
        self.add(TransitionRequested, at, function=function, tool_call_id=tool_call_id, **fields)

    def end(self, at: float, *, terminal: str = "end", reason: str | None = None) -> None:
        self.add(CallEnded, at, terminal=terminal, reason=reason)

    def record(self) -> CallRecord:
        return self.recorder.record()


def pizza_call(*, declared: bool = False) -> CallRecord:
    """Ordered, revised, ordered again: one loop, one interruption, one function that stays."""
    story = Story("pizza-7f3a", goals=("end",), metadata={"campaign": "autumn", "attempt": 2})
    if declared:
        story.recorder.declare("main", PIZZA_FLOW)
    start = ("choose_pizza", "choose_sushi")
    pizza = ("select_pizza_order", "show_menu")
    confirm = ("complete_order", "revise_order")
    story.enter(0.05, "initial", start)
    story.bot(1.2, "Welcome to Pizza Palace! Would you like pizza or sushi today?", 3.4)
    story.caller(5.1, "Pizza, please.")
    story.move(7.4, "choose_pizza", "choose_pizza", pizza)
    story.bot(8.6, "Great choice. What size, and which toppings would you like?", 6.0, cut_off=True)
    story.caller(13.9, "Wait, what do you have?")
    story.call(16.2, "show_menu", {}, {"pizzas": ["margherita", "funghi", "diavola"]})
    story.bot(17.5, "We have margherita, funghi and diavola, each in small, medium or large.", 5.2)
    story.caller(23.6, "A large diavola, then.")
    order = {"size": "large", "type": "diavola"}
    story.move(26.4, "select_pizza_order", "confirm", confirm, order)
    story.bot(27.6, "One large diavola. That comes to 14 euros and 50 cents. Is that right?", 5.0)
    story.caller(33.4, "No, sorry, make that a medium.")
    story.move(36.0, "revise_order", "initial", start)
    story.bot(37.1, "No problem. Pizza or sushi?", 1.8)
    story.caller(39.6, "Pizza. A medium diavola.")
    story.move(42.0, "choose_pizza", "choose_pizza", pizza)
    story.move(43.1, "select_pizza_order", "confirm", confirm, {"size": "medium", "type": "diavola"})
    story.bot(44.4, "One medium diavola, 11 euros and 50 cents. Shall I place the order?", 4.6)
    story.caller(49.6, "Yes!", 0.7)
    story.move(51.3, "complete_order", "end")
    story.bot(52.4, "Your order is in. It will be ready in twenty minutes. Goodbye!", 4.1)
    story.end(57.2)
    return story.record()


def troubled_call() -> CallRecord:
    """A failed move, a lost one, a move whose post-action failed, and an error at the end."""
    story = Story("troubled-call", call_type="phone_call", agent=Agent(name="Bella Vista", version="v41"))
    story.enter(0.03, "greeting", ("check_availability", "leave_message", "transfer"))
    story.bot(0.9, "Bella Vista, how can I help?", 1.6)
    story.caller(3.0, "A table for four tonight, please.")
    failed = story.call(5.2, "check_availability", {"party": 4, "time": "20:00"}, {"free": False}, next="move")
    change = story.begin(5.4, "no_table", function="check_availability", tool_call_id=failed)
    story.fail(5.6, change, "no_table", "node config has no task_messages")
    story.bot(6.4, "One moment.", 0.8)
    slow = story.start_call(8.0, "check_availability", {"party": 4, "time": "21:00"})
    lost = story.call(8.1, "leave_message", {"text": "call me back"}, {"ok": True}, next="move")
    story.request(8.3, "leave_message", "message_taken", lost)
    story.finish_call(
        9.9, slow, "check_availability", {"error": "backend timed out"}, failed=True, error="timed out"
    )
    story.caller(11.0, "Hello? Are you there?")
    change = story.enter(13.0, "apology", ("transfer",), during="transfer")
    story.fail(13.4, change, "apology", "the post-action end_conversation raised", entered=True)
    story.bot(14.2, "I am sorry, something went wrong on our side.", 2.2)
    story.add(ErrorSeen, 17.0, message="TTS connection closed", fatal=True, processor="CartesiaTTSService")
    story.end(17.1, terminal="cancel")
    story.recorder.lose("sink_timeout", "HTTPSink did not answer within 5 s")
    return story.record()


def two_flow_call() -> CallRecord:
    """A second FlowManager takes over for a while, then the first goes on."""
    story = Story("two-flows", agent=Agent(id="clinic"))
    story.enter(0.1, "triage", ("to_billing", "book"))
    story.bot(0.8, "Clinic, hello.")
    story.caller(3.2, "I have a question about my bill.")
    story.enter(6.0, "identify", ("verify",), flow="flow2")
    story.bot(6.9, "Your date of birth, please?")
    story.caller(9.5, "4 May 1980.")
    story.enter(12.0, "explain_bill", (), flow="flow2", function="verify", arguments={"dob": "1980-05-04"})
    story.bot(12.8, "It covers your visit in March.")
    story.enter(17.0, "goodbye", (), function="book")
    story.bot(17.6, "Anything else? No? Goodbye.")
    story.end(21.0, terminal="cancel", reason="client disconnected")
    return story.record()


def empty_call() -> CallRecord:
    """The caller hung up before any node was set."""
    story = Story("empty", agent=Agent())
    story.end(1.4, terminal="cancel", reason="user-hangup")
    return story.record()


def silent_bot_call() -> CallRecord:
    """A bot without any flow that was talked to all the same."""
    story = Story("no-flow")
    story.bot(0.9, "Hello?")
    story.caller(3.4, "Hi.")
    story.add(ErrorSeen, 4.0, message="no LLM configured")
    story.end(6.0)
    return story.record()


def running_call() -> CallRecord:
    """Still in its second node, with transcripts switched off."""
    story = Story("running")
    story.enter(0.1, "initial", ("go",))
    story.bot(0.9, None)
    story.caller(3.4, None)
    story.move(5.4, "go", "questions", ("answer",))
    story.start_call(9.0, "answer")
    return story.record()


def eventful_call() -> CallRecord:
    """All that can happen besides talk: keys, silence, a voicemail, hand-offs, switches, a cut, a hang-up."""
    story = Story("eventful", goals=("done",))
    story.add(MetricsOff, 0.0, measures=True, usage=False)
    story.add(WorkerActivated, 0.0, worker="front_desk")
    story.enter(0.1, "ask_account", ("look_up", "transfer"))
    story.add(AnswererDetected, 0.5, answerer="person")
    story.says(1.2, "Hello! Please type your account number, or say it.", 2.3, heard="Hello! Please")
    for at, key in ((2.6, "4"), (2.9, "7"), (3.1, "#")):
        story.add(KeysPressed, at, keys=key)
    story.add(CallerText, 4.0, text="account 47", source="typed")
    story.says(5.0, "Thank you.", 1.0)
    story.add(CallerBackchannel, 5.5, text="mhm")
    story.add(CallerIdle, 12.0)
    story.add(CallerIdle, 18.0)
    story.caller(19.0, "Can you look it up?", language="en-GB")
    story.add(FunctionRequested, 21.0, tool_call_id="tool-1", function="look_up")
    called = story.start_call(21.3, "look_up", {"account": "47"})
    story.add(FunctionProgressed, 22.0, tool_call_id=called, function="look_up", result={"state": "searching"})
    story.finish_call(27.0, called, "look_up", timed_out=True)
    story.add(ErrorSeen, 27.1, message="deadline passed", processor="CRM#1", category="timeout")
    story.says(27.9, "I could not find it.", 1.5)
    story.add(ServiceSwitchRequested, 30.0, service="SpareTTS#0")
    story.add(ServiceSwitched, 30.1, service="SpareTTS#0")
    story.add(WorkerDeactivated, 31.0, worker="front_desk")
    story.add(WorkerActivated, 31.0, worker="billing")
    story.caller(32.0, "Can you look it up?", language="en-GB")
    story.add(TransferRequested, 34.0, method="sip_refer", settings={"to": "sip:desk@example.org"})
    story.add(FunctionRequested, 34.5, tool_call_id="tool-2", function="look_up")
    story.add(TokensUsed, 35.0, processor="LLM#0", model="small", cached_tokens=300, **tokens(412, 57))
    story.add(TokensUsed, 35.0, processor="LLM#1", model="small", **tokens(10, 1))
    story.add(CharactersSpoken, 35.0, processor="TTS#0", characters=1204)
    story.add(AudioTranscribed, 35.0, processor="STT#0", model="nova", audio_secs=33.5)
    story.says(35.4, "Please hold the line while I pass you on.", None, heard="Please hold")
    story.add(ClientDisconnected, 36.0)
    story.end(36.5, terminal="cancel")
    sound = Recording(file="eventful.wav", sample_rate=16000, channels=2, began_ms=0.0, duration_ms=36_500.0)
    told = {"cost": 0.0123, "recording": sound, "disconnection_reason": "carrier: 16"}
    return story.record().model_copy(update=told)


def tokens(read: int, written: int) -> dict[str, int]:
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def unnamed_call() -> CallRecord:
    """A bot that names no node."""
    story = Story("unnamed")
    story.enter(0.1, "unnamed:1a2b3c4d", ("next",))
    story.move(5.0, "next", "unnamed:9f8e7d6c", ("next", "back"))
    story.arrive(9.0, "unnamed", (), cause="inferred")
    story.end(12.0, reason="idle timeout")
    return story.record()


def looping_call() -> CallRecord:
    """Round and round: a node that re-enters itself, and a pair that goes back and forth."""
    story = Story("looping")
    asks = ("answer", "repeat", "give_up")
    story.enter(0.1, "ask", asks)
    at = 1.0
    for _ in range(4):
        story.move(at, "repeat", "ask", asks)
        story.move(at + 2, "answer", "check", ("wrong", "right"))
        story.move(at + 3, "wrong", "ask", asks)
        at += 5
    story.move(at, "give_up", "operator", ())
    story.end(at + 3, reason="call transferred")
    return story.record()


def long_call(turns: int = 500) -> CallRecord:
    """Many turns in many visits to a few nodes."""
    story = Story("long", agent=Agent(name="Long talker"))
    names = [f"topic_{number}" for number in range(12)]
    functions = tuple(f"go_{number}" for number in range(12))
    story.enter(0.1, names[0], functions)
    for turn in range(turns // 2):
        at = 1.0 + turn * 6
        story.bot(at, f"Question {turn}: what would you like to know about this topic?", 2.0)
        story.caller(at + 2.6, f"Answer {turn}, with a few more words in it.")
        if turn % 5 == 4:
            number = (turn * 7) % 12
            story.move(at + 5, f"go_{number}", names[number], functions, {"turn": turn})
    story.end(2.0 + turns * 3)
    return story.record()


ALL_CALLS = {
    "pizza": pizza_call,
    "troubled": troubled_call,
    "two_flows": two_flow_call,
    "empty": empty_call,
    "no_flow": silent_bot_call,
    "running": running_call,
    "unnamed": unnamed_call,
    "looping": looping_call,
    "eventful": eventful_call,
}
