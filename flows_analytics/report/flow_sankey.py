"""The paths of a flow step by step, as a Sankey diagram: steps are columns, nodes are bars, paths are bands."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from flows_analytics.calls.visible import one_line, shorten
from flows_analytics.report.flow_figures import counts_of, said
from flows_analytics.report.flow_sankey_shapes import SankeyBand, SankeyBar, SankeyColumn, SankeyView
from flows_analytics.report.flow_words import ended_words
from flows_analytics.report.words import counted
from flows_analytics.stats.rates import Rate
from flows_analytics.stats.step_matrix import StepMatrix

MOST_STEPS = 8
_MOST_BARS = 8
_PITCH, _BAR, _GAP = 168.0, 12.0, 12.0
_TOP, _BODY, _MARGIN, _LABEL = 44.0, 440.0, 6.0, 148.0
_LEAST_LABELLED = 9.0
_NAME, _TIP = 19, 300
_ENDED = "ended:"
_IN_ORDER = {"ended:end", "ended:transfer", "ended:handoff"}
_OTHERWISE = "ended:otherwise"
_LEAST_ENDED = 0.02
"""Ways to end that less than this share of all paths took at a step are drawn as one."""
_OTHER = "other:"


@dataclass
class _Spot:
    """A bar while it is being laid out: its paths, where it stands, and how much of each side is taken."""

    place: str
    many: int
    y: float = 0.0
    height: float = 0.0
    left: float = 0.0
    right: float = 0.0


_Columns = list[dict[str, _Spot]]
_Links = list[Counter[tuple[str, str]]]


def sankey_view(
    matrix: StepMatrix, longest: int, keys: Mapping[str, str], goals: frozenset[str]
) -> SankeyView | None:
    """Draw the diagram.

    Args:
        matrix: Where paths are at each step.
        longest: Number of visits of the longest path.
        keys: The keys of nodes, by name.
        goals: Nodes that mean success.

    Returns:
        The diagram; None without paths.
    """
    if not matrix.paths:
        return None
    columns, links, merged = _gathered(matrix)
    _place(columns, links)
    bars = [
        _bar(number, spot, matrix.paths, keys, goals)
        for number, each in enumerate(columns)
        for spot in each.values()
    ]
    bands = [
        _band(number, columns, one, keys, goals)
        for number, link in enumerate(links)
        for one in _in_order(link, columns[number], columns[number + 1])
    ]
    notes: list[str] = []
    if merged:
        notes.append(f"“Other” holds the nodes of a step beyond the {_MOST_BARS} of most paths.")
    if longest > len(columns):
        on = sum(spot.many for spot in columns[-1].values() if not spot.place.startswith(_ENDED))
        notes.append(
            f"The first {len(columns)} steps are drawn. {counted(on, 'path')} got so far; "
            f"the longest has {longest:,}."
        )
    bottom = max(bar.y + bar.height for bar in bars)
    return SankeyView(
        reading=said(matrix.reading()),
        summary=_summary(columns),
        width=round(_MARGIN * 2 + _PITCH * (len(columns) - 1) + _BAR + _LABEL, 1),
        height=round(bottom + 14, 1),
        columns=tuple(
            SankeyColumn(round(_MARGIN + _PITCH * number, 1), f"Step {number + 1}", _going(each))
            for number, each in enumerate(columns)
        ),
        bars=tuple(bars),
        bands=tuple(bands),
        notes=tuple(notes),
    )


def _gathered(matrix: StepMatrix) -> tuple[_Columns, _Links, bool]:
    """Gather bars and bands: small nodes become one, and what ended is drawn where it ends, not ever after."""
    names: list[dict[str, str]] = []
    merged = False
    for column in matrix.columns:
        alive = [place for place in column if not place.startswith(_ENDED)]
        # One that stands alone would only be renamed.
        kept = set(alive if len(alive) <= _MOST_BARS + 1 else alive[:_MOST_BARS])
        merged = merged or len(kept) < len(alive)
        names.append({place: place if place in kept or place not in alive else _OTHER for place in column})
    for number, link in enumerate(matrix.links):
        _merge_rare_ends(names[number + 1], link, _LEAST_ENDED * matrix.paths)
    columns: _Columns = [{} for _ in names]
    links: _Links = []
    for place, many in matrix.columns[0].items():
        _add(columns[0], names[0][place], many)
    for number, link in enumerate(matrix.links):
        drawn = Counter[tuple[str, str]]()
        for (source, target), many in link.items():
            # What is over stays where it is. A node can be called like it, and then leads on.
            if names[number][source] in columns[number] and not (source == target and source.startswith(_ENDED)):
                drawn[names[number][source], names[number + 1][target]] += many
                _add(columns[number + 1], names[number + 1][target], many)
        links.append(drawn)
    return columns, links, merged


def _merge_rare_ends(names: dict[str, str], link: Mapping[tuple[str, str], int], least: float) -> None:
    """Draw ways to end that hardly any path took at a step as one, if there are several."""
    ended = Counter[str]()
    for (source, target), many in link.items():
        if target.startswith(_ENDED) and not source.startswith(_ENDED):
            ended[target] += many
    rare = [place for place, many in ended.items() if many < least and place != f"{_ENDED}running"]
    if len(rare) > 1:
        names.update(dict.fromkeys(rare, _OTHERWISE))


def _add(column: dict[str, _Spot], place: str, many: int) -> None:
    column.setdefault(place, _Spot(place, 0)).many += many


def _place(columns: _Columns, links: _Links) -> None:
    """Give every bar its height and place: near what it comes from, what ended below the rest."""
    most_bars = max(map(len, columns))
    most = max(sum(spot.many for spot in column.values()) for column in columns)
    scale = (_BODY - _GAP * (most_bars - 1)) / most
    for number, column in enumerate(columns):
        pull: defaultdict[str, float] = defaultdict(float)
        if number:
            for (source, target), many in links[number - 1].items():
                before = columns[number - 1][source]
                pull[target] += many * (before.y + before.height / 2)
        order = sorted(
            column.values(),
            key=lambda spot: (
                spot.place.startswith(_ENDED),
                spot.place == _OTHER,
                round(pull[spot.place] / spot.many, 3) if number else -spot.many,
                -spot.many,
                spot.place,
            ),
        )
        y = _TOP
        column.clear()
        for spot in order:
            column[spot.place] = spot
            spot.y, spot.height = y, max(spot.many * scale, 1.0)
            y += spot.height + _GAP


def _in_order(
    link: Counter[tuple[str, str]], before: dict[str, _Spot], after: dict[str, _Spot]
) -> list[tuple[tuple[str, str], int]]:
    return sorted(link.items(), key=lambda each: (before[each[0][0]].y, after[each[0][1]].y))


def _band(
    number: int,
    columns: _Columns,
    link: tuple[tuple[str, str], int],
    keys: Mapping[str, str],
    goals: frozenset[str],
) -> SankeyBand:
    pair, many = link
    source, target = columns[number][pair[0]], columns[number + 1][pair[1]]
    thick = source.height * many / source.many
    end = target.height * many / target.many
    x1, x2 = _MARGIN + _PITCH * number + _BAR, _MARGIN + _PITCH * (number + 1)
    y1, y2 = source.y + source.right, target.y + target.left
    source.right += thick
    target.left += end
    bend = (x1 + x2) / 2
    path = (
        f"M{_n(x1)} {_n(y1)}C{_n(bend)} {_n(y1)} {_n(bend)} {_n(y2)} {_n(x2)} {_n(y2)}V{_n(y2 + end)}"
        f"C{_n(bend)} {_n(y2 + end)} {_n(bend)} {_n(y1 + thick)} {_n(x1)} {_n(y1 + thick)}Z"
    )
    share = Rate(many, source.many)
    return SankeyBand(
        source=keys.get(pair[0], ""),
        target=keys.get(pair[1], ""),
        kind=_kind(pair[1], goals),
        path=path,
        tip=(
            f"Step {number + 1} to {number + 2}, {_words(pair[0])} → {_words(pair[1])}: "
            f"{counts_of(share, 'paths')} ({share.text})"
        ),
    )


def _bar(number: int, spot: _Spot, paths: int, keys: Mapping[str, str], goals: frozenset[str]) -> SankeyBar:
    room = spot.height >= _LEAST_LABELLED
    share = Rate(spot.many, paths)
    return SankeyBar(
        key=keys.get(spot.place, ""),
        kind=_kind(spot.place, goals),
        x=round(_MARGIN + _PITCH * number, 1),
        y=round(spot.y, 1),
        width=_BAR,
        height=round(spot.height, 1),
        label=shorten(_words(spot.place), _NAME) if room else "",
        count=f"{spot.many:,}" if room else "",
        label_y=round(spot.y + spot.height / 2 + 4, 1),
        tip=f"Step {number + 1}, {_words(spot.place)}: {counts_of(share, 'paths')} ({share.text})",
    )


def _kind(place: str, goals: frozenset[str]) -> str:
    if place.startswith(_ENDED):
        return "open" if place == f"{_ENDED}running" else "over" if place in _IN_ORDER else "ended"
    if place == _OTHER:
        return "other"
    return "goal" if place in goals else "node"


def _words(place: str) -> str:
    if place == _OTHERWISE:
        return "ended otherwise"
    if place.startswith(_ENDED):
        return ended_words(place.removeprefix(_ENDED))
    if place == _OTHER:
        return "other nodes"
    return one_line(place[:_TIP]) or "(no name)"


def _going(column: dict[str, _Spot]) -> str:
    return counted(sum(spot.many for spot in column.values() if not spot.place.startswith(_ENDED)), "path")


def _summary(columns: _Columns) -> str:
    said: list[str] = []
    for number, column in enumerate(columns):
        largest = sorted(column.values(), key=lambda spot: (-spot.many, spot.place))[:3]
        listed = ", ".join(f"{shorten(_words(spot.place), 40)} {spot.many:,}" for spot in largest)
        said.append(f"Step {number + 1}: {listed}.")
    return " ".join(said)


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
