"""Which outbox a call has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from flows_analytics.delivery.outbox import Outbox
from flows_analytics.delivery.sink import Sink
from flows_analytics.delivery.upload import UploadSink, sends
from flows_analytics.files.layout import Beside


def outbox_of(
    given: Outbox | str | Path | Beside | None, sinks: Sequence[Sink | UploadSink], say: Callable[[str], None]
) -> Outbox | None:
    """Find the outbox.

    Args:
        given: What the user gave (see `FlowsObserver`).
        sinks: Where the call goes.
        say: Takes warnings.

    Returns:
        The outbox; None if no sink sends calls, or if nothing keeps them.
    """
    directory = outbox_directory(given, sinks)
    if directory is None:
        return None
    if isinstance(given, Outbox):
        return given.saying(say)
    return Outbox(directory, say=say)


def outbox_directory(
    given: Outbox | str | Path | Beside | None, sinks: Sequence[Sink | UploadSink]
) -> Path | None:
    """Find the calls directory that the outbox is in.

    Args:
        given: What the user gave.
        sinks: Where the call goes.

    Returns:
        The directory; None if there is no outbox.
    """
    if not any(sends(sink) for sink in sinks):
        return None
    if isinstance(given, Outbox):
        return given.directory
    directory = calls_directory(sinks) if isinstance(given, Beside) else given
    return None if directory is None else Path(directory)


def calls_directory(sinks: Sequence[Any]) -> Path | None:
    """Find the directory in which calls are kept.

    Args:
        sinks: Where the call goes.

    Returns:
        That of the first sink that keeps calls in one; None if none does.
    """
    return next((Path(sink.directory) for sink in sinks if _keeps_files(sink)), None)


def unkept(
    outbox: Outbox | str | Path | Beside | None,
    journal: str | Path | Beside | None,
    sinks: Sequence[Sink | UploadSink],
) -> str | None:
    """Warn of a bot that only sends its calls: with the defaults, nothing of them is ever on disk.

    Args:
        outbox: What the user gave (see `FlowsObserver`). Turning it off is an answer.
        journal: Likewise.
        sinks: Where the call goes.

    Returns:
        What to say; None if there is nothing to warn of.
    """
    if not any(sends(sink) for sink in sinks) or any(getattr(sink, "keeps", False) for sink in sinks):
        return None
    lost = [
        when
        for given, when in ((outbox, "it cannot be sent"), (journal, "the process dies before that"))
        if isinstance(given, Beside)
    ]
    if not lost:
        return None
    return (
        f"until it is sent, this call is in memory only, and lost if {' or '.join(lost)}: "
        "give FlowsObserver a JSONFileSink, or directories as outbox= and journal="
    )


def _keeps_files(sink: Any) -> bool:
    return bool(getattr(sink, "keeps", False)) and isinstance(getattr(sink, "directory", None), str | Path)
