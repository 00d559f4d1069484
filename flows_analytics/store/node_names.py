"""Names of nodes, read from the numbers that tables hold."""

from __future__ import annotations

from collections.abc import Sequence


class NodeNames:
    """Reads numbers of nodes as names.

    Args:
        names: The names, in order of number.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = {str(number): name for number, name in enumerate(names)}
        self._read: dict[str, tuple[str, ...]] = {}

    def of(self, code: str) -> tuple[str, ...]:
        """Read a path.

        Args:
            code: Such as ``|0||1|``.

        Returns:
            The names of its nodes.
        """
        known = self._read.get(code)
        if known is None:
            known = tuple(map(self._names.__getitem__, code[1:-1].split("||") if code else ()))
            self._read[code] = known
        return known
