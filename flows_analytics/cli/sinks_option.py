"""The sinks that ``--sinks module:attribute`` names."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import traceback
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
        SinkError: ``sinks_not_found``, saying what is not there; ``sinks_raised`` if the code raises. Of what it
            raises the class and the place are told, not the message, which may quote a secret.
    """
    where, _, attribute = place.rpartition(":")
    if not where or not attribute:
        raise _not_found(place, "give a module or a file, a colon and a name in it")
    if where.endswith(".py") and not Path(where).is_file():
        raise _not_found(place, f"there is no file {where}")
    try:
        sinks = _sinks(place, _module(where), attribute)
    except SinkError as error:
        # One of ours: its message holds no secret.
        raise SinkError(error.code, _named(place, error.message)) from None
    except ModuleNotFoundError as error:
        raise _not_found(place, f"there is no module {error.name}") from None
    except (Exception, SystemExit) as error:
        raise SinkError("sinks_raised", _named(place, f"the code raises {_told(error)}")) from None
    if not sinks:
        raise _not_found(place, f"{attribute} is no sink that sends calls, nor has one")
    return sinks


def _module(where: str) -> ModuleType:
    if not where.endswith(".py"):
        sys.path.insert(0, str(Path.cwd()))
        return importlib.import_module(where)
    spec = importlib.util.spec_from_file_location(Path(where).stem, where)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(name=where)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _sinks(place: str, module: ModuleType, attribute: str) -> list[UploadSink]:
    from flows_analytics.delivery.upload import sends

    found: Any = getattr(module, attribute, None)
    if isinstance(found, type):
        raise _not_found(place, f"{attribute} is a class: name a sink, or a function that makes one")
    if callable(found) and not sends(found):
        found = found()
    if inspect.iscoroutine(found):
        found.close()
        raise _not_found(place, f"{attribute} is an async function: name one that is not")
    several = cast("Iterable[Any]", found) if isinstance(found, Iterable) else [found]
    return [sink for sink in several if sends(sink) and not isinstance(sink, type)]


def _not_found(place: str, why: str) -> SinkError:
    return SinkError("sinks_not_found", _named(place, why))


def _named(place: str, why: str) -> str:
    head = f"--sinks {place!r}: " if not place or not place.isprintable() else f"--sinks {place}: "
    return why if why.startswith(head) else head + why


def _told(error: BaseException) -> str:
    what = type(error).__name__
    if isinstance(error, SyntaxError) and error.filename:
        return f"{what} at {Path(error.filename).name}:{error.lineno}"
    # The import system's own frames, and those of os, say nothing.
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<frozen")
    ]
    # The first are ours.
    last = next((frame for frame in reversed(frames) if Path(frame.filename) != Path(__file__)), None)
    return f"{what} at {Path(last.filename).name}:{last.lineno}" if last else what
