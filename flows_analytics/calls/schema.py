"""The schema of a stored record: its version, and refusing what is none."""

from __future__ import annotations

from pydantic import ValidationError
from pydantic_core import from_json

from flows_analytics.errors import RecordError

SCHEMA_VERSION = 3
"""Version of the stored shape. History:

1. The first (flows-analytics 0.1).
2. Adds the moments of latency, usage, the line and events of processors; ``recording``, ``cost`` and
   ``disconnection_reason``; ``processor`` of an inference, ``category`` of an error, ``lag_ms`` of the end.
   Nothing of 1 changed, so its records only lack what was not recorded then.
3. Adds ``telephony`` and ``service_costs``. Nothing of 2 changed.
"""


def refused(text: str | bytes, error: ValidationError) -> RecordError:
    """Say why a document is no record.

    Args:
        text: The document.
        error: What is wrong with its shape.

    Returns:
        ``record_too_new`` if a later release made it, else ``record_not_valid``.
    """
    try:
        version = from_json(text)["schema_version"]
    except (ValueError, TypeError, LookupError):
        version = None
    if isinstance(version, int) and version > SCHEMA_VERSION:
        return too_new(version)
    # The offending input is the caller's; only its place and the kind of fault are repeated.
    places = "; ".join(
        f"{'.'.join(map(str, fault['loc'])) or 'document'}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_input=False)[:3]
    )
    return RecordError("record_not_valid", f"not a call record: {places}")


def too_new(version: int) -> RecordError:
    """Say that a later release made a record.

    Args:
        version: Its schema version.

    Returns:
        The error, ``record_too_new``.
    """
    return RecordError(
        "record_too_new",
        f"the record has schema version {version}, this release reads up to {SCHEMA_VERSION}: "
        "upgrade flows-analytics",
    )
