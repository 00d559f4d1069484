"""What the documents and the examples show really works."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

from flows_analytics.calls.ending import exit_kind
from tests.bots import PIZZA_PATH, hold_pizza_call

REPOSITORY = Path(__file__).parents[1]
RECORDING = (REPOSITORY / "docs" / "recording.md").read_text()
README = (REPOSITORY / "README.md").read_text()


def code_blocks(text):
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def test_the_sink_in_the_docs_takes_a_call(capsys):
    (source,) = [block for block in code_blocks(RECORDING) if "class PrintSink" in block]
    names = {}
    exec(source, names)  # noqa: S102  # the documented code itself is under test
    hold_pizza_call(call_id="order-1", sinks=[names["PrintSink"]()])

    assert capsys.readouterr().out == f"order-1 {' > '.join(PIZZA_PATH)}\n"


def test_the_table_of_endings_in_the_docs_is_the_one_in_the_code():
    _, _, endings = RECORDING.partition("## Endings")
    rows = re.findall(r"^\| (.+?) \| (.+?) \| `(\w+)` \|$", endings, re.MULTILINE)
    assert len(rows) == 9
    for status, reasons, kind in rows:
        states = {"any other": ("completed", "cancelled")}.get(status, (status.strip("`"),))
        named = re.findall(r"`([^`]+)`", reasons) or [None, "something else"]
        for state in states:
            for reason in named:
                assert exit_kind(state, reason) == kind, (state, reason)


def test_the_example_records_a_call(tmp_path, capsys):
    example = runpy.run_path(str(REPOSITORY / "examples" / "record_a_call.py"))
    example["main"](tmp_path)

    shown = capsys.readouterr().out
    assert "goodbye: " in shown
    assert "entered by choose_size" in shown
    assert (tmp_path / "reports" / "example.html").is_file()


def test_every_file_the_documents_link_to_is_there():
    for document in [REPOSITORY / "README.md", REPOSITORY / "CHANGELOG.md", *(REPOSITORY / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)", document.read_text()):
            if not target.startswith("http"):
                assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_the_readme_wiring_names_what_the_package_exports():
    import flows_analytics

    (names,) = re.findall(r"^from flows_analytics import (.+)$", code_blocks(README)[0], re.MULTILINE)
    assert all(hasattr(flows_analytics, name) for name in names.split(", "))


def test_the_call_that_the_readme_shows_is_one_of_the_demo():
    from datetime import UTC, datetime

    from flows_analytics.demo import plan_calls

    (shown,) = re.findall(r"flows-analytics show demo-calls/calls/(\S+)\.json", README)
    assert shown in {call.call_id for call in plan_calls(100, 7, datetime.now(UTC))}
