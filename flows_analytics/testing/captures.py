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


# Going through all classes of Pipecat takes longer than many a test, and they are the same at the next.
_KNOWN: WeakKeyDictionary[types.ModuleType, tuple[tuple[Any, ...], Captures]] = WeakKeyDictionary()


def captures_of(module: types.ModuleType, wanted: Collection[Callable[..., Any]]) -> Captures:
    """Find where a module keeps functions, in its own names, in its functions and in its classes.

    What was found is remembered until a name of the module means something else.

    Args:
        module: The module.
        wanted: The functions: builtins and plain ones. The same at every call.

    Returns:
        The places.
    """
    values = tuple(vars(module).values())
    known = _KNOWN.get(module)
    if known is not None and len(known[0]) == len(values) and all(map(operator.is_, known[0], values)):
        return known[1]
    found = _search(module, wanted)
    _KNOWN[module] = (values, found)
    return found


def is_one_of(value: Any, wanted: Collection[Callable[..., Any]]) -> bool:
    """Tell whether a value is one of some functions.

    Args:
        value: Anything, also what has no hash.
        wanted: The functions: builtins and plain ones.

    Returns:
        Whether it is.
    """
    return isinstance(value, types.BuiltinFunctionType | types.FunctionType) and value in wanted


def _search(module: types.ModuleType, wanted: Collection[Callable[..., Any]]) -> Captures:
    found = Captures([], [], [])
    for name, value in list(vars(module).items()):
        if is_one_of(value, wanted):
            found.names.append(name)
        elif getattr(value, "__module__", None) == module.__name__:
            for function in _functions_in(value):
                found.cells.extend(cell for cell in function.__closure__ or () if _holds(cell, wanted))
                if any(is_one_of(default, wanted) for default in (function.__kwdefaults__ or {}).values()):
                    found.functions.append(function)
    return found


def _functions_in(value: Any) -> Iterator[types.FunctionType]:
    if isinstance(value, types.FunctionType):
        yield value
    elif isinstance(value, type):
        for member in list(vars(value).values()):
            # A static or class method wraps its function, and a class may hold another one.
            yield from _functions_in(getattr(member, "__func__", member))


def _holds(cell: types.CellType, wanted: Collection[Callable[..., Any]]) -> bool:
    try:
        return is_one_of(cell.cell_contents, wanted)
    except ValueError:  # an empty cell
        return False
