"""What to know of the data before believing the numbers of a flow's page."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from flows_analytics.calls.visible import one_line, shorten
from flows_analytics.report.flow_facts import FlowFacts
from flows_analytics.report.flow_nodes import is_unnamed
from flows_analytics.report.visible import PageText, page_text
from flows_analytics.report.words import counted
from flows_analytics.stats.flow_stats import FlowStats
from flows_analytics.stats.rates import SMALL

_MOST_PROBLEMS = 20


@dataclass(frozen=True)
class QualityItem:
    """One thing to know.

    Attributes:
        state: ``good`` (looked for and not found), ``note`` (explains a number) or ``warn`` (some numbers
            say less).
        title: What it is, in a few words.
        text: What it means for the numbers, as sentences.
    """

    state: Literal["good", "note", "warn"]
    title: str
    text: str


@dataclass(frozen=True)
class ProblemGroup:
    """Problems of one kind that the store told of.

    Attributes:
        code: Their kind.
        count: How many there are, in words.
        counted: Whether what they are about was counted all the same.
        examples: Some of them, in words.
        more: How many are not listed.
    """

    code: str
    count: str
    counted: bool
    examples: tuple[PageText, ...]
    more: int


@dataclass(frozen=True)
class QualityView:
    """What to know.

    Attributes:
        items: The things to know, the gravest first.
        problems: What the store could not count.
        warnings: How many things make some numbers say less.
    """

    items: tuple[QualityItem, ...]
    problems: tuple[ProblemGroup, ...]
    warnings: int


def quality_view(facts: FlowFacts, stats: FlowStats) -> QualityView:
    """Look for what makes numbers say less.

    Args:
        facts: The calls.
        stats: What was counted of them.

    Returns:
        The view.
    """
    items = [
        _sample(facts),
        _goals(facts, stats),
        _problem_item(facts),
        _agents(facts),
        _flows(facts),
        _unnamed(stats),
        _small_nodes(stats),
        _open(facts),
        _without_flow(facts),
        _failed(stats),
        _unknown_times(stats),
    ]
    found = [item for item in items if item is not None]
    found.sort(key=lambda item: ("warn", "note", "good").index(item.state))
    problems = _problems(facts)
    return QualityView(tuple(found), problems, sum(item.state == "warn" for item in found))


def _sample(facts: FlowFacts) -> QualityItem:
    finished = facts.counts.calls - facts.counts.open
    if finished < SMALL:
        return QualityItem(
            "warn",
            "Few calls",
            f"{counted(finished, 'call is', 'calls are')} finished. Fewer than {SMALL} say little: "
            "look at the intervals.",
        )
    return QualityItem(
        "good", "Enough calls", f"{finished:,} finished calls are more than the {SMALL} that rates need."
    )


def _goals(facts: FlowFacts, stats: FlowStats) -> QualityItem | None:
    if stats.conversion is None:
        return QualityItem(
            "warn",
            "No goal known",
            "No node is known to mean success, so every end counts as a loss. Name the goals with `--goal NODE`.",
        )
    missing = sorted(goal for goal in facts.counts.goals if goal not in facts.counts.nodes)
    if missing:
        return QualityItem(
            "note",
            "A goal that nobody reached",
            f"{counted(len(missing), 'goal was', 'goals were')} never entered: check how it is spelled.",
        )
    return None


def _problem_item(facts: FlowFacts) -> QualityItem:
    left_out = sum(not problem.counted for problem in facts.problems)
    kept = len(facts.problems) - left_out
    if left_out:
        return QualityItem(
            "warn",
            "Not everything could be read",
            f"{counted(left_out, 'file or call is', 'files or calls are')} left out of every number; listed "
            "below.",
        )
    if kept:
        return QualityItem(
            "note",
            "Notes of the store",
            f"{counted(kept, 'file or call', 'files or calls')} counted in spite of a fault; listed below.",
        )
    return QualityItem("good", "Everything could be read", "The store left nothing out.")


def _agents(facts: FlowFacts) -> QualityItem | None:
    if len(facts.agents) < 2:
        return None
    return QualityItem(
        "warn",
        "Several bots",
        f"These calls are of {len(facts.agents)} bots, whose nodes stand side by side as if they were one flow. "
        "Choose one with `--agent`.",
    )


def _flows(facts: FlowFacts) -> QualityItem | None:
    if len(facts.flows) < 2:
        return None
    if facts.flow is None:
        return QualityItem(
            "note",
            "Several flows",
            f"Calls have {len(facts.flows)} flows, whose paths are counted together; a call gets as far in the "
            "funnel as the best of its paths. Choose one with `--flow-id`.",
        )
    others = sum(many for flow, many in facts.flows.items() if flow != facts.flow)
    return QualityItem(
        "note",
        "Other flows in these calls",
        f"This page is about one flow. {counted(others, 'path')} of other flows of these calls "
        f"{'is' if others == 1 else 'are'} not in its numbers.",
    )


def _unnamed(stats: FlowStats) -> QualityItem:
    rows = [row for row in stats.nodes if is_unnamed(row.node)]
    if not rows:
        return QualityItem(
            "good", "All nodes have names", f"{counted(len(stats.nodes), 'node')}, each named by the flow."
        )
    visits = sum(row.visits for row in rows)
    return QualityItem(
        "warn",
        "Unnamed nodes",
        f"{counted(len(rows), 'node has', 'nodes have')} no name of their own ({counted(visits, 'visit')}): they "
        "are told apart by their functions, and nodes with the same functions count as one. "
        "Name them in the flow.",
    )


def _small_nodes(stats: FlowStats) -> QualityItem | None:
    small = sum(row.visits < SMALL for row in stats.nodes)
    if not small:
        return QualityItem("good", "No node with few visits", f"Each node has at least {SMALL} visits.")
    return QualityItem(
        "note",
        "Nodes with few visits",
        f"{small:,} of {counted(len(stats.nodes), 'node')} {'has' if small == 1 else 'have'} fewer than {SMALL} "
        "visits; their rates are marked with *.",
    )


def _open(facts: FlowFacts) -> QualityItem | None:
    if not facts.counts.open:
        return None
    return QualityItem(
        "note",
        "Calls under way",
        f"{counted(facts.counts.open, 'call is', 'calls are')} still running, or their process died before its "
        "calls were recovered. They count in visits, never in rates or times.",
    )


def _without_flow(facts: FlowFacts) -> QualityItem | None:
    if not facts.counts.no_flow:
        return None
    return QualityItem(
        "note",
        "Calls without a node",
        f"{counted(facts.counts.no_flow, 'call')} never entered a node. They count as calls, and in no step.",
    )


def _failed(stats: FlowStats) -> QualityItem | None:
    failed = sum(edge.failed for edge in stats.edges)
    if not failed:
        return None
    return QualityItem(
        "note",
        "Transitions that failed",
        f"{counted(failed, 'node change')} raised an error. They are no transitions, and are counted "
        "apart, marked ✕.",
    )


def _unknown_times(stats: FlowStats) -> QualityItem | None:
    over = sum(row.visits - row.open for row in stats.nodes)
    known = sum(row.dwell.count for row in stats.nodes)
    answers = sum(row.latency.count for row in stats.nodes)
    if over and known < over:
        return QualityItem(
            "note",
            "Times that are not known",
            f"Of {counted(over, 'visit')} that are over, {over - known:,} have no length and are left out of "
            "dwell.",
        )
    if over and not answers:
        return QualityItem(
            "note",
            "No latency",
            "No answer's latency is known: an imported log has none, nor has a bot without audio.",
        )
    return None


def _problems(facts: FlowFacts) -> tuple[ProblemGroup, ...]:
    codes = Counter(problem.code for problem in facts.problems)
    groups: list[ProblemGroup] = []
    room = _MOST_PROBLEMS
    for code, many in sorted(codes.items(), key=lambda each: (-each[1], each[0])):
        of_code = [problem for problem in facts.problems if problem.code == code]
        shown = of_code[: max(min(room, 5), 1)]
        room -= len(shown)
        groups.append(
            ProblemGroup(
                code=shorten(one_line(code[:400]), 40),
                count=counted(many, "time"),
                counted=all(problem.counted for problem in of_code),
                examples=tuple(page_text(str(problem)[:600]) for problem in shown),
                more=many - len(shown),
            )
        )
    return tuple(groups)
