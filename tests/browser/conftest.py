"""A real browser for pages: the system's own Chromium, started once."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from flows_analytics.calls.record import CallRecord
from flows_analytics.report.html import render_call_report

WATCH = """() => {
  window.violations = [];
  document.addEventListener("securitypolicyviolation", (event) => violations.push(event.violatedDirective));
}"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@dataclass
class Opened:
    """A page in the browser, and what it said and asked for."""

    page: Any
    told: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    @property
    def selected(self) -> list[str]:
        return self.page.eval_on_selector_all(".is-selected[id]", "all => all.map(one => one.id)")

    def classes(self, selector: str) -> str:
        return self.page.eval_on_selector(selector, "one => one.getAttribute('class') || ''")

    def violations(self) -> list[str]:
        return self.page.evaluate("window.violations")


# Not for the session: while Playwright's own loop runs in this thread, no other test could run one.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    """The browser."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium on this system: apt-get install chromium")
    with playwright.sync_playwright() as runner:
        browser = runner.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def contexts(chromium: Any) -> Iterator[dict[str, Any]]:
    """Windows of the browser, one for each set of settings: a new one takes longer than most tests."""
    known: dict[str, Any] = {}
    yield known
    for context in known.values():
        context.close()


@pytest.fixture
def opened(chromium: Any, contexts: dict[str, Any], tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Opens the page of a call."""
    pages: list[Any] = []

    def open_page(record: CallRecord, *, hash: str = "", **context: Any) -> Opened:
        file = tmp_path / "call.html"
        file.write_text(render_call_report(record), encoding="utf-8")
        context.setdefault("viewport", {"width": 1280, "height": 900})
        context.setdefault("reduced_motion", "reduce")
        settings = repr(sorted(context.items()))
        if settings not in contexts:
            contexts[settings] = chromium.new_context(**context)
        there = Opened(contexts[settings].new_page())
        pages.append(there.page)
        there.page.set_default_timeout(20_000)
        there.page.add_init_script(f"({WATCH})()")
        there.page.on("console", lambda message: there.told.append(message.text))
        there.page.on("pageerror", lambda error: there.told.append(str(error)))
        there.page.on("request", lambda request: there.asked.append(request.url))
        there.page.goto(file.as_uri() + hash)
        return there

    yield open_page
    for page in pages:
        page.close()
