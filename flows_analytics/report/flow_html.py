"""A flow over many calls as one HTML page."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from flows_analytics.errors import StoreError
from flows_analytics.report.assets import assets
from flows_analytics.report.environment import environment
from flows_analytics.report.flow_facts import FlowFacts
from flows_analytics.report.flow_filters import filter_words
from flows_analytics.report.flow_links import FindPage, no_page, pages_seen_from
from flows_analytics.report.flow_reading import read_flow_facts
from flows_analytics.report.flow_view import flow_view
from flows_analytics.stats.step import Step, steps_of
from flows_analytics.store.call_store import CallStore
from flows_analytics.store.filter import Filter
from flows_analytics.store.problem import Problem
from flows_analytics.store.snapshot import Snapshot
from flows_analytics.store.view import View

STYLES = ("report.css", "flow_report.css")
SCRIPTS = ("report.js", "flow_report.js")


def render_flow_report(
    directory: str | Path,
    *,
    chosen: Filter | None = None,
    goals: Collection[str] | None = None,
    by: str | None = None,
    compare: tuple[str, str] | None = None,
    renamed: Mapping[str, str] | None = None,
    flow: str | None = None,
    steps: Sequence[str | Collection[str] | Step] | None = None,
    page_dir: str | Path | None = None,
    template_dir: str | Path | None = None,
) -> str:
    """Render the page of a flow over the calls of a store: self-contained, asking nothing of any network.

    Args:
        directory: The calls directory.
        chosen: Which calls; None for all.
        goals: Nodes that mean success, instead of those that the calls name; None leaves those.
        by: Attribute by which calls are broken down, such as ``agent_version`` or a key of the metadata; None for
            none. If it has exactly two values, they are compared.
        compare: The two values to compare, before and after; None to choose.
        renamed: Nodes of the first by their names in the second, old to new; None for no change.
        flow: The only flow to look at, where calls have several; None for all.
        steps: Steps of the funnel, as `Funnel` takes them; None to choose them.
        page_dir: Where the page will be written: example calls link to their pages as seen from there. None for
            no links.
        template_dir: A folder of templates that replace the default ones of the same name. A template there
            can build on the default: ``{% extends "default:flow_report.html" %}``.

    Returns:
        The HTML document. It always encodes to UTF-8, whatever the calls hold.

    Raises:
        StoreError: ``store_not_there``, ``extra_missing``, ``column_missing``, ``value_missing`` or
            ``flow_missing``.
        FunnelError: The steps make no funnel.
        ExtraMissingError: A library of the statistics is not installed.
        FlowsAnalyticsError: ``template_dir_missing`` if the folder is not there.
        jinja2.TemplateError: If a template of the user's is faulty.
    """
    problems: list[Problem] = []
    store = CallStore(directory, on_problem=problems.append)

    def asked(snapshot: Snapshot) -> FlowFacts:
        view = View(snapshot, goals)
        if flow is not None:
            if flow not in view.flows:
                known = ", ".join(view.flows) or "none at all"
                raise StoreError("flow_missing", f"no call that is meant has a flow {flow!r}; there are {known}")
            view.only(flow)
        return read_flow_facts(
            view,
            store=store.path.resolve().name,
            flow=flow,
            filters=filter_words(chosen or Filter()),
            goals_given=goals is not None,
            by=by,
            compare=compare,
            renamed=renamed,
            steps=None if steps is None else steps_of(steps),
        )

    facts = store.read(asked, chosen, goals)
    find_page = no_page if page_dir is None else pages_seen_from(Path(page_dir), store.path)
    # The store tells of problems only once all is read.
    return render_flow_facts(
        replace(facts, problems=tuple(problems)), find_page=find_page, template_dir=template_dir
    )


def render_flow_facts(
    facts: FlowFacts, *, find_page: FindPage = no_page, template_dir: str | Path | None = None
) -> str:
    """Render the page of a flow from what a store said of it.

    Args:
        facts: What the store said.
        find_page: Finds the page of a call that stands as an example; by default none has one.
        template_dir: As for `render_flow_report`.

    Returns:
        The HTML document.

    Raises:
        FunnelError: The steps make no funnel.
        FlowsAnalyticsError: ``template_dir_missing`` if the folder is not there.
        jinja2.TemplateError: If a template of the user's is faulty.
    """
    templates = environment(template_dir)
    template = templates.get_template("flow_report.html")
    return template.render(flow=flow_view(facts, find_page), mark=None, assets=assets(templates, STYLES, SCRIPTS))
