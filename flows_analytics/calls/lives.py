"""The lives of function calls: which moments belong to one call, and which node changes came of it."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from flows_analytics.calls.events import (
    Events,
    FunctionCalled,
    FunctionCancelled,
    FunctionProgressed,
    FunctionRequested,
    FunctionReturned,
    NodeChangeBegan,
    TransitionRequested,
)
from flows_analytics.calls.kinds import of_kind, of_kinds


@dataclass(eq=False)
class Life:
    """What was seen of one function call. Compared by identity.

    Attributes:
        tool_call_id: The LLM's id of the call. Some servers use the same one again and again.
        function: The function.
        seen_ms: When it was first seen.
        requested: When the LLM asked for it; None if that was not seen.
        called: When its handler began; None if that was not seen, or if it never ran.
        progress: Number of results it gave before its last.
        settled: Its end; None while it runs, or if that was not seen.
        request: Its request to move the flow; None if it made none, or if that was not seen.
        changes: The node changes it caused, or made itself while it ran.
    """

    tool_call_id: str
    function: str
    seen_ms: float
    requested: FunctionRequested | None = None
    called: FunctionCalled | None = None
    progress: int = 0
    settled: FunctionReturned | FunctionCancelled | None = None
    request: TransitionRequested | None = None
    changes: list[NodeChangeBegan] = field(default_factory=list[NodeChangeBegan])

    @property
    def ended_ms(self) -> float:
        """When it settled; infinite while it runs."""
        return self.settled.at_ms if self.settled else float("inf")

    @property
    def executed(self) -> bool:
        """Whether the transition it asked for was begun."""
        return any(change.cause == "function" for change in self.changes)


def read_lives(events: Events) -> tuple[Life, ...]:
    """Tell the function calls of a call apart, and find the node changes that each caused.

    Calls are told apart by their id and function, and where those are used again, by the order of their frames:
    they begin another call once the last one has settled, or was asked for and never ran. Node changes are
    recorded at once and the frames of the calls behind them perhaps later, so those two are related by time.

    Args:
        events: The moments of the call.

    Returns:
        The calls, in the order in which they were first seen.
    """
    lives = _begin(events)
    requests = of_kind(events, TransitionRequested)
    by_id = _Pool((_key(life), life) for life in lives)
    for request in requests:
        life = by_id.latest(_key(request), request.at_ms, lambda life: life.request is None)
        if life is None:
            # Of a worker that is not observed only the hook sees the functions.
            life = Life(request.tool_call_id, request.function, request.at_ms)
            lives.append(life)
        life.request = request

    by_id = _Pool((_key(life), life) for life in lives)
    by_content: _Pool | None = None
    for change in of_kind(events, NodeChangeBegan):
        if change.tool_call_id is not None:
            key = change.tool_call_id, change.function or change.during or ""
            life = by_id.latest(key, change.at_ms, lambda _: True)
        elif change.function is not None:
            # The function was made before the hook was: its call is known by what it was made with.
            by_content = by_content or _Pool((_content(life.function, life.called), life) for life in lives)
            content = _content(change.function, change)
            life = by_content.latest(content, change.at_ms, lambda life: not life.executed)
        else:
            life = None
        if life is not None:
            life.changes.append(change)
    return tuple(lives)


def _begin(events: Events) -> list[Life]:
    lives: list[Life] = []
    latest: dict[tuple[str, str], Life] = {}

    def begin(event: FunctionRequested | FunctionCalled | FunctionReturned | FunctionCancelled) -> Life:
        life = latest[_key(event)] = Life(event.tool_call_id, event.function, event.at_ms)
        lives.append(life)
        return life

    for event in of_kinds(
        events, FunctionRequested, FunctionCalled, FunctionProgressed, FunctionReturned, FunctionCancelled
    ):
        match event:
            case FunctionRequested():
                life = latest.get(_key(event))
                if life is None or life.settled is not None or life.called is None:
                    begin(event).requested = event
            case FunctionCalled():
                life = latest.get(_key(event))
                if life is None or life.settled is not None:
                    life = begin(event)
                life.called = life.called or event
            case FunctionProgressed():
                life = latest.get(_key(event))
                if life is not None and life.settled is None:
                    life.progress += 1
            case FunctionReturned() | FunctionCancelled():
                life = latest.get(_key(event)) or begin(event)
                # The first settlement counts: on Pipecat 1.4 a call that timed out may return once more.
                life.settled = life.settled or event
            case _:
                pass
    return lives


class _OfOneCall(Protocol):
    @property
    def tool_call_id(self) -> str: ...

    @property
    def function(self) -> str: ...


def _key(of: _OfOneCall) -> tuple[str, str]:
    # The function too: some servers give one id to all calls of a response, and the calls of another worker are
    # numbered by another LLM.
    return of.tool_call_id, of.function


def _content(function: str, made_with: Any) -> tuple[str, str]:
    return function, json.dumps(getattr(made_with, "arguments", None), sort_keys=True)


class _Pool:
    """Finds the latest of several lives that answer to a key, and takes out those that have found their match."""

    def __init__(self, keyed: Iterable[tuple[Hashable, Life]]) -> None:
        self._lives: dict[Hashable, list[Life]] = defaultdict(list)
        for key, life in keyed:
            self._lives[key].append(life)
        for lives in self._lives.values():
            lives.sort(key=lambda life: life.seen_ms)
        # How many of the first so many lives to go on with: fewer once the last of them was found not to fit.
        self._left = {key: list(range(len(lives) + 1)) for key, lives in self._lives.items()}

    def latest(self, key: Hashable, at_ms: float, fits: Callable[[Life], bool]) -> Life | None:
        """The latest life seen by then that fits; None if there is none. What does not fit once never will."""
        if key not in self._lives:
            return None
        lives, left = self._lives[key], self._left[key]
        first = count = bisect_right(lives, at_ms, key=lambda life: life.seen_ms)
        while count and (left[count] < count or not fits(lives[count - 1])):
            left[count] = count = min(left[count], count - 1)
        # Whoever comes this way again goes straight there.
        while first > count:
            left[first], first = count, left[first]
        return lives[count - 1] if count else None
