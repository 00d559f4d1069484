"""Looking at all that is kept, and erasing a part of it in an order that leaves nothing unreachable."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from flows_analytics.retention.grouping import Grouping
from flows_analytics.retention.holder import Holder
from flows_analytics.retention.table_rows import TableRows
from flows_analytics.retention.trace import Call, Erasure, Trace


@dataclass(frozen=True)
class Look:
    """What the holders held when they were asked.

    Attributes:
        held: Each holder with its traces, in the order of `holders_of`.
    """

    held: tuple[tuple[Holder, tuple[Trace, ...]], ...]

    @property
    def traces(self) -> list[Trace]:
        """All traces, in the order in which they are erased."""
        return [trace for _, traces in self.held for trace in traces]

    def erase(self, chosen: Collection[Trace], grouping: Grouping) -> Iterator[Erasure]:
        """Erase traces. A call of which one cannot be erased keeps those after it, its record among them.

        Args:
            chosen: Some of the traces.
            grouping: Which of them belong together.

        Yields:
            What came of each.
        """
        calls_of: dict[int, set[int]] = {}
        for number, kept in enumerate(grouping.groups.values()):
            for trace in kept.traces:
                calls_of.setdefault(id(trace), set()).add(number)
        wanted = {id(trace) for trace in chosen}
        blocked: set[int] = set()
        without_record: set[Call] = set()
        for holder, traces in self.held:
            mine = [
                trace for trace in traces if id(trace) in wanted and not calls_of.get(id(trace), set()) & blocked
            ]
            for erasure in holder.erase(mine) if mine else ():
                if erasure.outcome != "erased":
                    blocked |= calls_of.get(id(erasure.trace), set())
                elif erasure.trace.kind == "records" and erasure.trace.call is not None:
                    without_record.add(erasure.trace.call)
                yield erasure
            if isinstance(holder, TableRows):
                # Who compacted meanwhile may have read a record that is gone now.
                yield from holder.erase_late(without_record)


def look(holders: Sequence[Holder], each: Callable[[], None] = lambda: None) -> Look:
    """Ask the holders what is there.

    Args:
        holders: The holders.
        each: Called for each trace.

    Returns:
        What they hold.

    Raises:
        OSError: If a directory cannot be read.
    """

    def traces_of(holder: Holder) -> Iterator[Trace]:
        for trace in holder.traces():
            each()
            yield trace

    return Look(tuple((holder, tuple(traces_of(holder))) for holder in holders))
