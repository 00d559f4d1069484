"""Arrivals: how long a transition took until the caller heard the new node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from flows_analytics.calls.answers import Answers
from flows_analytics.calls.bot_turns import BotTurn
from flows_analytics.calls.events import BotText, Events, NodeEntered
from flows_analytics.calls.intervals import divide
from flows_analytics.calls.kinds import of_kind
from flows_analytics.calls.lives import Life
from flows_analytics.calls.transitions import Transition


def measure_arrivals(
    transitions: Sequence[Transition],
    events: Events,
    lives: Sequence[Life],
    bot_turns: Sequence[BotTurn],
    answers: Answers,
    *,
    divided: bool = True,
) -> tuple[Transition, ...]:
    """Measure each transition up to the first audio of the new node's own inference.

    Args:
        transitions: The transitions of a call, in the order in which they began.
        events: Its moments.
        lives: Its function calls.
        bot_turns: The bot's turns.
        answers: What the bot did to answer.
        divided: Whether to tell what the time consisted of.

    Returns:
        The transitions, with ``latency_ms`` and ``contributions`` where the new node was heard.
    """
    heard_ms: dict[int | None, float] = {turn.origin: turn.start_ms for turn in reversed(bot_turns) if turn.opens}
    for event in of_kind(events, BotText):
        heard_ms.setdefault(event.origin, event.at_ms)
    called_ms: dict[int | None, float] = {
        change.change: life.called.at_ms for life in lives if life.called for change in life.changes
    }
    entries = of_kind(events, NodeEntered)
    next_ms: dict[int | None, float] = {entry.change: later.at_ms for entry, later in pairwise(entries)}
    measured: list[Transition] = []
    for transition in transitions:
        arrival = None
        if transition.entered_ms is not None and transition.change is not None:
            arrival = answers.first_after(transition.entered_ms, next_ms.get(transition.change))
        end_ms = heard_ms.get(arrival) if arrival is not None else None
        if transition.began_ms is None or end_ms is None:
            measured.append(transition)
            continue
        start_ms = min(called_ms.get(transition.change, transition.began_ms), transition.began_ms)
        contributions = ()
        if divided:
            contributions = divide(start_ms, end_ms, answers.until(end_ms, arrival, since_ms=start_ms))
        measured.append(replace(transition, latency_ms=round(end_ms - start_ms, 3), contributions=contributions))
    return tuple(measured)
