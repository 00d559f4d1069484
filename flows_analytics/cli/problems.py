"""What commands say of what a store could not count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flows_analytics.cli.console import ERRORS

if TYPE_CHECKING:
    from flows_analytics.store.problem import Problem


class Problems:
    """Prints each problem on stderr, and remembers."""

    def __init__(self) -> None:
        self.seen: list[Problem] = []

    def __call__(self, problem: Problem) -> None:
        """Print a problem.

        Args:
            problem: The problem.
        """
        self.seen.append(problem)
        ERRORS.print(f"{'note' if problem.counted else 'skipped'}: {problem}", markup=False, soft_wrap=True)

    @property
    def exit_code(self) -> int:
        """1 if something was left out, else 0."""
        return int(any(not problem.counted for problem in self.seen))

    def to_list(self) -> list[dict[str, Any]]:
        """Give them as plain values.

        Returns:
            One object each.
        """
        return [
            {"code": problem.code, "where": problem.where, "why": problem.why, "counted": problem.counted}
            for problem in self.seen
        ]
