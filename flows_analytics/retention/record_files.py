"""Records: ``<safe id>.json`` in a calls directory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flows_analytics.files.layout import RECORD_SUFFIX
from flows_analytics.retention.erasing import erase_file
from flows_analytics.retention.head import is_ours, read_head
from flows_analytics.retention.places import Found, Places, files_in, read, stem_of
from flows_analytics.retention.trace import Erasure, Trace


class RecordFiles:
    """The holder of the records.

    Args:
        places: The directories.
    """

    def __init__(self, places: Places) -> None:
        self._places = places

    def traces(self) -> Iterator[Trace]:
        """List the records (see `Holder`). A JSON file that never was one is not ours."""
        for directory in self._places.calls:
            for found in files_in(directory, RECORD_SUFFIX):
                if not found.path.name.startswith("."):
                    yield _trace(found)

    def erase(self, traces: Sequence[Trace]) -> Iterator[Erasure]:
        """Erase records (see `Holder`)."""
        yield from map(erase_file, traces)


def _trace(found: Found) -> Trace:
    path, stamp, stem = found.path, found.stamp, stem_of(found.path.name, RECORD_SUFFIX)
    try:
        content = read(path)
    except OSError:
        # Whose it is cannot be told.
        return Trace("records", path, stamp.size, found.written, "not_ours", stem=stem, stamp=stamp)
    head = read_head(content)
    if head is None:
        state = "finished" if is_ours(content[:500]) else "not_ours"
        return Trace("records", path, stamp.size, found.written, state, stem=stem, stamp=stamp)
    return Trace(
        kind="records",
        path=path,
        size=stamp.size,
        at=head.ended,
        state="finished" if head.over else "under_way",
        who=head.who,
        began=head.began,
        stem=stem,
        names=(path.with_name(head.recording),) if head.recording else (),
        stamp=stamp,
        receiver=head.url,
    )
