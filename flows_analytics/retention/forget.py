"""Forgetting: all that is kept of one call goes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flows_analytics.errors import CallNotFoundError, FlowsAnalyticsError
from flows_analytics.files.names import id_digest, safe_name
from flows_analytics.retention.grouping import is_live, place_of
from flows_analytics.retention.mentions import mentions
from flows_analytics.retention.places import Places
from flows_analytics.retention.trace import Trace


class CallUnderWayError(FlowsAnalyticsError):
    """A call that is being recorded now cannot be forgotten."""


@dataclass(frozen=True)
class Traces:
    """What is kept of one call, or of several of one id.

    Attributes:
        mine: Its traces, in the order in which they are erased.
        receivers: Who may have received it: those it waited for, or that refused it. Who took it whole left no
            trace.
        directory_receivers: To whom other calls of the same directories are on their way.
        urls: Where recordings of it made elsewhere are.
        elsewhere: Files of it that lie in none of the directories, and stay.
    """

    mine: list[Trace]
    receivers: list[str]
    directory_receivers: list[str]
    urls: list[str]
    elsewhere: list[Path]


def find_traces(call_id: str, places: Places, traces: Sequence[Trace]) -> Traces:
    """Find what is kept of a call: what says its id, what that names, and what is named after it.

    Args:
        call_id: The call. Several calls may have one id: all of them are meant.
        places: Where calls are kept.
        traces: All that is kept there.

    Returns:
        The traces.

    Raises:
        CallUnderWayError: ``call_under_way`` if it is being recorded now.
        CallNotFoundError: ``call_not_found`` if nothing is kept of it; the message names every directory.
    """
    who, name = id_digest(call_id), safe_name(call_id)
    stems = {trace.stem for trace in traces if trace.stem is not None}
    said = [trace for trace in traces if trace.who == who]
    named = {place_of(path) for trace in said for path in trace.names}
    mine = [
        trace
        for trace in traces
        if trace.who == who
        or (trace.who is None and (place_of(trace.path) in named or _named_after(trace, call_id, name, stems)))
    ]
    if any(is_live(trace) for trace in mine):
        raise CallUnderWayError(
            "call_under_way",
            f"call {call_id!r} is being recorded now, so nothing was removed: try again when it is over",
        )
    if not mine:
        looked = ", ".join(str(place) for place in places.all)
        raise CallNotFoundError(
            "call_not_found",
            f"nothing is kept of a call {call_id!r} in {looked} (records, pages, recordings, journal/, outbox/, "
            "failed/ and tables/ were looked through). Name other directories, and --reports for pages.",
        )
    there = {place_of(path) for trace in traces for path in (trace.path, *trace.own)}
    entries = [trace for trace in traces if trace.kind in ("outbox", "failed") and trace.receiver]
    receivers = sorted({str(trace.receiver) for trace in entries if trace in mine})
    return Traces(
        mine=mine,
        receivers=receivers,
        directory_receivers=sorted({str(trace.receiver) for trace in entries} - set(receivers)),
        urls=sorted({trace.receiver for trace in mine if trace.kind == "records" and trace.receiver}),
        elsewhere=sorted({path for path in named - there if path.exists()}),
    )


def _named_after(trace: Trace, call_id: str, name: str, stems: set[str]) -> bool:
    """Whether a trace that does not say whose it is bears the call's name."""
    if trace.stem is not None and trace.stem != name:
        return False
    if trace.state == "not_ours":
        # It may be another's: `index` is an id, too.
        return trace.kind == "pages" and mentions(trace.path, call_id)
    if trace.stem == name:
        return True
    # An entry's file, of which only the name is left: `<call>.<sink>.ref`, and both may contain dots.
    rest = re.match(rf"{re.escape(name)}(~\d+)?\.", trace.path.name)
    longer = any(stem.startswith(f"{name}.") and trace.path.name.startswith(f"{stem}.") for stem in stems)
    return rest is not None and not longer
