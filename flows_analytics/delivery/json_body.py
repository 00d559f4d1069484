"""JSON as services get it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from flows_analytics.delivery.upload import UploadError


def encode_json(document: Mapping[str, Any]) -> bytes:
    """Write a JSON document as it is sent: compact, in UTF-8.

    Args:
        document: What, made of JSON types.

    Returns:
        The bytes. Their content type is ``application/json``.

    Raises:
        ValueError: If it holds what JSON has no form for.
    """
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")


def body_of(make: Callable[[], Mapping[str, Any]]) -> bytes | UploadError:
    """Make a JSON document of a call, and write it.

    Args:
        make: Makes the document.

    Returns:
        The bytes, as `encode_json`; or ``body_not_made``, which is not tried again: what cannot be written today
        can be written by a later release only, and until then somebody should know. The exception, whose message
        may quote the call, is not kept.
    """
    try:
        return encode_json(make())
    except Exception as error:
        return UploadError("body_not_made", f"the call cannot be written: {type(error).__name__}", retry=False)
