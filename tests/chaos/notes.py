"""Notes: what a child says of its calls to the parent, through a pipe that a SIGKILL cannot empty."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from flows_analytics.calls.events import Moment

# A write of up to 4096 bytes into a pipe is whole or not at all, from whatever thread.
_MOMENTS_A_NOTE = 48


@dataclass(frozen=True)
class Notes:
    """Writes notes.

    Attributes:
        descriptor: The pipe's end.
    """

    descriptor: int

    def begun(self, call_id: str) -> None:
        """A call begins; nothing of it is written yet."""
        self._write({"begun": call_id})

    def acknowledged(self, call_id: str, fingerprints: list[str], lag_ms: float) -> None:
        """The operating system has these moments, the first of them so long after it was recorded."""
        for first in range(0, len(fingerprints), _MOMENTS_A_NOTE):
            moments = fingerprints[first : first + _MOMENTS_A_NOTE]
            self._write({"acknowledged": call_id, "moments": moments, "lag_ms": round(lag_ms, 1)})

    def over(self, call_id: str, status: str) -> None:
        """The bot has held its call to the end, cleanup() included."""
        self._write({"over": call_id, "status": status})

    def _write(self, note: dict[str, Any]) -> None:
        content = json.dumps(note).encode() + b"\n"
        assert len(content) <= 4096
        os.write(self.descriptor, content)


def read_notes(content: bytes) -> Iterator[dict[str, Any]]:
    """Read whole notes."""
    for line in content.splitlines():
        yield json.loads(line)


def fingerprint(moment: Moment, *, placed: bool = True) -> str:
    """Tell a moment from all others of its call. The time of one that was not placed yet is not part of it."""
    content = moment.model_dump_json(exclude_none=True, exclude=None if placed else {"at_ms"})
    return f"{moment.seq}{'=' if placed else '~'}{hashlib.sha256(content.encode()).hexdigest()[:16]}"


def fingerprints(moments: Iterable[Moment]) -> set[str]:
    """All that could have been noted of the moments of a record."""
    return {fingerprint(moment, placed=placed) for moment in moments for placed in (True, False)}
