"""The command line: ``flows-analytics``. One file per command; each imports what it needs when it runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from io import TextIOWrapper


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: The words after the program's name; those of this process if None.

    Returns:
        The exit code: 0 if all went well, 1 if the command failed, 2 if the words make no command,
        130 if it was interrupted.
    """
    try:
        from flows_analytics.cli.app import run_app

        return run_app(argv)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)  # rich may not be imported yet
        return 130


def run() -> None:
    """Run the command this process was started with; the entry point of ``flows-analytics``."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character shows another one; it does not end the command.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    sys.exit(main())
