"""Flow coverage in a pytest run: collect, bring together what xdist's workers saw, report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flows_analytics.report.coverage_page import render_flow_coverage
from flows_analytics.testing.coverage_report import coverage_lines, coverage_view
from flows_analytics.testing.flow_coverage import FlowCoverage, percent_text
from flows_analytics.testing.held_call import HeldCall
from flows_analytics.testing.installed_flows import installed_flows

_OUTPUT = "flows_analytics_coverage"
_PAGE = "flow-coverage.html"


class CoveragePlugin:
    """Is told of every call, and reports at the end of the run."""

    def __init__(self, config: pytest.Config) -> None:
        """Read the options.

        Raises:
            pytest.UsageError: The file of the flow cannot be read, or there is no such report.
        """
        self._config = config
        self._file: str = config.getoption("flow_cov") or ""
        self._reports = [_read_report(report) for report in config.getoption("flow_cov_report") or ["term"]]
        self._fail_under: float | None = config.getoption("flow_cov_fail_under")
        self._flow = _read_flow(self._file, config.invocation_params.dir) if self._file else None
        self._coverage = FlowCoverage()
        if self._flow is not None:
            self._coverage.declare(self._flow)

    def add(self, call: HeldCall, start: Any) -> None:
        """Take a call into account.

        Args:
            call: The call.
            start: What it started with; a Flow is declared, unless a file was.
        """
        declared = hasattr(start, "config")
        if self._flow is None and declared:
            self._coverage.declare(start)
        self._coverage.add(call.record, closed=declared or self._flow is not None)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker of xdist saw."""
        seen = getattr(node, "workeroutput", {}).get(_OUTPUT)
        if seen:
            self._coverage.merge(FlowCoverage.from_json(json.loads(seen)))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand what was seen to the controller, or let the run fail if it is too little."""
        output: dict[str, Any] | None = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[_OUTPUT] = json.dumps(self._coverage.to_json())
        elif self._is_too_little and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Report."""
        if hasattr(self._config, "workeroutput"):
            return
        source = self._file or "what was offered"
        for report in self._reports:
            if report is None:
                terminalreporter.section(f"flow coverage: {source}")
                for line in coverage_lines(self._coverage):
                    terminalreporter.write_line(line)
            else:
                page = render_flow_coverage(coverage_view(self._coverage, source))
                report.parent.mkdir(parents=True, exist_ok=True)
                report.write_text(page, encoding="utf-8")
                terminalreporter.write_line(f"Flow coverage written to {report}")
        if self._fail_under is not None:
            share = percent_text(*self._coverage.covered())
            verdict = "not reached" if self._is_too_little else "reached"
            terminalreporter.write_line(f"Required flow coverage of {self._fail_under:g} % {verdict}: {share}")

    @property
    def _is_too_little(self) -> bool:
        return self._fail_under is not None and self._coverage.percent < self._fail_under


def _read_report(report: str) -> Path | None:
    """The file of a page; None for the terminal."""
    kind, _, place = report.partition(":")
    if kind == "term" and not place:
        return None
    if kind == "html":
        return Path(place or _PAGE)
    raise pytest.UsageError(f"--flow-cov-report is term, html or html:FILE, not {report!r}")


def _read_flow(file: str, directory: Path) -> Any:
    path = directory / file
    if path.is_dir() or path.suffix == ".py":
        raise pytest.UsageError(
            f"--flow-cov took {file!r} for the file of a flow: write --flow-cov=FILE, or put --flow-cov last"
        )
    config = getattr(installed_flows(), "FlowConfig", None)
    if config is None:
        raise pytest.UsageError("--flow-cov=FILE needs Pipecat 1.9 or later; --flow-cov alone works with any")
    try:
        return config.from_file(path)
    except Exception as error:
        raise pytest.UsageError(f"--flow-cov={file}: {error}") from error
