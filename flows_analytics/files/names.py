"""File names that no call id can abuse."""

from __future__ import annotations

import hashlib
import re

_SAFE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


def safe_name(call_id: str) -> str:
    """Turn a call id into a file name without extension.

    An id of up to 100 letters, digits, dots, dashes and underscores that does not begin with a dot is its own
    name. Any other keeps those characters for the eye and ends in ``=`` and eight hexadecimal digits of its
    SHA-256, so that different ids keep different names.

    Args:
        call_id: Any text, hostile text included.

    Returns:
        A name that is one path component on every file system and never contains ``~``, which marks the
        second call of the same id.
    """
    if _SAFE.fullmatch(call_id) and not _RESERVED.fullmatch(call_id) and not call_id.endswith("."):
        return call_id
    kept = re.sub(r"[^A-Za-z0-9_-]+", "_", call_id)[:60].strip("_")
    digest = hashlib.sha256(call_id.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{kept or 'call'}={digest}"


def id_digest(call_id: str) -> str:
    """Say which call is meant without saying its id.

    Args:
        call_id: Any text.

    Returns:
        Thirty-two hexadecimal digits.
    """
    return hashlib.sha256(call_id.encode("utf-8", "surrogatepass")).hexdigest()[:32]
