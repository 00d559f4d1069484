"""The view model of a flow's page: everything a template prints, computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flows_analytics.report.flow_comparison import Comparison, comparison_view
from flows_analytics.report.flow_facts import FlowFacts
from flows_analytics.report.flow_funnel import FunnelView, funnel_view
from flows_analytics.report.flow_head import FlowHead, flow_head
from flows_analytics.report.flow_links import FindPage, no_page
from flows_analytics.report.flow_loops import LoopsView, loops_view
from flows_analytics.report.flow_map import flow_map
from flows_analytics.report.flow_nodes import NodesView, node_keys, nodes_view
from flows_analytics.report.flow_paths import PathsView, paths_view
from flows_analytics.report.flow_quality import QualityView, quality_view
from flows_analytics.report.flow_sankey import MOST_STEPS, sankey_view
from flows_analytics.report.flow_sankey_shapes import SankeyView
from flows_analytics.report.flow_shapes import FlowMap
from flows_analytics.report.flow_steps import ChosenSteps, choose_steps
from flows_analytics.report.flow_versions import VersionsView, versions_view
from flows_analytics.stats.flow_stats import FlowStats
from flows_analytics.stats.funnel import Funnel
from flows_analytics.stats.funnel_call import FunnelCall
from flows_analytics.stats.funnel_comparison import compare_funnels
from flows_analytics.stats.funnel_result import FunnelResult
from flows_analytics.stats.loops import Loops
from flows_analytics.stats.step_matrix import StepMatrix
from flows_analytics.stats.variants import Variants
from flows_analytics.stats.version_comparison import compare_versions, renamed
from flows_analytics.store.counts import FlowCounts


@dataclass(frozen=True)
class FlowView:
    """A flow over many calls as its page shows it, from top to bottom.

    Attributes:
        head: Which flow, which calls, and what matters most.
        funnel: How far calls get; None without paths.
        map: The flow weighted by traffic; None without nodes.
        sankey: The paths step by step; None without paths.
        nodes: The table of nodes.
        paths: The common paths.
        loops: Where callers go round.
        versions: The calls by an attribute, and two of its values compared; None if nobody asked.
        quality: What to know of the data before believing the numbers.
    """

    head: FlowHead
    funnel: FunnelView | None
    map: FlowMap | None
    sankey: SankeyView | None
    nodes: NodesView
    paths: PathsView
    loops: LoopsView
    versions: VersionsView | None
    quality: QualityView


def flow_view(facts: FlowFacts, find_page: FindPage = no_page) -> FlowView:
    """Compute the view model of a flow's page.

    Args:
        facts: What was asked of the store.
        find_page: Finds the page of a call that stands as an example; by default none has one.

    Returns:
        The view model. It depends on nothing but the arguments.

    Raises:
        CountsError: The counts contradict each other.
        ExtraMissingError: A library of the statistics is not installed.
        FunnelError: The steps that were asked for make no funnel.
    """
    counts = facts.counts
    stats = FlowStats(counts)
    keys = node_keys(stats.nodes)
    variants = Variants.of(counts)
    longest = max((len(row.nodes) for row in variants.rows), default=0)
    chosen = _steps(facts)
    asked = Funnel(chosen.steps) if chosen.steps else None
    parts = _parts(facts, asked)
    comparison = _comparison(facts, asked, parts, keys)
    return FlowView(
        head=flow_head(facts, stats, len(variants.rows), comparison.reading if comparison else ""),
        funnel=_funnel(facts, chosen, asked, parts, keys),
        map=flow_map(stats.nodes, stats.edges, keys),
        sankey=sankey_view(StepMatrix.of(counts, min(MOST_STEPS, longest + 1)), longest, keys, counts.goals),
        nodes=nodes_view(stats.nodes, keys),
        paths=paths_view(variants, keys, find_page),
        loops=loops_view(Loops.of(counts), keys),
        versions=(
            versions_view(facts.by, facts.groups, facts.compared, comparison) if facts.by is not None else None
        ),
        quality=quality_view(facts, stats),
    )


def _steps(facts: FlowFacts) -> ChosenSteps:
    if facts.steps is None:
        return choose_steps(facts.counts)
    return ChosenSteps(facts.steps, "The steps are those that were asked for.")


def _result(funnel: Funnel, counts: FlowCounts, ways: Sequence[FunnelCall] | None) -> FunnelResult:
    """Send calls through the funnel: as counts if these tell enough, else way by way."""
    if ways is None:
        return funnel.of_counts(counts)
    return funnel.of_calls(ways)


def _parts(facts: FlowFacts, funnel: Funnel | None) -> dict[str | None, FunnelResult]:
    if funnel is None:
        return {}
    parts: dict[str | None, FunnelResult] = {}
    for group in facts.groups:
        if group.counts is not None:
            ways = None if facts.ways is None else [way for way in facts.ways if way.group == group.value]
            parts[group.value] = _result(funnel, group.counts, ways)
    return parts


def _funnel(
    facts: FlowFacts,
    chosen: ChosenSteps,
    funnel: Funnel | None,
    parts: dict[str | None, FunnelResult],
    keys: dict[str, str],
) -> FunnelView | None:
    if funnel is None or not facts.counts.paths:
        return None
    return funnel_view(_result(funnel, facts.counts, facts.ways), chosen, parts, keys)


def _comparison(
    facts: FlowFacts, asked: Funnel | None, parts: dict[str | None, FunnelResult], keys: dict[str, str]
) -> Comparison | None:
    if facts.compared is None:
        return None
    before, after = facts.compared
    counts = {group.value: group.counts for group in facts.groups}
    one, other = counts[before], counts[after]
    if one is None or other is None:
        raise ValueError("the values that are compared were not counted apart")
    compared = compare_versions(one, other, facts.compared, facts.renamed)
    funnel = None
    if asked is not None:
        ways = None if facts.ways is None else [_renamed(way, facts) for way in facts.ways if way.group == before]
        # The old names become the new ones, so that steps are called the same in both.
        first = _result(asked, renamed(one, facts.renamed), ways) if facts.renamed else parts[before]
        funnel = compare_funnels(first, parts[after], facts.compared)
    return comparison_view(compared, funnel, keys, facts.renamed)


def _renamed(way: FunnelCall, facts: FlowFacts) -> FunnelCall:
    names = facts.renamed
    paths = (replace(path, nodes=tuple(names.get(node, node) for node in path.nodes)) for path in way.paths)
    return replace(way, paths=tuple(paths))
