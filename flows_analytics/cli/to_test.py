"""``flows-analytics to-test``: a recorded call as a test."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Annotated

import typer

from flows_analytics.cli.console import ERRORS, RESULTS
from flows_analytics.errors import FlowsAnalyticsError


def to_test(
    call: Annotated[str, typer.Argument(help="A call's JSON file, or its id in --dir.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", file_okay=False, help="The directory for the test and its snapshot.")
    ] = Path("tests"),
    start: Annotated[
        str | None,
        typer.Option(
            "--start",
            metavar="MODULE:FUNCTION",
            help="What makes the node, or the Flow, that the bot starts with. "
            "Default: the test asks for a fixture flow_start of yours.",
        ),
    ] = None,
    directory: Annotated[
        Path, typer.Option("--dir", "-d", help="The calls directory in which to look for an id.")
    ] = Path("calls"),
    redact: Annotated[
        bool, typer.Option("--redact/--no-redact", help="Hide emails, phone numbers and payment cards.")
    ] = True,
) -> None:
    """Write a test from a recorded call: what the caller said, what the LLM called, and the path it took.

    A file that is there already is not overwritten.
    """
    from flows_analytics.calls.record import CallRecord
    from flows_analytics.files.atomic import replace
    from flows_analytics.files.layout import find_call
    from flows_analytics.redaction.patterns import PatternRedactor
    from flows_analytics.redaction.redaction import Redaction
    from flows_analytics.testing.recorded_script import snapshot_of, source_of

    if start is not None and not re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", start):
        raise FlowsAnalyticsError(
            "start_not_valid", f"--start is MODULE:FUNCTION, such as bot:first, not {start!r}"
        )
    record = CallRecord.load(find_call(call, directory))
    if not record.path:
        raise FlowsAnalyticsError("call_without_path", f"call {record.call_id!r} never entered a node")
    name = f"test_{re.sub(r'[^A-Za-z0-9]+', '_', record.call_id).strip('_').lower() or 'call'}"[:80]
    test, kept = out / f"{name}.py", out / "__snapshots__" / name / f"{name}.txt"
    for file in (test, kept):
        if file.exists():
            raise FlowsAnalyticsError("test_exists", f"{file} is there already: remove it, or name another --out")
    failed: list[str] = []
    redaction = Redaction(
        PatternRedactor() if redact else str, failed=failed.append, clock_ns=time.perf_counter_ns
    )
    replace(test, source_of(record, redaction, name=name, start=start).encode("utf-8"))
    replace(kept, snapshot_of(record, redaction).encode("utf-8"))
    RESULTS.print(f"{test}\n{kept}", soft_wrap=True)
    if start is None:
        ERRORS.print(
            "The test asks for a fixture flow_start, which returns the node (or the Flow) the bot starts with: "
            "write it in conftest.py, or name it with --start.",
            soft_wrap=True,
        )
