"""JSON as services get it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


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
