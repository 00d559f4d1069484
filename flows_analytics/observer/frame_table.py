"""The rows of the frame table: how one kind of frame is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any

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


NamedEntries = dict[str, Entry]
"""The kinds of frames that a reader knows by the name of their class only: their module needs a package that not
every bot has installed. Subclasses of a kind are read like it."""


def later_frames(entries: dict[str, Entry]) -> Entries:
    """Look up kinds of frames that not every Pipecat line has.

    Args:
        entries: How to read each kind, by the name of its class in ``pipecat.frames.frames``, or by module and
            name as in ``package.module:Name``.

    Returns:
        The entries of those kinds that this Pipecat has.
    """
    found: Entries = {}
    for name, entry in entries.items():
        try:
            kind = resolve_name(name if ":" in name else f"pipecat.frames.frames:{name}")
        except (ImportError, AttributeError):
            continue
        found[kind] = entry
    return found
