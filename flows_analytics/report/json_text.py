"""Arguments, results and metadata as text."""

from __future__ import annotations

import json
from typing import Any

from flows_analytics.report.visible import PageText, page_text


def json_text(value: Any) -> PageText | None:
    """Write a value as JSON for people: on one line if it is short, indented if not.

    Args:
        value: A value from a record.

    Returns:
        The text; None for None, which in a record means absent or switched off.
    """
    if value is None:
        return None
    line = json.dumps(value, ensure_ascii=False, default=repr)
    return page_text(line if len(line) <= 100 else json.dumps(value, ensure_ascii=False, indent=2, default=repr))
