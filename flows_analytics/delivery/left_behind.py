"""What becomes of the calls that dead processes left behind."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from flows_analytics.calls.record import CallRecord
from flows_analytics.delivery.outbox import Outbox
from flows_analytics.delivery.upload import UploadSink
from flows_analytics.recording.recovery import Recovered


def put_into(outbox: Outbox, sinks: Iterable[UploadSink]) -> Recovered:
    """Have each recovered call sent like any other.

    Args:
        outbox: Where it waits.
        sinks: Where it goes.

    Returns:
        What recovery calls with each record, before it removes the journal: a call is never in neither.
    """
    receivers = list(sinks)

    def put(file: Path, record: CallRecord) -> None:
        sound = record.recording.file if record.recording else None
        for sink in receivers:
            outbox.keep(record, sink, file=file, recording=file.parent / sound if sound else None)

    return put
