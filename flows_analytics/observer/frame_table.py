"""The rows of the frame table: how one kind of frame is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipecat.frames import frames as pipecat_frames
from pipecat.observers.base_observer import FramePushed


@dataclass(frozen=True)
class Entry:
    """How one kind of frame is read.

    Attributes:
        read: Takes the push and its time.
        every_push: Read at every hop, not only at the first.
        upstream: Read also when travelling upstream.
    """

    read: Callable[[FramePushed, int], None]
    every_push: bool = False
    upstream: bool = False


Entries = dict[type[Any], Entry]
"""The kinds of frames that one reader reads. Subclasses of a kind are read like it."""


def later_frames(entries: dict[str, Entry]) -> Entries:
    """Look up kinds of frames that not every Pipecat line has.

    Args:
        entries: How to read each kind, by the name of its class in ``pipecat.frames.frames``.

    Returns:
        The entries of those kinds that this Pipecat has.
    """
    return {
        getattr(pipecat_frames, name): entry for name, entry in entries.items() if hasattr(pipecat_frames, name)
    }
