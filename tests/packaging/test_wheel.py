"""The wheel carries everything, and works where the repository is not."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.bots import hold_pizza_call

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(REPOSITORY)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    (built,) = out.glob("*.whl")
    return built


def test_the_wheel_holds_the_templates_the_licence_and_the_type_marker(wheel):
    names = zipfile.ZipFile(wheel).namelist()

    assert "flows_analytics/py.typed" in names
    templates = {path.relative_to(REPOSITORY) for path in (REPOSITORY / "templates").rglob("*") if path.is_file()}
    assert {f"flows_analytics/{path.as_posix()}" for path in templates} <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any(name.startswith(("tests/", "docs/", "examples/")) for name in names)


def test_the_wheel_tells_pytest_of_its_plugin(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (points,) = [name for name in archive.namelist() if name.endswith(".dist-info/entry_points.txt")]
        assert "[pytest11]\nflows_analytics = flows_analytics.testing.plugin" in archive.read(points).decode()


def test_the_wheel_renders_a_report_away_from_the_repository(wheel, tmp_path):
    """Unpacked elsewhere and put first on the path, it must use its own templates."""
    installed = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(installed)
    record = hold_pizza_call(call_id="from-the-wheel").record.save(tmp_path / "record.json")
    code = (
        "import flows_analytics\n"
        f"assert flows_analytics.__file__.startswith({str(installed)!r}), flows_analytics.__file__\n"
        "from flows_analytics.report.templates import templates_dir\n"
        f"assert str(templates_dir()).startswith({str(installed)!r}), templates_dir()\n"
        "from flows_analytics import CallRecord, render_call_report\n"
        f"assert 'from-the-wheel' in render_call_report(CallRecord.load({str(record)!r}))\n"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(installed), "PATH": ""},
        timeout=300,
    )
