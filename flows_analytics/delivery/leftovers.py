"""Leftovers: the calls of dead processes are sent where these processes would have sent them."""

from __future__ import annotations

from pathlib import Path

from flows_analytics.calls.record import CallRecord
from flows_analytics.delivery.outbox import Outbox
from flows_analytics.recording.journal_lines import Sending


def keep_leftover(file: Path, record: CallRecord, sending: Sending) -> None:
    """Put a call that was recovered into the outbox, once for each receiver. Blocks.

    Args:
        file: Its record on disk.
        record: The call.
        sending: What its journal says of where it was to be sent.

    Raises:
        OSError: If the outbox cannot be written.
    """
    if sending.outbox is None:
        return
    sound = record.recording.file if record.recording else None
    outbox = Outbox(sending.outbox)
    for receiver in sending.receivers:
        outbox.keep(record, receiver, file=file, recording=file.parent / sound if sound else None)
