"""Tallies: what is counted of a table by keys, and kept by day, because counts of days add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

TALLIED_BY = "agent_version"
"""The attribute of calls that tallies are kept by: what people compare are versions."""

TALLY_VERSION = 1
"""Version of what tallies count. Those of another are not read."""


@dataclass(frozen=True)
class Tally:
    """What is counted of the rows of a table.

    It is counted of each day and version once, when the day is written, so that who asks of all calls, or of all
    by version, adds a few rows a day. Who asks anything else has it counted anew, by the same definition.

    Attributes:
        name: Its name; its files are in ``tables/<name>``.
        table: The table.
        keys: The columns by which rows are counted.
        sums: What is counted: whole numbers that add up, as SQL by column.
        where: Which rows count, in SQL; empty for all.
    """

    name: str
    table: str
    keys: tuple[str, ...]
    sums: Mapping[str, str]
    where: str = ""

    def count(self, relation: str, *by: str) -> str:
        """Write the query that counts rows.

        Args:
            relation: What can stand after FROM: rows of the table.
            by: Columns that they are counted by as well.

        Returns:
            The query; its columns are those, the keys and the sums.
        """
        where = f" WHERE {self.where}" if self.where else ""
        columns = ", ".join([*by, *self.keys])
        return f"SELECT {columns}, {self._added(self.sums)} FROM {relation}{where} GROUP BY {columns}"

    def add(self, relation: str, *by: str) -> str:
        """Write the query that adds up what was counted of days.

        Args:
            relation: What can stand after FROM: rows that `count` gave.
            by: Columns that it is still counted by, beside the keys.

        Returns:
            The query; its columns are those, the keys and the sums.
        """
        columns = ", ".join([*by, *self.keys])
        sums = self._added({name: f"SUM({name})" for name in self.sums})
        return f"SELECT {columns}, {sums} FROM {relation} GROUP BY {columns}"

    def _added(self, sums: Mapping[str, str]) -> str:
        # Engines differ in how wide a sum is. One of durations may need more than 64 bits: who has not left yet is
        # often said to leave in the year 9999.
        return ", ".join(
            f"CAST({sum_} AS {'DECIMAL(38, 0)' if name.endswith('_us') else 'BIGINT'}) AS {name}"
            for name, sum_ in sums.items()
        )
