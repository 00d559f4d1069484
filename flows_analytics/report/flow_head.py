"""The head of a flow's page: which flow, which calls, and what matters most."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flows_analytics.report.flow_facts import FlowFacts
from flows_analytics.report.flow_figures import Figure, interval_text, rate_figure, said
from flows_analytics.report.times import in_utc
from flows_analytics.report.visible import Name, page_name
from flows_analytics.report.words import counted
from flows_analytics.stats.flow_stats import FlowStats

_MOST_NAMED = 8


@dataclass(frozen=True)
class KeyFigure:
    """A number that stands at the top.

    Attributes:
        label: What it is.
        figure: The number.
        note: What is said below it; empty if nothing is.
        tone: ``good``, ``bad`` or empty.
    """

    label: str
    figure: Figure
    note: str
    tone: str = ""


@dataclass(frozen=True)
class HeadFact:
    """A fact about the calls.

    Attributes:
        label: What it is.
        values: Its values; several stand side by side.
        more: What is said of values left out; empty if there are none.
    """

    label: Name
    values: tuple[Name, ...]
    more: str = ""


@dataclass(frozen=True)
class FlowHead:
    """The head.

    Attributes:
        title: Title of the document.
        heading: The bot; how many they are if there are several; the store if calls name none.
        flow: The one flow that is looked at; None for all.
        reading: What matters most, in words.
        caution: What has to be known before all else, in words; empty if nothing has.
        compared: What came of the comparison, in words; empty without one.
        figures: The numbers that matter most.
        facts: Which calls these are.
    """

    title: str
    heading: Name
    flow: Name | None
    reading: str
    caution: str
    compared: str
    figures: tuple[KeyFigure, ...]
    facts: tuple[HeadFact, ...]


def flow_head(facts: FlowFacts, stats: FlowStats, ways: int, compared: str) -> FlowHead:
    """Make the head.

    Args:
        facts: The calls.
        stats: What was counted of them.
        ways: How many different ways they took.
        compared: What came of the comparison, in words; empty without one.

    Returns:
        The head.
    """
    bots = [bot for bot in facts.agents if bot is not None]
    several = len(facts.agents) > 1
    heading = Name(f"{len(facts.agents)} bots") if several else page_name(bots[0] if bots else facts.store)
    return FlowHead(
        title=f"{heading.text}: flow report",
        heading=heading,
        flow=page_name(facts.flow) if facts.flow is not None else None,
        reading=said(stats.reading()),
        caution=(
            "These are calls of several bots, whose nodes stand side by side as if they were one flow. "
            "Choose one with --agent."
            if several
            else ""
        ),
        compared=compared,
        figures=_figures(facts, stats, ways),
        facts=_facts(facts),
    )


def _figures(facts: FlowFacts, stats: FlowStats, ways: int) -> tuple[KeyFigure, ...]:
    counts = facts.counts
    figures: list[KeyFigure] = []
    reached = stats.conversion
    if reached is not None:
        figure = rate_figure(reached, "calls that did or can no longer")
        figures.append(KeyFigure("Reached a goal", figure, f"95 %: {interval_text(reached)}", "good"))
    chosen = "" if facts.calls_there in (0, counts.calls) else f"of {facts.calls_there:,} in the store"
    figures.append(KeyFigure("Calls", Figure(f"{counts.calls:,}", "calls that are meant", plain=True), chosen))
    lost = sum(row.loss_rate.numerator for row in stats.nodes)
    named = "Lost" if reached is not None else "Ended"
    figures.append(
        KeyFigure(
            named,
            Figure(f"{lost:,}", f"of {counted(counts.paths, 'path')} ended, not having reached a goal"),
            f"of {counted(counts.paths, 'path')}",
            "bad" if reached is not None and lost else "",
        )
    )
    figures.append(KeyFigure("Different ways", Figure(f"{ways:,}", f"ways that {counts.paths:,} paths took"), ""))
    if counts.open:
        figures.append(KeyFigure("Still running", Figure(f"{counts.open:,}", f"of {counts.calls:,} calls"), ""))
    return tuple(figures)


def _facts(facts: FlowFacts) -> tuple[HeadFact, ...]:
    found: list[HeadFact] = []
    if facts.first is not None and facts.last is not None:
        found.append(_fact("Calls started", _period(facts.first, facts.last)))
    goals = sorted(facts.counts.goals)
    if goals:
        found.append(_named("Goals, as given" if facts.goals_given else "Goals", goals))
    if len(facts.agents) > 1:
        found.append(
            _named("Bots", [f"{'(none)' if bot is None else bot} {many:,}" for bot, many in facts.agents.items()])
        )
    if len(facts.flows) > 1:
        found.append(_named("Flows", [f"{flow} {many:,}" for flow, many in facts.flows.items()]))
    if facts.by is not None:
        values = [f"{'(none)' if group.value is None else group.value} {group.calls:,}" for group in facts.groups]
        found.append(_named(facts.by, values))
    found += [_fact(label, value) for label, value in facts.filters]
    found.append(_fact("Store", facts.store))
    return tuple(found)


def _fact(label: str, value: str) -> HeadFact:
    return HeadFact(page_name(label), (page_name(value),))


def _named(label: str, values: list[str]) -> HeadFact:
    left = len(values) - _MOST_NAMED
    return HeadFact(
        page_name(label), tuple(map(page_name, values[:_MOST_NAMED])), f"and {left:,} more" if left > 0 else ""
    )


def _period(first: datetime, last: datetime) -> str:
    begin, end = in_utc(first), in_utc(last)
    if begin.date() == end.date():
        return f"{begin:%Y-%m-%d}, {begin:%H:%M}–{end:%H:%M} UTC"
    return f"{begin:%Y-%m-%d} to {end:%Y-%m-%d} (UTC)"
