"""The sinks that ``--sinks module:attribute`` names."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from flows_analytics.errors import SinkError

if TYPE_CHECKING:
    from types import ModuleType

    from flows_analytics.delivery.upload import UploadSink


def load_sinks(place: str) -> list[UploadSink]:
    """Load sinks from Python code.

    Args:
        place: ``module:attribute`` or ``file.py:attribute``. The attribute is a sink, several, or a function
            without arguments that returns them. Sinks that send nothing are left out.

    Returns:
        The sinks that send calls.

    Raises:
        SinkError: ``sinks_not_found``, saying what is not there.
    """
    from flows_analytics.delivery.upload import sends

    where, _, attribute = place.rpartition(":")
    if not where or not attribute:
        raise SinkError("sinks_not_found", f"--sinks {place}: give a module or a file, a colon and a name in it")
    module = _module(where)
    found: Any = getattr(module, attribute, None)
    if callable(found) and not sends(found):
        found = found()
    several = cast("Iterable[Any]", found) if isinstance(found, Iterable) else [found]
    sinks = [sink for sink in several if sends(sink)]
    if not sinks:
        raise SinkError(
            "sinks_not_found", f"--sinks {place}: {attribute} is no sink that sends calls, nor has one"
        )
    return sinks


def _module(where: str) -> ModuleType:
    try:
        if not where.endswith(".py"):
            sys.path.insert(0, str(Path.cwd()))
            return importlib.import_module(where)
        spec = importlib.util.spec_from_file_location(Path(where).stem, where)
        if spec is None or spec.loader is None:
            raise ImportError(where)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    except (ImportError, FileNotFoundError) as error:
        raise SinkError("sinks_not_found", f"--sinks {where}: {error}") from None
