"""Linear algebra: the one file of the Markov layer that knows numpy."""

from __future__ import annotations

from typing import Any, TypeAlias

from flows_analytics.errors import ExtraMissingError

try:
    import numpy as np
    import numpy.typing as npt
except ImportError as missing:
    raise ExtraMissingError("chains need numpy", "stats") from missing

Array: TypeAlias = npt.NDArray[np.float64]
"""Numbers in rows and columns, or in one row."""


def zeros(*shape: int) -> Array:
    """Make an array of zeros.

    Args:
        shape: Its rows and columns.

    Returns:
        The array.
    """
    return np.zeros(shape)


def fundamental(moves: Array) -> Array:
    """Give the expected visits to each node from each node, before a chain ends.

    Args:
        moves: Probability of going from row to column; what is missing to 1 ends the chain.

    Returns:
        ``(I − moves)⁻¹``.
    """
    size = moves.shape[0]
    solved: Any = np.linalg.solve(np.eye(size) - moves, np.eye(size))
    return solved
