"""Captures: the places where a module keeps functions that it took from another."""

from __future__ import annotations

import operator
import types
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary


@dataclass(frozen=True)
class Captures:
    """Where a module keeps certain functions.

    Attributes:
        names: Its own names for them.
        cells: Cells of its functions that hold one, such as those of the ``__init__`` that a dataclass generates
            for its default factories.
        functions: Its functions whose keyword defaults hold one.
    """

    names: list[str]
    cells: list[types.CellType]
    functions: list[types.FunctionType]


class CaptureFinder:
    """Finds where modules keep certain functions: in their own names, in their functions and in their classes.

    Going through all classes of Pipecat takes longer than many a test, and they are the same at the next. So what
    was found in a module is remembered until one of its names means something else.

    Args:
        wanted: The functions: builtins and plain ones.
    """

    def __init__(self, wanted: Collection[Callable[..., Any]]) -> None:
        self._wanted = wanted
        self._known: WeakKeyDictionary[types.ModuleType, tuple[tuple[Any, ...], Captures]] = WeakKeyDictionary()

    def find(self, module: types.ModuleType) -> Captures:
        """Find them in a module.

        Args:
            module: The module.

        Returns:
            The places.
        """
        now = (*vars(module).keys(), *vars(module).values())
        before, found = self._known.get(module, ((), None))
        if found is None or len(before) != len(now) or not all(map(operator.is_, before, now)):
            found = self._search(module)
            self._known[module] = (now, found)
        return found

    def is_wanted(self, value: Any) -> bool:
        """Tell whether a value is one of the functions.

        Args:
            value: Anything, also what has no hash.

        Returns:
            Whether it is.
        """
        return isinstance(value, types.BuiltinFunctionType | types.FunctionType) and value in self._wanted

    def _search(self, module: types.ModuleType) -> Captures:
        found = Captures([], [], [])
        for name, value in list(vars(module).items()):
            if self.is_wanted(value):
                found.names.append(name)
            elif getattr(value, "__module__", None) == module.__name__:
                for function in _functions_in(value):
                    found.cells.extend(cell for cell in function.__closure__ or () if self._is_in(cell))
                    if any(map(self.is_wanted, (function.__kwdefaults__ or {}).values())):
                        found.functions.append(function)
        return found

    def _is_in(self, cell: types.CellType) -> bool:
        try:
            return self.is_wanted(cell.cell_contents)
        except ValueError:  # an empty cell
            return False


def _functions_in(value: Any) -> Iterator[types.FunctionType]:
    if isinstance(value, types.FunctionType):
        yield value
    elif isinstance(value, type):
        for member in list(vars(value).values()):
            # A static or class method wraps its function, and a class may hold another one.
            yield from _functions_in(getattr(member, "__func__", member))
