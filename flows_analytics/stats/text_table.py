"""A table of texts, for a terminal of any width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from flows_analytics.calls.visible import one_line, shorten
from flows_analytics.stats.rates import SMALL, Rate

_NARROWEST = 12
"""What a name is folded to at most, where there is little room."""

_GAP = 2


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: Its heading.
        number: Whether it holds numbers, which line up on the right and are never cut.
        widest: Most characters of a text; what is longer loses its middle.
    """

    name: str
    number: bool = True
    widest: int = 60


@dataclass(frozen=True)
class TextTable:
    """A table that leaves out columns of numbers rather than parts of numbers.

    Attributes:
        title: What it shows.
        columns: Its columns, the most important first.
        rows: Its cells.
        notes: What is said below it.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Show as many columns as there is room for."""
        kept = self._that_fit(options.max_width)
        table = Table(title=Text(self.title, style="bold"), title_justify="left", box=None, pad_edge=False)
        for place in kept:
            column = self.columns[place]
            table.add_column(
                Text(column.name),
                justify="right" if column.number else "left",
                # A heading of several words may take several lines; a number takes one.
                width=self._least(place) if column.number else None,
                overflow="fold",
            )
        for row in self.rows:
            table.add_row(*(Text(row[place]) for place in kept))
        yield table
        left_out = [column.name for place, column in enumerate(self.columns) if place not in kept]
        for note in self.notes:
            yield Text(note, style="dim")
        if left_out:
            yield Text(f"No room for: {', '.join(left_out)}", style="dim")

    def _that_fit(self, room: int) -> list[int]:
        kept = list(range(len(self.columns)))
        while sum(map(self._least, kept)) + _GAP * (len(kept) - 1) > room:
            numbers = [place for place in kept if self.columns[place].number]
            if len(numbers) < 2:
                break
            kept.remove(numbers[-1])
        return kept

    def _least(self, place: int) -> int:
        """Give the least width that shows a column: words of a heading and numbers are whole, names are folded."""
        column = self.columns[place]
        heading = max(map(cell_len, column.name.split()), default=0)
        cells = max((cell_len(row[place]) for row in self.rows), default=0)
        return max(heading, cells if column.number else min(cells, _NARROWEST))


def text_table(title: str, columns: Sequence[Column], rows: Sequence[Sequence[object]]) -> TextTable:
    """Make a table for a terminal.

    Nothing in a cell is read as markup, and control characters are shown instead of sent.

    Args:
        title: What the table shows.
        columns: The columns, the most important first.
        rows: The cells; None is shown as ``–``, a small rate with a star.

    Returns:
        Something for rich's ``Console.print``.
    """
    starred = any(_starred(value) for row in rows for value in row)
    return TextTable(
        title,
        tuple(Column(one_line(column.name), column.number, column.widest) for column in columns),
        tuple(
            tuple(_cell(value, column.widest) for value, column in zip(row, columns, strict=True)) for row in rows
        ),
        (f"* of fewer than {SMALL}",) if starred else (),
    )


def seconds(ms: float | None) -> str:
    """Word a time for a cell.

    Args:
        ms: Milliseconds; None if unknown.

    Returns:
        ``850 ms``, ``12.4 s``, ``185 s``, ``31 min``; ``–`` if unknown.
    """
    if ms is None:
        return "–"
    if ms < 999.5:
        return f"{ms:.0f} ms"
    if ms < 99_950:
        return f"{ms / 1000:.1f} s"
    return f"{ms / 1000:.0f} s" if ms < 600_000 else f"{ms / 60_000:,.0f} min"


def _starred(value: object) -> bool:
    return isinstance(value, Rate) and value.small and value.denominator > 0


def _cell(value: object, widest: int) -> str:
    if value is None:
        return "–"
    if isinstance(value, Rate):
        return f"{value.text}*" if _starred(value) else value.text
    if isinstance(value, int):
        return f"{value:,}"
    return shorten(one_line(str(value)), widest)
