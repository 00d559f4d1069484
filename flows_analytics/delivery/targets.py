"""Making the sinks of an earlier process again, from what its outbox holds and the environment."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from typing import Any

from flows_analytics.delivery.entry import Entry
from flows_analytics.delivery.upload import UploadSink
from flows_analytics.errors import SinkError

# A later release, or the user's own code, may have put others into the outbox: these alone are made.
_KINDS = {
    "HTTPSink": "flows_analytics.delivery.http_sink",
    "RoarkSink": "flows_analytics.delivery.roark_sink",
    "TunerSink": "flows_analytics.delivery.tuner_sink",
}


def sink_of(target: Mapping[str, Any], environment: Mapping[str, str]) -> UploadSink:
    """Make a sink from its public settings.

    Args:
        target: The settings, as an entry holds them.
        environment: Where the secrets are.

    Returns:
        The sink.

    Raises:
        SinkError: ``sink_not_known``, saying what is missing and what to do.
    """
    kind = str(target.get("sink"))
    if kind not in _KINDS:
        raise SinkError("sink_not_known", "the outbox does not say how to reach it: use --sinks")
    try:
        made: UploadSink = getattr(importlib.import_module(_KINDS[kind]), kind).from_target(target, environment)
    except SinkError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError):
        raise SinkError("sink_not_known", f"what the outbox holds makes no {kind}: use --sinks") from None
    return made


def sinks_of(
    entries: Iterable[Entry], environment: Mapping[str, str], known: Iterable[str] = ()
) -> tuple[list[UploadSink], dict[str, str]]:
    """Make the sinks that calls wait for.

    One token is never sent to two hosts: if calls wait for several that need one, none of them is made.

    Args:
        entries: What waits.
        environment: Where the secrets are.
        known: Names of sinks that are there already.

    Returns:
        The sinks, and by name why others cannot be made.
    """
    targets = {entry.sink: entry.target for entry in entries}
    sinks: list[UploadSink] = []
    missing: dict[str, str] = {}
    secret: dict[str, set[str]] = {}
    for target in targets.values():
        if target.get("token"):
            secret.setdefault(str(target.get("sink")), set()).add(str(target.get("url")))
    for name, target in targets.items():
        if name in set(known):
            continue
        if target.get("token") and len(secret[str(target.get("sink"))]) > 1:
            missing[name] = "calls wait for several URLs that need a token, which one is not known: use --sinks"
            continue
        try:
            sink = sink_of(target, environment)
        except SinkError as error:
            missing[name] = error.message
            continue
        if sink.name == name:
            sinks.append(sink)
        else:
            missing[name] = "the outbox does not say how to reach it: use --sinks"
    return sinks, missing
