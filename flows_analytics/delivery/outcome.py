"""What came of sending a call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["sent", "left", "failed", "lost"]


@dataclass(frozen=True)
class Outcome:
    """What came of sending one call to one receiver.

    Attributes:
        state: ``sent``; ``left`` in the outbox for later; ``failed``, which put it aside because trying again
            would not help; ``lost``, because it was not sent and nothing keeps it.
        sink: The sink's name.
        call_id: The call.
        why: Why it was not sent, without any content of the call; empty if it was.
        wait_secs: How long to wait before the next attempt; None if there will be none.
        asked_secs: How long the receiver asked to be left alone; None if it did not.
    """

    state: State
    sink: str
    call_id: str
    why: str = ""
    wait_secs: float | None = None
    asked_secs: float | None = None
