"""A trace: something that is kept of a call, and what came of erasing it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

Kind = str
"""What a trace is, in the plural, for people: ``records``, ``recordings``, ``pages`` and so on."""

State = Literal["finished", "under_way", "waiting", "not_ours"]
"""What must be known before a trace is erased.

- ``finished``: nothing stands against it.
- ``under_way``: its call is, or the record says so.
- ``waiting``: its call has not been sent yet.
- ``not_ours``: nothing says that it belongs to a call.
"""

Call = tuple[str, datetime]
"""Which call: the digest of its id (see `id_digest`), and when it began. Two calls may have one id."""


@dataclass(frozen=True)
class Stamp:
    """Which state of a file was looked at: what was written since is something else.

    Attributes:
        inode: Its number.
        changed_ns: When it was last written.
        size: Its size in bytes.
    """

    inode: int
    changed_ns: int
    size: int


@dataclass(frozen=True)
class Trace:
    """Something that is kept of a call.

    Attributes:
        kind: What it is.
        path: Its file.
        size: How much erasing it frees, in bytes.
        at: When its call ended, as it says itself; of a trace that does not say, when its file was last written.
        state: What stands against erasing it.
        who: Digest of the call's id; None if it does not say.
        began: When its call began; None if it does not say.
        stem: The call's name as its file's name has it, without a number; None if no name stands in it.
        names: Other files of the same call that it names: of an entry its record and its recording, of a record
            its recording.
        own: Files that belong to it alone, and are erased before it.
        stamp: Which state of the file was looked at; None if that does not matter.
        receiver: Who is to receive the call, or has received a part of it; None if nobody.
    """

    kind: Kind
    path: Path
    size: int
    at: datetime
    state: State = "finished"
    who: str | None = None
    began: datetime | None = None
    stem: str | None = None
    names: tuple[Path, ...] = ()
    own: tuple[Path, ...] = ()
    stamp: Stamp | None = None
    receiver: str | None = None

    @property
    def call(self) -> Call | None:
        """The call; None if the trace does not say which."""
        return None if self.who is None or self.began is None else (self.who, self.began)


@dataclass(frozen=True)
class Erasure:
    """What came of erasing a trace.

    Attributes:
        trace: The trace.
        outcome: ``erased`` means that it was looked for afterwards, and is not there; ``in_use`` that somebody
            works with it, or has written it since it was looked at; ``failed`` that the disk refused.
        why: Why it is still there; None if it is not.
    """

    trace: Trace
    outcome: Literal["erased", "in_use", "failed"]
    why: str | None = None
