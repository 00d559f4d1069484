"""The common paths of a flow: which way calls take, how often, and an example of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from flows_analytics.report.flow_figures import Figure, quantile_figure, rate_figure, said
from flows_analytics.report.flow_links import FindPage
from flows_analytics.report.flow_words import ended_words
from flows_analytics.report.visible import Name, page_name
from flows_analytics.report.words import counted
from flows_analytics.stats.variants import VariantRow, Variants

SHOWN = 12
_MOST_STOPS = 24


@dataclass(frozen=True)
class Stop:
    """A node on a path.

    Attributes:
        node: Its name.
        key: Which node it is, as all parts of the page know it; empty if the page shows no more of it.
        times: How often it was visited in a row.
    """

    node: Name
    key: str
    times: int


@dataclass(frozen=True)
class Example:
    """A call that took a path.

    Attributes:
        call_id: Its id, shortened if it is endless.
        link: Its page, as seen from this one; None if there is none.
    """

    call_id: Name
    link: str | None


@dataclass(frozen=True)
class PathItem:
    """One path.

    Attributes:
        stops: The nodes visited, in order.
        more: How many further nodes are not shown.
        paths: How many took it.
        share: Those of all paths.
        width: The same for a bar, 0 to 1000, where the most frequent path has 1000.
        goal: Those that reached a goal.
        lasted: Half of its calls took no longer.
        ended: How they ended, in words.
        examples: A few of its calls.
    """

    stops: tuple[Stop, ...]
    more: int
    paths: Figure
    share: Figure
    width: float
    goal: Figure
    lasted: Figure
    ended: str
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class PathsView:
    """The common paths.

    Attributes:
        reading: How varied the paths are, in words.
        items: The most frequent ones.
        rest: What is said of the others; empty if there are none.
    """

    reading: str
    items: tuple[PathItem, ...]
    rest: str


def paths_view(variants: Variants, keys: Mapping[str, str], find_page: FindPage) -> PathsView:
    """Show the most frequent paths.

    Args:
        variants: All of them.
        keys: The keys of nodes, by name.
        find_page: Finds the page of a call.

    Returns:
        The view.
    """
    shown = variants.rows[:SHOWN]
    most = shown[0].paths if shown else 1
    rest = ""
    if len(variants.rows) > len(shown):
        left = variants.paths - sum(row.paths for row in shown)
        rest = (
            f"{counted(len(variants.rows) - len(shown), 'other way was', 'other ways were')} taken by "
            f"{counted(left, 'path')} together; `flows-analytics paths` lists more."
        )
    return PathsView(said(variants.reading()), tuple(_item(row, most, keys, find_page) for row in shown), rest)


def _item(row: VariantRow, most: int, keys: Mapping[str, str], find_page: FindPage) -> PathItem:
    runs = [(node, len(list(same))) for node, same in groupby(row.nodes)]
    return PathItem(
        stops=tuple(Stop(page_name(node), keys.get(node, ""), times) for node, times in runs[:_MOST_STOPS]),
        more=sum(times for _, times in runs[_MOST_STOPS:]),
        paths=Figure(f"{row.paths:,}", "paths took this way", plain=True),
        share=rate_figure(row.share, "paths"),
        width=round(1000 * row.paths / most, 1),
        goal=rate_figure(row.conversion, "of its finished paths"),
        lasted=quantile_figure(row.duration, row.duration.p50_ms, "of its calls whose length is known"),
        ended=", ".join(f"{ended_words(kind)} {many:,}" for kind, many in sorted(row.ends.items(), key=_by_size)),
        examples=tuple(Example(page_name(call_id), find_page(call_id)) for call_id in row.examples),
    )


def _by_size(each: tuple[str, int]) -> tuple[int, str]:
    return -each[1], each[0]
