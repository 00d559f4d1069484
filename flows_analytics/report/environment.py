"""The one Jinja Environment: how templates are found, and how what they print is made safe."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
)
from markupsafe import Markup

from flows_analytics.errors import FlowsAnalyticsError
from flows_analytics.report.prose import prose
from flows_analytics.report.templates import templates_dir
from flows_analytics.report.visible import visible


def environment(template_dir: str | Path | None = None) -> Environment:
    """Give the environment in which pages are rendered.

    A template is looked for in the user's folder first, then among the defaults. A user's template can build
    on the default one of the same name: ``{% extends "default:call_report.html" %}``.

    Args:
        template_dir: The user's folder; None for the defaults alone.

    Returns:
        The environment; the same one for the same folder.

    Raises:
        FlowsAnalyticsError: ``template_dir_missing`` if the user's folder is not there. What the environment loads
            raises ``template_not_utf8`` if it is no such text.
    """
    if template_dir is None:
        return _environment(None)
    folder = Path(template_dir).absolute()
    if not folder.is_dir():
        raise FlowsAnalyticsError("template_dir_missing", f"no such folder of templates: {folder}")
    return _environment(folder)


class _Files(FileSystemLoader):
    """Files of a folder, of which those that are no text are named."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        try:
            return super().get_source(environment, template)
        except UnicodeDecodeError as error:
            folder = next(folder for folder in self.searchpath if (Path(folder) / template).is_file())
            raise FlowsAnalyticsError(
                "template_not_utf8",
                f"{Path(folder) / template} is not UTF-8 (byte {error.start}): save it in that encoding",
            ) from error


@lru_cache(maxsize=8)
def _environment(template_dir: Path | None) -> Environment:
    default = _Files(templates_dir())
    loaders: list[BaseLoader] = [default, PrefixLoader({"default": default}, delimiter=":")]
    if template_dir is not None:
        loaders.insert(0, _Files(template_dir))
    environment = Environment(
        loader=ChoiceLoader(loaders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        finalize=_shown,
    )
    environment.filters["prose"] = _prose
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":")}
    return environment


def _prose(sentence: str) -> Markup:
    return prose(visible(sentence))


def _shown(value: Any) -> Any:
    """Pass every printed value through `visible`, so that no template can forget to; numbers print short."""
    if type(value) is float and value.is_integer():
        return int(value)
    return visible(value) if type(value) is str else value
