"""One call as one HTML page."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from flows_analytics.calls.record import CallRecord
from flows_analytics.files.page_mark import PageMark, mark_of
from flows_analytics.report.assets import assets
from flows_analytics.report.call_view import call_view
from flows_analytics.report.environment import environment

STYLES = ("report.css", "call.css")
"""Stylesheets of a call's page, the first of which every page has."""

SCRIPTS = ("report.js", "call.js", "record.js")
"""Scripts of a call's page, the first of which every page has."""


def render_call_report(
    record: CallRecord, *, template_dir: str | Path | None = None, record_dir: str | None = ""
) -> str:
    """Render the page of a call: self-contained, asking nothing of any network.

    Only the recording of a call is not in its page: it is loaded when somebody plays it.

    Args:
        record: The call, finished or still running.
        template_dir: A folder of templates that replace the default ones of the same name. A template there
            can build on the default: ``{% extends "default:call_report.html" %}``.
        record_dir: Where the folder of the record, and of the recording beside it, will be as seen from the page:
            a relative path with forward slashes, empty if the page will be there too. None if the page is not to
            play that file.

    Returns:
        The HTML document. It always encodes to UTF-8, whatever the call holds.

    Raises:
        FlowsAnalyticsError: ``template_dir_missing`` if the folder is not there; ``templates_missing`` if the
            installation is incomplete.
        jinja2.TemplateError: If a template of the user's is faulty.
    """
    templates = environment(template_dir)
    template = templates.get_template("call_report.html")
    call = call_view(record, record_dir)
    media = call.player.media if call.player else None
    page = assets(templates, STYLES, SCRIPTS, media)
    return template.render(call=call, mark=_mark(record), assets=page)


def _mark(record: CallRecord) -> PageMark:
    ended = record.ended_at
    if ended is None and record.duration_ms is not None:
        with suppress(OverflowError):
            ended = record.started_at + timedelta(milliseconds=record.duration_ms)
    return mark_of(record.call_id, record.started_at, ended)
