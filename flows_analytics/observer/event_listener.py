"""What only an event tells: no frame says that a caller is gone, idle, or a machine.

Pipecat's objects emit events; each attached object is listened to for those of one table that it has. Pipecat runs
handlers as tasks of their own, so a moment of an event is placed when its handler runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from flows_analytics.calls.events import (
    AnswererDetected,
    CallerIdle,
    ClientDisconnected,
    MenuStatusChanged,
    Moment,
    PipecatTurnEnded,
    PipecatTurnStarted,
    ServiceSwitched,
    TurnDecided,
    WorkerActivated,
    WorkerDeactivated,
)
from flows_analytics.errors import ObserverError
from flows_analytics.observer.call_writer import CallWriter

Emitter = Literal["user_aggregator", "processor", "transport", "worker", "turn_tracking_observer"]
"""What can be attached."""


Arguments = tuple[Any, ...]


@dataclass(frozen=True)
class Told:
    """What an event tells.

    Attributes:
        kind: The moment it is.
        fields: Makes the rest of the moment from who emitted the event, and the event's arguments.
    """

    kind: type[Moment]
    fields: Callable[[Any, Arguments], dict[str, Any]]


_TURNS = {
    "on_user_turn_started": Told(TurnDecided, lambda _, told: _decided("started", told)),
    "on_user_turn_stopped": Told(TurnDecided, lambda _, told: _decided("stopped", told)),
    "on_user_turn_stop_timeout": Told(TurnDecided, lambda _, __: _decided("stop_timeout", ())),
    "on_user_turn_idle": Told(CallerIdle, lambda _, __: {}),
}
_CLIENT_GONE = Told(ClientDisconnected, lambda _, __: {})

_EVENTS: dict[Emitter, tuple[Mapping[str, Told], ...]] = {
    "user_aggregator": (_TURNS,),
    "processor": (
        {
            **_TURNS,
            "on_conversation_detected": Told(AnswererDetected, lambda _, __: {"answerer": "person"}),
            "on_voicemail_detected": Told(AnswererDetected, lambda _, __: {"answerer": "voicemail"}),
            "on_ivr_status_changed": Told(MenuStatusChanged, lambda _, told: {"status": told[0]}),
            "on_service_switched": Told(ServiceSwitched, lambda _, told: {"service": _name(told[0])}),
        },
    ),
    # Transports that know of clients emit several of these for one that is gone; the first they have is enough.
    "transport": (
        {"on_client_disconnected": _CLIENT_GONE},
        {"on_participant_left": _CLIENT_GONE},
        {"on_participant_disconnected": _CLIENT_GONE},
        {"on_disconnected": _CLIENT_GONE},
    ),
    "worker": (
        {
            "on_activated": Told(WorkerActivated, lambda worker, _: {"worker": _name(worker)}),
            "on_deactivated": Told(WorkerDeactivated, lambda worker, _: {"worker": _name(worker)}),
        },
    ),
    "turn_tracking_observer": (
        {
            "on_turn_started": Told(PipecatTurnStarted, lambda _, told: {"number": told[0]}),
            "on_turn_ended": Told(PipecatTurnEnded, lambda _, told: _turn_ended(*told)),
        },
    ),
}
"""The events that are listened to. Of several sets, the first that an object has any event of is taken."""

_ACCEPTED: dict[Emitter, str] = {
    "user_aggregator": "the user aggregator, such as context_aggregator.user()",
    "processor": "a VoicemailDetector, IVRNavigator, ServiceSwitcher, LLMSwitcher or UserTurnProcessor",
    "transport": "a transport",
    "worker": "a worker",
    "turn_tracking_observer": "a TurnTrackingObserver",
}

# Processors that consist of others leave some events to one of these: a switcher to its strategy, Pipecat's IVR
# navigator and, before 1.12, its voicemail detector to a processor inside.
_INNER = ("strategy", "_ivr_processor", "_classification_processor")


class EventListener:
    """Turns events of Pipecat's objects into moments, until it is closed.

    Args:
        writer: Where moments go.
    """

    def __init__(self, writer: CallWriter) -> None:
        self._writer = writer
        self._handlers: list[_Handler] = []

    def attach(self, emitter: Any, role: Emitter) -> None:
        """Listen to an object from now on. One that is already listened to is left alone.

        Args:
            emitter: The object.
            role: What it is.

        Raises:
            ObserverError: ``no_known_events`` if it has none of the events that tell something.
        """
        homes = [
            home for home in (*(getattr(emitter, name, None) for name in _INNER), emitter) if _events_of(home)
        ]
        for events in _EVENTS[role]:
            # An event that the object and its inner part both know is emitted by the inner part.
            found = {event: home for home in reversed(homes) for event in events if event in _events_of(home)}
            if found:
                for event, home in found.items():
                    self._listen(home, event, events[event])
                return
        known = ", ".join(event for events in _EVENTS[role] for event in events)
        raise ObserverError(
            "no_known_events",
            f"attach_{role} takes {_ACCEPTED[role]}: a {type(emitter).__name__} has none of the events {known}",
        )

    def close(self) -> None:
        """Stop listening. Handlers that Pipecat cannot give back do nothing and hold nothing from now on."""
        for handler in self._handlers:
            handler.close()
        self._handlers.clear()

    def _listen(self, home: Any, event: str, told: Told) -> None:
        if not any(handler.hears(home, event) for handler in self._handlers):
            handler = _Handler(self._writer, home, event, told)
            home.add_event_handler(event, handler.take)
            self._handlers.append(handler)


class _Handler:
    """Hears one event of one object."""

    def __init__(self, writer: CallWriter, home: Any, event: str, told: Told) -> None:
        self._writer: CallWriter | None = writer
        self._home = home
        self._event = event
        self._told = told

    def hears(self, home: Any, event: str) -> bool:
        return self._home is home and self._event == event

    def take(self, emitter: Any, *arguments: Any) -> None:
        writer = self._writer
        if writer is None or writer.recorder.closed:
            return
        at_ns = writer.clock.now()
        try:
            writer.add(self._told.kind, at_ns, **self._told.fields(emitter, arguments))
        except Exception as error:
            writer.guard.caught(f"the event {self._event}", error)

    def close(self) -> None:
        self._writer = None
        # Later Pipecats take a handler back; in earlier ones it stays, and does nothing.
        remove = getattr(self._home, "remove_event_handler", None)
        if remove is not None:
            remove(self._event, self.take)
        self._home = None


def _events_of(emitter: Any) -> Mapping[str, Any]:
    # Pipecat only logs a warning when a handler is added for an event that an object does not have.
    events = getattr(emitter, "_event_handlers", None)
    return cast("dict[str, Any]", events) if isinstance(events, dict) else {}


def _decided(decision: str, told: Arguments) -> dict[str, Any]:
    strategy = told[0] if told else None
    return {"decision": decision, "strategy": None if strategy is None else type(strategy).__name__}


def _turn_ended(number: int, secs: float, interrupted: bool) -> dict[str, Any]:
    return {"number": number, "duration_ms": round(secs * 1000, 3), "interrupted": interrupted}


def _name(thing: Any) -> str:
    return str(getattr(thing, "name", None) or type(thing).__name__)
