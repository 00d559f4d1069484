"""HTMLReportSink: one page per call."""

from __future__ import annotations

import threading
from pathlib import Path

from flows_analytics.calls.record import CallRecord
from flows_analytics.files.atomic import write_new
from flows_analytics.files.layout import REPORT_SUFFIX
from flows_analytics.files.names import safe_name
from flows_analytics.files.threads import in_own_thread
from flows_analytics.report.html import render_call_report
from flows_analytics.report.reach import record_dir_seen_from

# All threads compete with the bots of the process for the interpreter: pages are drawn one at a time.
_turn = threading.Lock()


class HTMLReportSink:
    """Writes each finished call as a self-contained page, ``<safe id>.html``, in a directory.

    The page is rendered in a thread, flushed to the disk and appears whole or not at all. A second call with
    an id already there becomes ``<safe id>~2.html``. The directory is created when the first call is
    delivered.

    Args:
        directory: Where the pages go.
        template_dir: A folder of templates that replace the default ones of the same name.
        recordings: The folder in which the recordings of the calls are, so that the pages can play them; None for
            ``directory``.
    """

    def __init__(
        self,
        directory: str | Path,
        *,
        template_dir: str | Path | None = None,
        recordings: str | Path | None = None,
    ) -> None:
        self.directory = Path(directory)
        self.template_dir = template_dir
        self.recordings = self.directory if recordings is None else Path(recordings)

    async def deliver(self, record: CallRecord) -> None:
        """Render a call and write its page.

        Args:
            record: The call.

        Raises:
            OSError: If the file cannot be written; nothing is left behind.
            FlowsAnalyticsError: If the folder of templates is not there.
        """
        await in_own_thread(lambda: self._write(record))

    async def close(self) -> None:
        """Nothing stays open."""

    def _write(self, record: CallRecord) -> Path:
        with _turn:
            record_dir = record_dir_seen_from(self.directory, self.recordings, record)
            page = render_call_report(record, template_dir=self.template_dir, record_dir=record_dir)
        return write_new(self.directory, safe_name(record.call_id), REPORT_SUFFIX, page.encode("utf-8"))
