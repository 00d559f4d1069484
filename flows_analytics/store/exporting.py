"""Exporting: the tables for other programs."""

from __future__ import annotations

from pathlib import Path

from flows_analytics.errors import StoreError
from flows_analytics.store.duck import quoted
from flows_analytics.store.snapshot import Snapshot
from flows_analytics.store.tables import TABLES
from flows_analytics.store.xes import write_xes

_HOW = {"parquet": "FORMAT parquet, COMPRESSION zstd", "csv": "FORMAT csv, HEADER"}


def export(snapshot: Snapshot, format_: str, out: Path) -> list[Path]:
    """Write the calls that are selected.

    Args:
        snapshot: A snapshot with a selection.
        format_: ``parquet``, ``csv`` or ``xes``.
        out: The directory, or for ``xes`` the file. Files that are there are replaced.

    Returns:
        The files.

    Raises:
        StoreError: ``format_unknown``.
        OSError: A file cannot be written.
    """
    if format_ == "xes":
        out.parent.mkdir(parents=True, exist_ok=True)
        return [write_xes(snapshot, out)]
    if format_ not in _HOW:
        raise StoreError("format_unknown", f"the formats are parquet, csv and xes, not {format_!r}")
    out.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for name in (*TABLES, "nodes"):
        target = out / f"{name}.{format_}"
        temporary = out / f".{name}.{format_}.tmp"
        try:
            snapshot.database.run(f"COPY (SELECT * FROM {name}) TO {quoted(temporary)} ({_HOW[format_]})")
            temporary.chmod(0o600)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
        written.append(target)
    return written
