"""What the extra ``store`` brings."""

from __future__ import annotations

from importlib.util import find_spec

from flows_analytics.errors import ExtraMissingError


def require_store() -> None:
    """Say which extra to install if what the tables need is not there.

    Raises:
        ExtraMissingError: Something is not.
    """
    missing = [name for name in ("duckdb", "pyarrow") if find_spec(name) is None]
    if missing:
        raise ExtraMissingError(f"tables need {' and '.join(missing)}", "store")
