"""Problem: something that a store could not count, and why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One file, call or column that could not be taken as it is.

    Attributes:
        code: A stable name: ``record_not_valid``, ``record_too_new``, ``record_not_readable``, ``duplicate_call``,
            ``clock_backwards``, ``column_missing``, ``column_type``, ``call_recorded``, ``rows_contradict``,
            ``value_unknown``, ``metadata_keys``.
        where: The file, or the call in it.
        why: The reason in plain words.
        counted: Whether what it is about is counted all the same.
    """

    code: str
    where: str
    why: str
    counted: bool = False

    def __str__(self) -> str:
        return f"{self.where}: {self.why}"


def same_id(first: str, call_id: str) -> str:
    """Say why the further one of two calls with one id is not counted.

    Args:
        first: The name of the file that counts.
        call_id: The id.

    Returns:
        The reason.
    """
    return (
        f"{first} has the id {call_id!r} with other content, and counts. "
        "If these are two calls, give each an id of its own"
    )
