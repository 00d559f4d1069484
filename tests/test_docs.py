"""What the documents and the examples show really works."""

from __future__ import annotations

import inspect
import os
import queue
import re
import runpy
from pathlib import Path
from typing import get_args

from flows_analytics import CallRecord, FlowsObserver, HTTPSink, JSONFileSink
from flows_analytics.calls.ending import DisconnectionReason, exit_kind, shown_reason
from flows_analytics.calls.events import AnyMoment
from flows_analytics.calls.findings import Code
from flows_analytics.cli import main
from flows_analytics.delivery.outbox import Outbox
from flows_analytics.telephony import providers
from tests.bots import PIZZA_PATH, hold_pizza_call

REPOSITORY = Path(__file__).parents[1]
RECORDING = (REPOSITORY / "docs" / "recording.md").read_text()
TELEPHONY = (REPOSITORY / "docs" / "telephony.md").read_text()
README = (REPOSITORY / "README.md").read_text()


def code_blocks(text):
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def test_the_sink_in_the_docs_takes_a_call(capsys):
    (source,) = [block for block in code_blocks(RECORDING) if "class PrintSink" in block]
    names = {}
    exec(source, names)  # noqa: S102  # the documented code itself is under test
    hold_pizza_call(call_id="order-1", sinks=[names["PrintSink"]()])

    assert capsys.readouterr().out == f"order-1 {' > '.join(PIZZA_PATH)}\n"


def test_the_upload_sink_in_the_docs_takes_a_call_when_there_is_room(tmp_path):
    (source,) = [block for block in code_blocks(RECORDING) if "class QueueSink" in block]
    names = {}
    exec(source, names)  # noqa: S102  # the documented code itself is under test
    calls = queue.Queue(maxsize=1)
    for call_id in ("order-1", "order-2"):
        sinks = [JSONFileSink(tmp_path), names["QueueSink"](calls)]
        hold_pizza_call(call_id=call_id, sinks=sinks, upload_deadline_secs=1)

    (entry,) = Outbox(tmp_path).entries()
    assert (entry.call_id, entry.failure.why) == ("order-2", "the queue is full")
    _, document = calls.get_nowait()
    assert CallRecord.from_json(document).path == PIZZA_PATH


def test_the_sending_in_the_docs_is_what_the_classes_take(monkeypatch):
    monkeypatch.setenv("CALLS_TOKEN", "token")
    sending = RECORDING.partition("## Sending calls away")[2].partition("\n## ")[0]
    names = {"os": os, "HTTPSink": HTTPSink}
    wiring, schema = code_blocks(sending)[:2]
    exec(wiring + schema, names)  # noqa: S102  # the documented code itself is under test
    assert names["outcome"](hold_pizza_call(call_id="order-1").record)["path"] == list(PIZZA_PATH)
    for words in re.findall(r"^flows-analytics (deliver .+?)(?: +#.*)?$", sending, re.MULTILINE):
        assert main([*words.split(), "--help"]) == 0


def test_the_table_of_endings_in_the_docs_is_the_one_in_the_code():
    _, _, endings = RECORDING.partition("## Endings")
    rows = re.findall(r"^\| (.+?) \| (.+?) \| `(\w+)` \|$", endings, re.MULTILINE)
    assert len(rows) == 10
    for status, reasons, kind in rows:
        states = {"any other": ("completed", "cancelled")}.get(status, (status.strip("`"),))
        named = re.findall(r"`([^`]+)`", reasons) or [None, "something else"]
        for state in states:
            for reason in named:
                assert exit_kind(state, reason) == kind, (state, reason)
                if status == "any other":
                    # Whoever gives the reason, it means the same; what says nothing stands in nobody's way.
                    assert exit_kind(state, None, reason) == kind, (state, reason)
                    if reason in set(DisconnectionReason):
                        shown = DisconnectionReason(reason)
                        assert exit_kind(state, "runner exiting", "something else", shown) == kind, (state, reason)


def test_the_table_of_what_moments_show_in_the_docs_is_the_one_in_the_code():
    rows = re.findall(r"^\| `(\w+)` \| .+ \|$", RECORDING.partition("| the moments show | if |")[2], re.MULTILINE)
    shown = re.findall(r"^- ``(\w+)``:", inspect.getdoc(shown_reason), re.MULTILINE)
    assert rows == shown


def test_the_docs_name_every_way_to_attach_something():
    methods = {name for name in dir(FlowsObserver) if name.startswith("attach_")} - {"attach_flow_manager"}
    events = RECORDING.partition("## What only events tell")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(attach_\w+)", events + TELEPHONY, re.MULTILINE)) == methods


def test_the_code_of_the_page_on_telephony_prints_what_it_says(capsys, monkeypatch):
    monkeypatch.setattr(providers, "_REGISTERED", {})
    source = "\n".join(code_blocks(TELEPHONY))
    names = {}
    exec(source, names)  # noqa: S102  # the documented code itself is under test
    assert capsys.readouterr().out.splitlines() == re.findall(r"print\(.+\)  # (.+)$", source, re.MULTILINE)
    assert 'value="7 &amp; &quot;8&quot;"' in names["twiml"]


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


def test_the_page_on_the_record_is_what_the_code_says_of_itself():
    writer = runpy.run_path(str(REPOSITORY / "docs" / "write_record.py"))
    assert (REPOSITORY / "docs" / "record.md").read_text() == writer["page"](), "run docs/write_record.py"


def test_the_page_on_templates_is_what_the_view_models_say_of_themselves():
    writer = runpy.run_path(str(REPOSITORY / "docs" / "write_templates.py"))
    assert (REPOSITORY / "docs" / "templates.md").read_text() == writer["page"](), "run docs/write_templates.py"


def test_the_template_that_the_docs_show_works(tmp_path):
    from flows_analytics.report.html import render_call_report
    from tests.report.records import pizza_call

    page = (REPOSITORY / "docs" / "templates.md").read_text()
    (shown,) = re.findall(r"```jinja\n(.+?)```", page, re.DOTALL)
    (tmp_path / "call_report.html").write_text(shown)
    html = render_call_report(pizza_call(), template_dir=tmp_path)
    assert "<p>Call <b>pizza-7f3a</b> has 7 visits.</p>" in html


def test_every_kind_of_moment_and_every_finding_is_on_the_page_on_the_record():
    page = (REPOSITORY / "docs" / "record.md").read_text()
    kinds = [get_args(moment.model_fields["kind"].annotation)[0] for moment in get_args(get_args(AnyMoment)[0])]
    assert len(kinds) > 50
    for name in (*kinds, *get_args(Code)):
        assert f"`{name}`" in page, name
