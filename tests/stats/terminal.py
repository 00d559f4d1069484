"""What a terminal of 100 columns shows."""

from __future__ import annotations

from rich.console import Console


def printed(shown):
    console = Console(width=100)
    with console.capture() as captured:
        console.print(shown)
    return captured.get()
