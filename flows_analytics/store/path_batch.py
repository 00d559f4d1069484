"""Path batches: many paths at once, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[Any]


@dataclass(frozen=True)
class PathBatch:
    """Paths of many calls, the paths of a call all in one batch.

    Attributes:
        path: Of each path, its place in ``paths``.
        paths: The distinct paths: nodes in order.
        end: Of each path, the place in ``ends`` of how its last visit was left.
        ends: Exit kinds; ``running`` is that of a visit under way.
        group: Of each path, the place in ``groups`` of its call's value of the attribute that was asked for.
        groups: Values; None for calls that have none.
        entered_us: When visits were entered, in microseconds UTC since 1970: those of the first path, then those
            of the second, and so on.
        offsets: Where in ``entered_us`` each path begins, and where the last one ends.
        call: Of each path, the number of its call, in order; None if each is the only one of its call. Of paths of
            one call ``main`` comes first, then in order of flow.
    """

    path: Ints
    paths: list[tuple[str, ...]]
    end: Ints
    ends: list[str]
    group: Ints
    groups: list[str | None]
    entered_us: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]
    call: Ints | None = None
