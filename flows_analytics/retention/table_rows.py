"""Table rows: what the tables of a calls directory hold of a call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flows_analytics.errors import FlowsAnalyticsError
from flows_analytics.files.layout import TABLES_DIRECTORY
from flows_analytics.files.names import id_digest, safe_name
from flows_analytics.retention.places import Places
from flows_analytics.retention.trace import Call, Erasure, Trace
from flows_analytics.store.compacted import CompactedCall, has_tables, list_compacted, take_out

KIND = "table rows"
"""The kind of trace that is no file."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TableRows:
    """The holder of the rows.

    Rows say whose they are, so they go after the record: whoever is interrupted in between finds them again, and
    a compactor finds no record to make them again from. Tables cannot be read without the extra ``store``;
    nothing is erased then.

    Args:
        places: The directories.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._calls: dict[Path, tuple[Path, CompactedCall]] = {}

    def traces(self) -> Iterator[Trace]:
        """List the calls that have rows (see `Holder`), imported ones included.

        Raises:
            StoreError: ``extra_missing``, or the tables cannot be read.
        """
        for directory in self._directories():
            for call in list_compacted(directory):
                yield self._trace(directory, call)

    def erase(self, traces: Sequence[Trace]) -> Iterator[Erasure]:
        """Erase rows (see `Holder`). The days they stand in are written anew, once for all of them."""
        by_directory: defaultdict[Path, list[Trace]] = defaultdict(list)
        for trace in traces:
            by_directory[self._calls[trace.path][0]].append(trace)
        for directory, mine in by_directory.items():
            yield from self._erase(directory, mine)

    def erase_late(self, calls: Collection[Call]) -> Iterator[Erasure]:
        """Erase rows that somebody has written since they were listed.

        Args:
            calls: Calls whose records have been erased.

        Yields:
            What came of each.
        """
        for directory in self._directories() if calls else ():
            late = [self._trace(directory, one) for one in list_compacted(directory)]
            yield from self._erase(directory, [trace for trace in late if trace.call in calls])

    def _directories(self) -> Iterable[Path]:
        seen = {place.resolve(): place for place in self._places.calls}
        return [place for place in seen.values() if has_tables(place)]

    def _trace(self, directory: Path, call: CompactedCall) -> Trace:
        began = _EPOCH + timedelta(microseconds=call.started_us)
        ended = began if call.ended_us is None else max(began, _EPOCH + timedelta(microseconds=call.ended_us))
        # Not a file, but what people are shown.
        path = directory / TABLES_DIRECTORY / f"rows of {safe_name(call.call_id)}"
        self._calls[path] = directory, call
        # A record knows better than rows that were made of it before.
        recorded = call.source is not None and (directory / call.source).exists()
        return Trace(
            kind=KIND,
            path=path,
            size=0,
            at=ended,
            state="under_way" if call.open and not recorded else "finished",
            who=id_digest(call.call_id),
            began=began,
        )

    def _erase(self, directory: Path, traces: Sequence[Trace]) -> Iterator[Erasure]:
        if not traces:
            return
        try:
            take_out(directory, [self._calls[trace.path][1] for trace in traces])
            left = {(call.call_id, call.started_us) for call in list_compacted(directory)}
        except (OSError, FlowsAnalyticsError) as error:
            why = error.message if isinstance(error, FlowsAnalyticsError) else error.strerror or str(error)
            yield from (Erasure(trace, "failed", why) for trace in traces)
            return
        for trace in traces:
            call = self._calls[trace.path][1]
            if (call.call_id, call.started_us) in left:
                yield Erasure(trace, "failed", "it is still there")
            else:
                yield Erasure(trace, "erased")
