"""Stable names for nodes that have none."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

from flows_analytics.calls.values import plain

UNNAMED = "unnamed"

_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)


def looks_generated(name: str) -> bool:
    """Tell whether a node name is a uuid4, which Pipecat invents anew at each entry of an unnamed node.

    Args:
        name: A node name.

    Returns:
        True if nothing but a uuid4 stands there.
    """
    return _UUID4.fullmatch(name) is not None


def unnamed_node(functions: Iterable[str], task_messages: Any = None) -> str:
    """Name a node that has no name, so that every call gives the same name to the same node.

    docs/metrics.md: ``unnamed:`` and the first 8 hexadecimal digits of the SHA-1 of the sorted names of the
    node's own functions, one a line; of its task messages as canonical JSON if it has no functions. Functions
    come first because prompts often hold caller data, which would give the node another name in every call.

    Args:
        functions: Names of the node's own functions, without the global ones.
        task_messages: The node's task messages as written, before placeholders are filled in; None if unknown.

    Returns:
        ``unnamed:1a2b3c4d``, or ``unnamed`` if there is nothing to tell the node by.
    """
    names = sorted(functions)
    if names:
        identity = "\n".join(names)
    elif task_messages:
        identity = json.dumps(plain(task_messages), sort_keys=True, ensure_ascii=False)
    else:
        return UNNAMED
    digest = hashlib.sha1(identity.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()
    return f"{UNNAMED}:{digest[:8]}"
