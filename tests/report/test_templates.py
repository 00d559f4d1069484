"""Where templates come from."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from flows_analytics.errors import FlowsAnalyticsError
from flows_analytics.report.templates import find_templates, templates_dir

ROOT = Path(__file__).resolve().parents[2]
PROJECT = '[project]\nname = "flows-analytics"\n'


def put_templates(folder):
    folder.mkdir(parents=True)
    (folder / "call_report.html").write_text("")
    return folder


@pytest.fixture
def package(tmp_path):
    package = tmp_path / "flows_analytics"
    package.mkdir()
    return package


def test_the_default_templates_are_found():
    assert (templates_dir() / "call_report.html").is_file()


def test_an_installed_package_brings_its_own(package):
    inside = put_templates(package / "templates")
    assert find_templates(package) == inside


def test_a_checkout_uses_the_folder_at_its_top(package):
    (package.parent / "pyproject.toml").write_text(PROJECT)
    top = put_templates(package.parent / "templates")
    assert find_templates(package) == top


def test_a_checkout_is_not_fooled_by_a_stale_copy(package):
    put_templates(package / "templates")
    (package.parent / "pyproject.toml").write_text(PROJECT)
    top = put_templates(package.parent / "templates")
    assert find_templates(package) == top


def test_an_empty_copy_inside_the_package_does_not_count(package):
    (package / "templates").mkdir()
    (package.parent / "pyproject.toml").write_text(PROJECT)
    top = put_templates(package.parent / "templates")
    assert find_templates(package) == top


@pytest.mark.parametrize("stray", ['[project]\nname = "another"\n', "[tool.x]\n", "not toml ["])
def test_what_other_wheels_left_beside_the_package_does_not_count(package, stray):
    (package.parent / "pyproject.toml").write_text(stray)
    put_templates(package.parent / "templates")
    inside = put_templates(package / "templates")
    assert find_templates(package) == inside


def test_an_installation_without_templates_says_so(package):
    with pytest.raises(FlowsAnalyticsError, match="reinstall") as raised:
        find_templates(package)
    assert raised.value.code == "templates_missing"


def test_rendering_a_page_loads_neither_pipecat_nor_networkx():
    program = (
        "import sys; from tests.report.records import pizza_call; "
        "from flows_analytics.report.html import render_call_report; render_call_report(pizza_call()); "
        "print([name for name in ('pipecat', 'networkx', 'duckdb') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
