"""Which version of the bot takes the call."""

from __future__ import annotations

from collections.abc import Mapping

VARIABLES = ("APP_VERSION", "GITHUB_RUN_NUMBER", "CIRCLE_BUILD_NUM", "BUILD_NUMBER")
"""Environment variables that name a version, the first that is set wins."""


def resolve_agent_version(given: str | int | None, environment: Mapping[str, str]) -> str | None:
    """Find the version of the bot.

    Args:
        given: The version passed to the observer.
        environment: The environment variables.

    Returns:
        The version as text, whether it is a number or not; None if there is none.
    """
    if given is not None:
        return str(given)
    return next((environment[name] for name in VARIABLES if environment.get(name, "").strip()), None)
