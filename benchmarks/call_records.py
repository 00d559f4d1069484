"""Recorded calls of about 100 moments each, as JSON files."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flows_analytics.calls.events import (
    BotText,
    CallEnded,
    CallerText,
    CallerTurnStarted,
    CallerTurnStopped,
    FunctionCalled,
    FunctionRequested,
    FunctionReturned,
    NodeChangeBegan,
    NodeEntered,
)
from flows_analytics.calls.record import Agent, CallRecord

_NODES = ("greet", "identify", "verify", "menu", "choose_date", "choose_time", "confirm", "goodbye")
_DAY = datetime(2026, 1, 1, tzinfo=UTC)
_DIFFERENT = 50
"""So many different calls are made; the others are the same with ids and times of their own."""


def write_records(calls: int, directory: Path, *, moments: int = 100, seed: int = 1) -> int:
    """Write recorded calls into a calls directory.

    Args:
        calls: How many.
        directory: The directory; it is created.
        moments: About how many moments each has.
        seed: Of the dice.

    Returns:
        How many bytes they take.
    """
    directory.mkdir(parents=True)
    dice = random.Random(seed)
    templates = [_record(dice, moments).model_dump(mode="json") for _ in range(min(calls, _DIFFERENT))]
    written = 0
    for number in range(calls):
        call_id = f"call-{number:07}"
        started = _DAY + timedelta(seconds=dice.randrange(30 * 86_400))
        document = {**templates[number % len(templates)], "call_id": call_id, "started_at": started.isoformat()}
        written += (directory / f"{call_id}.json").write_text(json.dumps(document))
    return written


def _record(dice: random.Random, moments: int) -> CallRecord:
    events: list = []
    at = 0.0
    node = None

    def add(kind, **told):
        nonlocal at
        at += dice.uniform(50, 900)
        events.append(kind(seq=len(events), at_ms=round(at, 3), **told))

    turn = 0
    while len(events) < moments - 1:
        turn += 1
        target = _NODES[min(turn // 2, len(_NODES) - 1)]
        if turn % 2 == 0 or node is None:
            function = None if node is None else f"to_{target}"
            cause = "initial" if node is None else "function"
            told = {"flow": "main", "node": target, "cause": cause, "change": turn}
            if function:
                call = f"t{turn}"
                add(FunctionRequested, tool_call_id=call, function=function, arguments={"turn": turn})
                add(FunctionCalled, tool_call_id=call, function=function)
                add(FunctionReturned, tool_call_id=call, function=function, next="move", result={"ok": True})
            add(NodeChangeBegan, from_node=node, function=function, **told)
            add(NodeEntered, functions=("look_up", f"to_{target}"), **told)
            node = target
        for _ in range(3):
            add(BotText, text="I have Tuesday at four or Wednesday at half past nine.")
        add(CallerTurnStarted)
        add(CallerText, text="Wednesday would be good, thank you.")
        add(CallerTurnStopped)
    add(CallEnded, terminal="end", reason=None)
    return CallRecord(
        call_id="made",
        status="completed",
        started_at=_DAY,
        agent=Agent(id="bot", version=dice.choice(["v1", "v2"])),
        goals=("confirm",),
        metadata={"channel": "phone"},
        events=tuple(events),
    )
