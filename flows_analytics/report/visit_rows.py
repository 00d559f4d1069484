"""The visits of a call as rows of a table."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from flows_analytics.calls.record import CallRecord
from flows_analytics.calls.visits import Visit
from flows_analytics.report.json_text import json_text
from flows_analytics.report.times import Duration, Stamp, duration, percent, stamp
from flows_analytics.report.visible import Name, PageText, page_name
from flows_analytics.report.words import HOW_VISITS_END, WHY_ENTERED, ordinal


@dataclass(frozen=True)
class OfferedFunction:
    """A function that the LLM could call in a visit.

    Attributes:
        name: The function.
        calls: How often the LLM called it in this visit, whatever became of the calls; 0 if it was not taken.
    """

    name: Name
    calls: int


@dataclass(frozen=True)
class VisitRow:
    """One stay in a node.

    Attributes:
        number: Place among all visits of the call, from 1; the page names visits by it everywhere.
        anchor: Id of the row on the page.
        flow: The flow.
        node: The node.
        again: Such as ``2nd visit``; None at the first visit of the node.
        goal: Whether the node is a goal of the bot.
        cause: Why it was entered, in words.
        via: The function that led into it; None without one.
        entered: When it was entered; None if the record holds no finite time.
        dwell: Time spent in it; None while it is open.
        share: Part of the call spent in it, such as ``34 %``; None if unknown.
        setup: How long the node change into it took; None if its start was not seen.
        caller_turns: Turns of the caller that belong to it.
        bot_turns: Turns of the bot that belong to it.
        tool_calls: Tool calls that started in it.
        offered: Functions the LLM could call, in the order offered.
        state: What was kept of the flow's state when it was entered; None if nothing was.
        left: How it was left, in words.
        final: Whether the call ended in it, or still is in it.
    """

    number: int
    anchor: str
    flow: Name
    node: Name
    again: str | None
    goal: bool
    cause: str
    via: Name | None
    entered: Stamp | None
    dwell: Duration | None
    share: str | None
    setup: Duration | None
    caller_turns: int
    bot_turns: int
    tool_calls: int
    offered: tuple[OfferedFunction, ...]
    state: PageText | None
    left: str
    final: bool


def visit_rows(record: CallRecord) -> tuple[VisitRow, ...]:
    """Compute the rows of the table of visits.

    Args:
        record: The call.

    Returns:
        One row per visit, in the order of entry over all flows.
    """
    turns = Counter((turn.visit, turn.speaker) for turn in record.turns)
    offers: defaultdict[int, list[OfferedFunction]] = defaultdict(list)
    for offer in record.offers:
        offers[offer.visit].append(OfferedFunction(page_name(offer.function), offer.taken))
    in_visit = Counter(call.visit for call in record.tool_calls)
    return tuple(
        VisitRow(
            number=position + 1,
            anchor=f"visit-{position + 1}",
            flow=page_name(visit.flow),
            node=page_name(visit.node),
            again=again(visit),
            goal=visit.node in record.goals,
            cause=WHY_ENTERED[visit.cause],
            via=page_name(visit.via) if visit.via else None,
            entered=stamp(visit.entered_ms),
            dwell=duration(visit.dwell_ms),
            share=_share(visit.dwell_ms, record.duration_ms),
            setup=duration(visit.setup_ms),
            caller_turns=turns[position, "caller"],
            bot_turns=turns[position, "bot"],
            tool_calls=in_visit[position],
            offered=tuple(offers[position]),
            state=json_text(visit.state),
            left=HOW_VISITS_END[visit.exit_kind],
            final=position == len(record.visits) - 1,
        )
        for position, visit in enumerate(record.visits)
    )


def again(visit: Visit) -> str | None:
    """Word a return to a node.

    Args:
        visit: A visit.

    Returns:
        Such as ``2nd visit``; None at the first visit of its node.
    """
    return f"{ordinal(visit.visit_no)} visit" if visit.visit_no > 1 else None


def _share(dwell_ms: float | None, duration_ms: float | None) -> str | None:
    if dwell_ms is None or not duration_ms or not 0 <= dwell_ms <= duration_ms:
        return None
    return percent(dwell_ms, duration_ms)
