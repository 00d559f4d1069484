"""Complete Pipecat settings objects, whatever fields the installed release has."""

from dataclasses import fields
from typing import Any, TypeVar

from pipecat.services.settings import ServiceSettings

_S = TypeVar("_S", bound=ServiceSettings)


def complete(settings: type[_S], **given: Any) -> _S:
    """Build a settings object without a field left open.

    Pipecat logs an error for every field a service leaves open, and the fields differ between releases.

    Args:
        settings: The class, for example `LLMSettings`.
        **given: The fields that matter; all others are None.
    """
    unset: dict[str, Any] = {field.name: None for field in fields(settings) if field.name != "extra"}
    return settings(**{**unset, **given})
