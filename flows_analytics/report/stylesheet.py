"""The inlined stylesheet and the Content-Security-Policy that allows it, and nothing else."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from jinja2 import Environment
from markupsafe import Markup

_NAME = "report.css"


@dataclass(frozen=True)
class Stylesheet:
    """What a page needs to style itself.

    Attributes:
        css: The text of the ``<style>`` element, which must hold exactly this.
        policy: The Content-Security-Policy of the page: no script, no network, no style but this one, and no
            sound but the call's.
    """

    css: Markup
    policy: str


def stylesheet(environment: Environment, media: str | None = None) -> Stylesheet:
    """Read ``report.css`` as the environment finds it, so that a user's own file wins.

    Args:
        environment: The Jinja environment.
        media: The source of the one recording that the page plays, as a Content-Security-Policy names it; None if
            it plays none.

    Returns:
        The stylesheet and its policy.
    """
    if environment.loader is None:
        raise TypeError("the environment has no loader")
    source, _, _ = environment.loader.get_source(environment, _NAME)
    # Parsers turn CR LF into LF before they hash what a style element holds.
    css = source.replace("\r\n", "\n").replace("\r", "\n")
    digest = base64.b64encode(hashlib.sha256(css.encode("utf-8")).digest()).decode("ascii")
    sound = f"media-src {media}; " if media else ""
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; {sound}base-uri 'none'; form-action 'none'"
    return Stylesheet(css=Markup(css), policy=policy)  # noqa: S704 - our file or the user's own, not a caller's
