"""Finding the templates: in the package when it is installed, at the top of the repository in a checkout."""

from __future__ import annotations

import tomllib
from pathlib import Path

from flows_analytics.errors import FlowsAnalyticsError

_PACKAGE = Path(__file__).resolve().parent.parent
_MARK = "call_report.html"


def templates_dir() -> Path:
    """Find the folder of the default templates.

    Returns:
        The folder.

    Raises:
        FlowsAnalyticsError: ``templates_missing`` if this installation has none.
    """
    return find_templates(_PACKAGE)


def find_templates(package: Path) -> Path:
    """Find the templates that belong to a package folder.

    In a checkout the repository's ``templates/`` wins: it is the one being edited, while an editable install
    or an old build can leave an empty or stale ``templates`` inside the package.

    Args:
        package: The folder of the package ``flows_analytics``.

    Returns:
        The folder of templates.

    Raises:
        FlowsAnalyticsError: ``templates_missing`` if neither place has any.
    """
    repository = package.parent
    candidates = [package / "templates"]
    if _is_checkout(repository):
        candidates.insert(0, repository / "templates")
    for candidate in candidates:
        if (candidate / _MARK).is_file():
            return candidate
    looked = " and ".join(str(candidate) for candidate in candidates)
    raise FlowsAnalyticsError(
        "templates_missing", f"no templates in {looked}: reinstall flows-analytics, its files are incomplete"
    )


def _is_checkout(folder: Path) -> bool:
    # A stray pyproject.toml in site-packages, left there by some other wheel, must not count.
    try:
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
        return project["project"]["name"] == "flows-analytics"
    except (OSError, ValueError, KeyError, TypeError):
        return False
