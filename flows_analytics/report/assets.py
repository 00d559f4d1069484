"""What a page brings with it, styles and scripts, and the Content-Security-Policy that allows these alone."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import Environment
from markupsafe import Markup

from flows_analytics.errors import FlowsAnalyticsError

_ENDS = {
    "style": (re.compile("</style", re.IGNORECASE), "\\3c "),
    # In a script, <!-- can make a browser read on past its end.
    "script": (re.compile("</script|<!--", re.IGNORECASE), "\\x3c"),
}
"""What would end an element before its end, and how its first character is written instead."""


@dataclass(frozen=True)
class Assets:
    """What a page needs to style and to run itself.

    Attributes:
        styles: The text of each ``<style>`` element, which must hold exactly this.
        scripts: The text of each ``<script>`` element, which must hold exactly this.
        policy: The Content-Security-Policy of the page: no script and no style but these, no network, and no sound
            but the call's.
    """

    styles: tuple[Markup, ...]
    scripts: tuple[Markup, ...]
    policy: str


def assets(
    environment: Environment, styles: Sequence[str], scripts: Sequence[str], media: str | None = None
) -> Assets:
    """Read styles and scripts as the environment finds them, so that a user's own files win.

    Args:
        environment: The Jinja environment.
        styles: Names of stylesheets, in order.
        scripts: Names of scripts, in order.
        media: The source of the one recording that the page plays, as a Content-Security-Policy names it; None if
            it plays none.

    Returns:
        The texts and their policy.

    Raises:
        FlowsAnalyticsError: ``template_not_utf8`` if a file is no such text; ``asset_ends_early`` if it
            holds what a browser would take for the end of its element, or for a comment that hides it.
    """
    css = [_read(environment, name, "style") for name in styles]
    js = [_read(environment, name, "script") for name in scripts]
    rules = ["default-src 'none'"]
    if js:
        rules.append(f"script-src {' '.join(map(_hash, js))}")
    if css:
        rules.append(f"style-src {' '.join(map(_hash, css))}")
    if media:
        rules.append(f"media-src {media}")
    rules += ["base-uri 'none'", "form-action 'none'"]
    # Our files or the user's own, never a caller's words.
    return Assets(
        styles=tuple(map(Markup, css)),
        scripts=tuple(map(Markup, js)),
        policy="; ".join(rules),
    )


def _read(environment: Environment, name: str, element: str) -> str:
    if environment.loader is None:
        raise TypeError("the environment has no loader")
    source, path, _ = environment.loader.get_source(environment, name)
    ends, less_than = _ENDS[element]
    if found := ends.search(source):
        line = source.count("\n", 0, found.start()) + 1
        raise FlowsAnalyticsError(
            "asset_ends_early",
            f"{path or name}, line {line}: {found[0]} would end the <{element}> element of the page there: "
            f"write it as {found[0].replace('<', less_than)}",
        )
    # Parsers turn CR LF into LF before they hash what an element holds.
    return source.replace("\r\n", "\n").replace("\r", "\n")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}'"
