"""Where a command writes: results to stdout, progress and notices to stderr."""

from __future__ import annotations

from rich.console import Console

RESULTS = Console(highlight=False)
ERRORS = Console(stderr=True, highlight=False)
