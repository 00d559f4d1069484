"""Pages: ``<safe id>.html``, in a calls directory or one of reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flows_analytics.files.layout import REPORT_SUFFIX
from flows_analytics.files.page_mark import read_mark
from flows_analytics.retention.erasing import erase_file
from flows_analytics.retention.places import Found, Places, files_in, read, stem_of
from flows_analytics.retention.trace import Erasure, Trace

_HEAD_BYTES = 16_384


class PageFiles:
    """The holder of the calls' pages.

    A page says in its head whose it is, unless a template of the user's made it.

    Args:
        places: The directories.
    """

    def __init__(self, places: Places) -> None:
        self._places = places

    def traces(self) -> Iterator[Trace]:
        """List the pages (see `Holder`). One that does not say whose it is is not ours, until a name tells."""
        for directory in self._places.all:
            for found in files_in(directory, REPORT_SUFFIX):
                yield _trace(found)

    def erase(self, traces: Sequence[Trace]) -> Iterator[Erasure]:
        """Erase pages (see `Holder`)."""
        yield from map(erase_file, traces)


def _trace(found: Found) -> Trace:
    stem, size = stem_of(found.path.name, REPORT_SUFFIX), found.stamp.size
    try:
        mark = read_mark(read(found.path, _HEAD_BYTES))
    except OSError:
        mark = None
    if mark is None:
        return Trace("pages", found.path, size, found.written, "not_ours", stem=stem, stamp=found.stamp)
    return Trace(
        kind="pages",
        path=found.path,
        size=size,
        at=mark.ended or found.written,
        who=mark.call,
        began=mark.began,
        stem=stem,
        stamp=found.stamp,
    )
