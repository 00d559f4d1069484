"""Tallies: what is counted of a table by keys, and kept by day, because counts of days add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Tally:
    """What is counted of the rows of a table.

    It is counted of each day once, when the day is written, so that who asks of all calls adds a few rows a day.
    Who asks of some of them has it counted anew, by the same definition.

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

    def count(self, relation: str, by: str) -> str:
        """Write the query that counts rows.

        Args:
            relation: What can stand after FROM: rows of the table.
            by: A column that they are counted by as well.

        Returns:
            The query; its columns are that one, the keys and the sums.
        """
        where = f" WHERE {self.where}" if self.where else ""
        columns = ", ".join([by, *self.keys])
        return f"SELECT {columns}, {self._added(self.sums)} FROM {relation}{where} GROUP BY {columns}"

    def add(self, relation: str) -> str:
        """Write the query that adds up what was counted of days.

        Args:
            relation: What can stand after FROM: rows that `count` gave.

        Returns:
            The query; its columns are NULL as ``value``, the keys and the sums.
        """
        keys = ", ".join(self.keys)
        sums = self._added({name: f"SUM({name})" for name in self.sums})
        return f"SELECT NULL AS value, {keys}, {sums} FROM {relation} GROUP BY {keys}"

    def _added(self, sums: Mapping[str, str]) -> str:
        # Some engines make sums wider than any whole number that Parquet has.
        return ", ".join(f"CAST({sum_} AS BIGINT) AS {name}" for name, sum_ in sums.items())
