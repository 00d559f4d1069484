"""``flows-analytics report --flow``: one page of many calls, with the numbers that the other commands give."""

from __future__ import annotations

import csv
import html
import json
import re
from datetime import date

import pytest

from flows_analytics.cli import main
from flows_analytics.report.flow_html import render_flow_report
from flows_analytics.store.call_store import CallStore
from flows_analytics.store.filter import Filter

WAYS = [
    ("41", ("greet", "verify", "booked"), "end", 40),
    ("41", ("greet", "verify"), "hangup", 30),
    ("41", ("greet", "verify", "verify"), "timeout", 4),
    ("42", ("greet", "verify", "booked"), "end", 35),
    ("42", ("greet", "verify"), "hangup", 6),
    ("42", ("greet",), "", 1),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store of imported calls in two versions."""
    folder = tmp_path_factory.mktemp("log")
    visits, calls, number = [], [], 0
    for version, nodes, ending, many in WAYS:
        for _ in range(many):
            call, at = f"call-{number:03}", 1_767_603_600_000_000 + number * 60_000_000
            calls.append([call, version, "phone" if number % 3 else "web"])
            for seq, node in enumerate(nodes):
                last = seq == len(nodes) - 1
                left = "" if last and not ending else at + 7_000_000 + 1_000_000 * (number % 5)
                visits.append([call, "main", seq, node, at, left, ending if last else "transition", "go"])
                at += 12_000_000
            number += 1
    _write(
        folder / "visits.csv",
        ["call_id", "flow_id", "seq", "node", "entered_us", "exited_us", "exit_kind", "via"],
        visits,
    )
    _write(folder / "calls.csv", ["call_id", "agent_version", "channel"], calls)
    CallStore(folder / "store").import_visits(folder / "visits.csv", folder / "calls.csv")
    return folder / "store"


def _write(path, columns, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)


def said_by(command, capsys):
    assert main([*map(str, command), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_page_is_written_beside_the_records_and_its_place_is_printed(store, capsys):
    assert main(["report", "--flow", str(store), "--goal", "booked"]) == 0
    page = store / "flow-report.html"
    assert capsys.readouterr().out.strip() == str(page)
    assert "Of 115 calls, 65 % reached booked." in page.read_text(encoding="utf-8")


def test_a_file_or_a_directory_can_be_named_for_the_page(store, tmp_path):
    assert main(["report", "--flow", str(store), "-o", str(tmp_path / "mine.html")]) == 0
    assert main(["report", "--flow", str(store), "-o", str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"mine.html", "flow-report.html"}


def test_every_number_of_the_page_is_that_of_the_other_commands(store, tmp_path, capsys):
    out = tmp_path / "page.html"
    asked = ["--goal", "booked", "--meta", "channel=phone"]
    assert main(["report", "--flow", str(store), *asked, "--by", "agent_version", "-o", str(out)]) == 0
    capsys.readouterr()
    page = html.unescape(out.read_text(encoding="utf-8"))

    stats = said_by(["stats", store, *asked], capsys)
    assert stats["reading"] in page
    for node in stats["nodes"]:
        loss, dwell = node["loss_rate"], node["dwell"]
        assert f"{loss['numerator']:,} of {loss['denominator']:,} visits that are over" in page
        assert f"of {dwell['count']:,} visits that are over" in page
        assert f"{node['share']['numerator']:,} of {node['share']['denominator']:,} calls with a flow" in page
    for edge in stats["edges"]:
        moves = f"{edge['count']:,} transition{'s' if edge['count'] > 1 else ''} in {edge['calls']:,} call"
        assert f"{edge['from']} → {edge['to']}: {moves}" in page

    steps = re.findall(r'<h3><span class="step-number">\d+</span>.*?<bdi>([^<]+)</bdi>', page)
    funnel = said_by(["funnel", store, *asked, "--steps", ",".join(steps), "--by", "agent_version"], capsys)
    assert funnel["reading"] in page
    reached = re.findall(r'<span class="n">([\d,]+)</span><span class="of unit"> \(calls reached this step', page)
    assert [int(many.replace(",", "")) for many in reached] == [step["reached"] for step in funnel["steps"]]
    assert funnel["comparison"]["reading"] in page

    compared = said_by(["compare", store, "41", "42", *asked], capsys)
    assert compared["reading"] in page
    assert page.index(compared["reading"]) < page.index('id="funnel"')
    assert f"{100 * compared['conversion']['value']:+.1f}".replace("-", "−") in page
    paths = said_by(["paths", store, *asked], capsys)
    for part in ("77 paths took 4 different ways", "The costliest loop is verify → verify: 3 laps"):
        assert part in paths["reading"]
        assert part in page


def test_the_function_gives_the_page_of_the_command(store, tmp_path):
    out = tmp_path / "page.html"
    asked = ["--goal", "booked", "--since", "2026-01-05", "--steps", "greet,booked", "--by", "agent_version"]
    assert main(["report", "--flow", str(store), *asked, "-o", str(out)]) == 0
    page = render_flow_report(
        store,
        chosen=Filter(since=date(2026, 1, 5)),
        goals=["booked"],
        steps=["greet", "booked"],
        by="agent_version",
        page_dir=tmp_path,
    )
    assert out.read_text(encoding="utf-8") == page


def test_words_that_make_no_page_are_refused_with_what_to_do(store, capsys):
    assert main(["report"]) == 2
    assert "--flow STORE" in capsys.readouterr().err
    assert main(["report", "one", "--by", "agent_version"]) == 2
    assert "add --flow STORE" in re.sub(r"[\s│]+", " ", capsys.readouterr().err)
    assert main(["report", "one", "--flow", str(store)]) == 2
    assert main(["report", "--flow", str(store), "--compare", "41", "42"]) == 2
    assert "--by agent_version" in re.sub(r"[\s│]+", " ", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--goal", "bookd"], "Did you mean booked"),
        (["--steps", "greet,nowhere"], "no node 'nowhere'"),
        (["--by", "nothing"], "no attribute 'nothing'"),
        (["--by", "agent_version", "--compare", "41", "43"], "no value '43'"),
        (["--by", "agent_version", "--rename", "old"], "write OLD=NEW"),
        (["--flow-id", "side"], "no flow 'side'"),
    ],
)
def test_what_is_not_there_is_named(store, capsys, options, told, tmp_path):
    out = tmp_path / "page.html"
    assert main(["report", "--flow", str(store), "-o", str(out), *options]) == 1
    assert told in capsys.readouterr().err
    assert not out.exists()


def test_a_store_without_calls_makes_no_page_and_says_so(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert main(["report", "--flow", str(tmp_path / "empty")]) == 1
    assert "there are no calls" in capsys.readouterr().err
    assert not list(tmp_path.rglob("*.html"))


def test_filters_that_leave_nothing_make_a_page_that_says_so(store, tmp_path):
    out = tmp_path / "page.html"
    assert main(["report", "--flow", str(store), "--agent", "nobody", "-o", str(out)]) == 0
    page = out.read_text(encoding="utf-8")
    assert "There are no calls." in page
    assert "nobody" in page


def test_what_could_not_be_read_stands_on_the_page_and_the_exit_code_is_1(tmp_path, store, capsys):
    calls = tmp_path / "calls"
    CallStore(calls).import_visits(store.parent / "visits.csv")
    (calls / "torn.json").write_text('{"call_id": "tor')
    assert main(["report", "--flow", str(calls), "-o", str(tmp_path / "page.html")]) == 1
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "record_not_valid" in page
    assert "torn.json" in page
    assert "Not everything could be read" in page
