"""Recordings: ``<safe id>.wav``, in a calls directory or another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flows_analytics.files.layout import RECORDING_SUFFIX
from flows_analytics.retention.erasing import erase_file
from flows_analytics.retention.places import Places, files_in, stem_of
from flows_analytics.retention.trace import Erasure, Trace


class RecordingFiles:
    """The holder of the sound. A recording does not say whose it is: its call's record does, or its name.

    Args:
        places: The directories.
    """

    def __init__(self, places: Places) -> None:
        self._places = places

    def traces(self) -> Iterator[Trace]:
        """List the recordings (see `Holder`)."""
        for directory in self._places.all:
            for found in files_in(directory, RECORDING_SUFFIX):
                stem = stem_of(found.path.name, RECORDING_SUFFIX)
                size, stamp = found.stamp.size, found.stamp
                yield Trace("recordings", found.path, size, found.written, stem=stem, stamp=stamp)

    def erase(self, traces: Sequence[Trace]) -> Iterator[Erasure]:
        """Erase recordings (see `Holder`)."""
        yield from map(erase_file, traces)
