"""Erasing a file that was looked at before."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from flows_analytics.files.locks import HeldLock, try_lock
from flows_analytics.retention.places import look_at
from flows_analytics.retention.trace import Erasure, Trace

_WORKED_WITH = "somebody works with it"
_WRITTEN = "it was written in the meantime"


def erase_file(trace: Trace) -> Erasure:
    """Erase a trace that is a file, with the files that are its own.

    Args:
        trace: The trace.

    Returns:
        What came of it.
    """
    try:
        if _is_another(trace):
            return Erasure(trace, "in_use", _WRITTEN)
        for path in (*trace.own, trace.path):
            path.unlink(missing_ok=True)
    except OSError as error:
        return Erasure(trace, "failed", error.strerror or type(error).__name__)
    if _is_another(trace):
        # What was looked at is gone, and somebody has taken its name since.
        return Erasure(trace, "in_use", _WRITTEN)
    if any(os.path.lexists(path) for path in (*trace.own, trace.path)):
        return Erasure(trace, "failed", "it is still there")
    return Erasure(trace, "erased")


def _is_another(trace: Trace) -> bool:
    """Tell whether the file is no longer the one that was looked at."""
    now = look_at(trace.path)
    return now is not None and trace.stamp is not None and now.stamp != trace.stamp


def erase_locked(trace: Trace, lock: Path) -> Erasure:
    """Erase a trace that its owner holds a lock for while he works with it.

    Args:
        trace: The trace.
        lock: The lock's file; removed as well.

    Returns:
        What came of it.
    """
    try:
        held = try_lock(lock)
    except Exception as error:
        # A lock may raise more than an OSError.
        return Erasure(trace, "failed", f"its lock cannot be had ({type(error).__name__})")
    if held is None:
        return Erasure(trace, "in_use", _WORKED_WITH)
    try:
        return erase_file(trace)
    finally:
        _give_back(held, trace)


def is_held(lock: Path) -> bool | None:
    """Ask whether somebody alive holds a lock; nothing of the asking stays.

    Args:
        lock: The lock's file.

    Returns:
        Whether; None if that cannot be told.
    """
    there = lock.exists()
    try:
        held = try_lock(lock)
    except Exception:
        return None
    if held is None:
        return True
    with suppress(OSError):
        held.release(remove=not there)
    return False


def _give_back(held: HeldLock, trace: Trace) -> None:
    with suppress(OSError):
        held.release(remove=not os.path.lexists(trace.path) or trace.path == held.path)
