"""``flows-analytics stats``, ``funnel``, ``paths``, ``graph`` and ``compare``."""

from __future__ import annotations

import json
import shutil
import sys
import xml.etree.ElementTree as ET

import networkx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows_analytics import CallStore, FlowStats
from flows_analytics.cli import main
from flows_analytics.cli.console import RESULTS
from flows_analytics.stats.conservation import check_conservation
from tests.store.test_call_store import call
from tests.store.test_import import visit

WAYS = {
    "a": ("41", "greet verify book", "end"),
    "b": ("41", "greet verify verify", "hangup"),
    "c": ("41", "greet", "hangup"),
    "d": ("42", "greet check book", "end"),
    "e": ("42", "greet check book", "end"),
    "f": ("42", "greet check", "running"),
}


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wide(monkeypatch, 120)
    return tmp_path


def wide(monkeypatch, columns):
    """Give the terminal a width: rich asks for it once, when a console is made."""
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(RESULTS, "_width", columns)


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """A log of two versions, of which the newer one calls a node by another name."""
    visits, calls = [], []
    for call_id, (version, way, end) in WAYS.items():
        nodes = way.split()
        for seq, node in enumerate(nodes):
            last = seq == len(nodes) - 1
            left = None if last and end == "running" else 10 * seq + 10
            visits.append(visit(call_id, seq, node, 10 * seq, left, end if last else "transition", "go"))
        calls.append({"call_id": call_id, "agent_version": version, "team": None if call_id == "a" else "red"})
    store = CallStore(tmp_path_factory.mktemp("log") / "calls")
    store.import_visits(pa.Table.from_pylist(visits), pa.Table.from_pylist(calls))
    return store.path


@pytest.fixture
def log(here, imported):
    """The same in the directory ``calls``."""
    shutil.copytree(imported, here / "calls")


def said(capsys, *words, code=0):
    assert main([*words]) == code
    return capsys.readouterr()


def document(capsys, *words, code=0):
    return json.loads(said(capsys, *words, "--json", code=code).out)


def test_stats_reads_out_the_result_before_its_tables(log, capsys):
    told = said(capsys, "stats", "calls", "--goal", "book")
    first = told.out.split("\n\n")[0]
    assert " ".join(first.split()) == (
        "Of 5 calls, 60 % reached book (few calls: take it with care). Most end without a goal at verify: "
        "1 of 3 visits (33 %). 1 call still running."
    )
    assert told.out.index("Nodes") < told.out.index("Transitions") < told.out.index("Outlook from each node")
    assert told.err == ""


def test_stats_as_json_is_one_document_with_the_numbers_of_flowstats(log, capsys):
    found = document(capsys, "stats", "calls", "--goal", "book", "--time-in", "check")
    assert found.items() >= FlowStats(CallStore("calls").count(goals=["book"])).to_dict().items()
    assert found["outlook"]["conversion"]["numerator"] == 3
    assert (found["time_in_node"]["over"], found["time_in_node"]["running"]) == (2, 1)
    assert found["problems"] == []


def test_without_a_goal_there_is_no_outlook(log, capsys):
    assert document(capsys, "stats", "calls")["outlook"] is None
    assert "Outlook" not in said(capsys, "stats", "calls").out


def test_filters_choose_the_calls(log, capsys):
    assert document(capsys, "stats", "calls", "--agent-version", "42")["calls"] == 3
    assert document(capsys, "stats", "calls", "--exit", "hangup")["calls"] == 2
    assert document(capsys, "stats", "calls", "--meta", "team=red", "--node", "verify")["calls"] == 1


def test_a_funnel_as_json_has_steps_with_reached_dropped_and_open(log, capsys):
    found = document(capsys, "funnel", "calls", "--steps", "greet,verify|check,book")
    assert [(row["step"], row["reached"], row["dropped"], row["open"]) for row in found["steps"]] == [
        ("greet", 6, 1, 0),
        ("check|verify", 5, 1, 1),
        ("book", 3, 0, 0),
    ]
    assert found["comparison"] is None


def test_a_funnel_knows_modes_windows_exclusions_and_optional_steps(log, capsys):
    def reached(*words):
        return [row["reached"] for row in document(capsys, "funnel", "calls", *words)["steps"]]

    assert reached("--steps", "greet,book", "--mode", "strict") == [6, 0]
    assert reached("--steps", "book,greet", "--mode", "any") == [6, 3]
    assert reached("--steps", "greet,verify?,book") == [6, 2, 3]
    assert reached("--steps", "greet,book", "--window", "15s") == [6, 0]
    assert reached("--steps", "greet,book", "--window", "20s") == [6, 3]
    assert reached("--steps", "greet,book", "--exclude", "verify", "--exclude", "check") == [6, 0]


def test_a_funnel_by_version_shows_the_parts_and_compares_two(log, capsys):
    found = document(capsys, "funnel", "calls", "--steps", "greet,book", "--by", "agent_version", "--goal", "book")
    assert [(part["value"], part["steps"][1]["reached"]) for part in found["parts"]] == [("41", 1), ("42", 2)]
    assert [row["goal_rate"]["numerator"] for row in found["steps"]] == [3, 3]
    assert (found["comparison"]["before"], found["comparison"]["after"]) == ("41", "42")
    assert [each["step"] for each in found["comparison"]["steps"]] == ["greet", "book"]
    shown = said(capsys, "funnel", "calls", "--steps", "greet,book", "--by", "agent_version").out
    assert "agent_version: 41" in shown
    assert "(Holm)" in shown
    assert document(capsys, "funnel", "calls", "--steps", "greet", "--by", "team")["comparison"] is None


def test_names_of_nodes_may_hold_what_separates_steps(here, capsys):
    rows = [visit("a", 0, "hi, you", 0, 1, "transition"), visit("a", 1, "ready?", 1, 2, "transition")]
    rows += [visit("a", 2, "a|b", 2, 3, "end")]
    CallStore("calls").import_visits(pa.Table.from_pylist(rows))
    found = document(capsys, "funnel", "calls", "--steps", r"hi\, you,ready?,a|b")
    assert [(row["step"], row["optional"], row["reached"]) for row in found["steps"]] == [
        ("hi, you", False, 1),
        ("ready?", False, 1),
        ("a|b", False, 1),
    ]
    assert document(capsys, "funnel", "calls", "--steps", r"hi\, you|a\|b,ready??")["steps"][1]["optional"]


def test_paths_shows_ways_loops_and_what_every_way_passes(log, capsys):
    told = " ".join(said(capsys, "paths", "calls", "--goal", "book").out.split())
    assert told.startswith("6 paths took 5 different ways; the 4 most frequent cover 83 %.")
    assert "The costliest loop is verify → verify" in told
    assert "Every way to a goal passes greet." in told
    found = document(capsys, "paths", "calls", "--goal", "book", "--limit", "1")
    assert (found["variant_count"], len(found["variants"]), found["mandatory"]) == (5, 1, ["greet"])
    assert found["variants"][0]["nodes"] == ["greet", "check", "book"]
    assert found["loops"][0]["nodes"] == ["verify"]


def test_a_graph_as_json_is_read_by_networkx(log, capsys):
    found = document(capsys, "graph", "calls", "--goal", "book")
    graph = networkx.node_link_graph(found, edges="edges")
    assert graph.nodes["verify"]["visits"] == 3
    assert graph["greet"]["check"]["count"] == 3
    assert graph.graph["calls"] == 6
    assert json.loads(said(capsys, "graph", "calls", "--format", "json", "--goal", "book").out) == found


def test_a_graph_as_graphml_is_read_by_networkx(log, capsys):
    told = said(capsys, "graph", "calls", "--format", "graphml", "--goal", "book").out
    graph = networkx.parse_graphml(told)
    assert graph.nodes["verify"]["exits_hangup"] == 1
    assert graph.nodes["book"]["goal"] is True
    assert json.loads(graph["greet"]["verify"]["via"]) == {"go": 2}
    assert graph["greet"]["check"]["p_out"] == 3 / 6


def test_a_graph_as_mermaid_marks_goals_and_where_paths_ended(log, capsys):
    told = said(capsys, "graph", "calls", "--goal", "book").out.splitlines()
    assert told[0] == "flowchart TD"
    assert '    n0["greet<br/>6 calls<br/>17 %* lost"]' in told
    assert '    n1(["book<br/>3 calls"])' in told
    assert '    n0 -->|"3 (50 %*)"| n2' in told
    assert told[-1] == "    %% * of fewer than 30"
    assert '    n0 -.->|"1"| x1' in told


def test_a_graph_goes_to_a_file_in_the_format_of_its_name(log, here, capsys):
    assert said(capsys, "graph", "calls", "-o", "out/flow.graphml").out == "out/flow.graphml\n"
    assert ET.parse(here / "out" / "flow.graphml").getroot().tag.endswith("graphml")  # noqa: S314  # our own file
    said(capsys, "graph", "calls", "-o", "flow.mmd")
    assert (here / "flow.mmd").read_text().startswith("flowchart TD")
    assert said(capsys, "graph", "calls", "--json", "--format", "mermaid", code=2).out == ""


HOSTILE = ('a"b#c<br>`d`', "e\x1b[2J\x00", "end", "f\nsubgraph g", "漢\ufffe", "e␛[2J␀")


def test_names_of_nodes_break_no_graph(here, capsys):
    rows = [visit("a", seq, node, seq, seq + 1, "end") for seq, node in enumerate(HOSTILE)]
    CallStore("calls").import_visits(pa.Table.from_pylist(rows))
    chart = said(capsys, "graph", "calls").out
    labels = [line.strip() for line in chart.splitlines() if '["' in line]
    assert len(labels) == len(HOSTILE)
    for line in labels:
        label = line.split('["')[1].removesuffix('"]').replace("<br/>", "")
        assert not set('"<>`\x00\x1b') & set(label)
    assert len(networkx.parse_graphml(said(capsys, "graph", "calls", "-f", "graphml").out)) == len(HOSTILE)
    assert [node["id"] for node in document(capsys, "graph", "calls")["nodes"]] == sorted(HOSTILE)
    for shown in ("stats", "paths"):
        assert "\x1b" not in said(capsys, shown, "calls").out


def test_compare_splits_the_difference_by_node(log, capsys):
    found = document(capsys, "compare", "calls", "--by", "agent_version", "41", "42", "--goal", "book")
    assert found["conversion"]["value"] == pytest.approx(1 - 1 / 3)
    assert sum(part["part"] for part in found["parts"]) == pytest.approx(1 - 1 / 3, abs=1e-12)
    told = " ".join(said(capsys, "compare", "calls", "41", "42", "--goal", "book").out.split())
    assert told.startswith("42 reaches a goal on 100 % of 2 paths, 41 on 33 % of 3. That can be chance.")


def test_compare_looks_at_one_flow_alone_if_asked(log, capsys):
    words = ("compare", "calls", "41", "42", "--goal", "book")
    assert document(capsys, *words, "--flow", "main") == document(capsys, *words)


def test_compare_knows_renamed_nodes_also_as_steps_and_goals(log, capsys):
    renamed = ("compare", "calls", "41", "42", "--goal", "book", "--rename", "verify=check")
    nodes = {part["node"] for part in document(capsys, *renamed)["parts"]}
    assert "verify" not in nodes
    steps = document(capsys, *renamed, "--steps", "greet,check,book")["steps"]["steps"]
    assert [(each["step"], each["before"]["numerator"], each["after"]["numerator"]) for each in steps] == [
        ("greet", 3, 3),
        ("check", 2, 3),
        ("book", 1, 2),
    ]
    to_goal = document(capsys, "compare", "calls", "41", "42", "--goal", "check", "--rename", "verify=check")
    assert to_goal["conversion"]["before"]["numerator"] == 2
    assert "Steps" in said(capsys, *renamed, "--steps", "greet,book").out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (
            ["stats", "calls", "--goal", "boook"],
            "--goal: there is no node 'boook'. Did you mean book? There are: ",
        ),
        (
            ["stats", "calls", "--time-in", "x"],
            "--time-in: there is no node 'x'. There are: book, check, greet, v",
        ),
        (["funnel", "calls", "--steps", "greet,Verfy"], "--steps: there is no node 'Verfy'. Did you mean verify?"),
        (["funnel", "calls", "--steps", "greet", "--exclude", "chek"], "--exclude: there is no node 'chek'."),
        (["funnel", "calls", "--steps", "greet", "--by", "colour"], "calls have no attribute 'colour'; they have"),
        (["funnel", "calls", "--steps", "greet?"], "one of them required"),
        (["stats", "calls", "--flow", "flow2"], "--flow: there is no flow 'flow2'. There are: main."),
        (
            ["compare", "calls", "41", "43", "--goal", "book"],
            "there is no value '43'. There are: 41, 42.",
        ),
        (["compare", "calls", "41", "42"], "name a node that means success with --goal. There are: book, check"),
        (["compare", "calls", "41", "42", "--rename", "verify"], "--rename verify: write OLD=NEW"),
        (["compare", "calls", "41", "42", "--rename", "a=check"], "--rename: there is no node 'a'."),
        (["compare", "calls", "41", "42", "--until", "2001-01-01", "--goal", "book"], "has an agent_version"),
    ],
)
def test_a_name_that_is_not_there_is_refused_with_those_that_are(log, capsys, words, complaint):
    told = said(capsys, *words, code=1)
    assert told.out == ""
    assert complaint in told.err


@pytest.mark.parametrize("window", ["5", "soon", "-5m", "0s"])
def test_a_window_that_is_no_time_makes_no_command(log, capsys, window):
    told = said(capsys, "funnel", "calls", "--steps", "greet", f"--window={window}", code=2)
    assert "such as 90s, 5m or 1h30m" in " ".join(told.err.replace("│", " ").split())


EVERY = (
    ["stats", "calls"],
    ["funnel", "calls", "--steps", "greet,book"],
    ["paths", "calls"],
    ["graph", "calls"],
    ["compare", "calls", "41", "42"],
)


@pytest.mark.parametrize("words", EVERY[:4], ids=lambda words: words[0])
def test_an_empty_store_is_told_of_and_fails_and_still_gives_a_document(here, capsys, words):
    (here / "calls").mkdir()
    told = said(capsys, *words, "--goal", "book", "--json", code=1)
    assert "error: there are no calls in calls" in told.err
    json.loads(told.out)


@pytest.mark.parametrize("words", EVERY[:4], ids=lambda words: words[0])
def test_an_empty_selection_is_told_of(log, capsys, words):
    told = said(capsys, *words, "--until", "2001-01-01", "--json")
    assert told.err == "note: none of the 6 calls in calls is what the options ask for\n"
    json.loads(told.out)
    assert said(capsys, *words, "--until", "2001-01-01").out.strip()


@pytest.mark.parametrize("words", EVERY, ids=lambda words: words[0])
def test_a_store_that_is_not_there_is_named(here, capsys, words):
    assert "error: calls is not there: name a calls directory" in said(capsys, *words, code=1).err


@pytest.mark.parametrize("words", [EVERY[0], EVERY[3]], ids=lambda words: words[0])
def test_what_cannot_be_read_is_named_and_the_rest_is_counted(log, here, capsys, words):
    (here / "calls" / "torn.json").write_text('{"call_id": "t')
    told = said(capsys, *words, "--goal", "book", "--json", code=1)
    assert "skipped: " in told.err
    assert "torn.json" in told.err
    found = json.loads(told.out)
    assert found["problems"][0]["code"] == "record_not_valid"


@pytest.mark.parametrize("words", EVERY, ids=lambda words: words[0])
def test_a_command_that_misses_an_extra_says_which_to_install(log, capsys, monkeypatch, words):
    from flows_analytics.store import extra

    with monkeypatch.context() as without:
        without.setattr(extra, "find_spec", lambda name: None)
        told = said(capsys, *words, "--goal", "book", code=1)
        assert told.out == ""
        assert 'pip install "flows-analytics[store]"' in told.err


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("networkx", ["graph", "calls", "-f", "graphml"]),
        ("networkx", ["paths", "calls"]),
        ("numpy", ["stats", "calls"]),
        ("numpy", ["compare", "calls", "41", "42"]),
        ("statsmodels", ["funnel", "calls", "--steps", "greet"]),
    ],
)
def test_a_command_that_misses_a_library_of_statistics_says_so(log, capsys, monkeypatch, missing, words):
    import flows_analytics.stats as room

    for name in [name for name in sys.modules if name.startswith("flows_analytics.stats.")]:
        monkeypatch.delitem(sys.modules, name)
        monkeypatch.delattr(room, name.rpartition(".")[2], raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    if missing == "statsmodels":
        monkeypatch.setitem(sys.modules, "statsmodels.stats", None)
    told = said(capsys, *words, "--goal", "book", code=1)
    assert told.out == ""
    assert 'pip install "flows-analytics[stats]"' in told.err


@pytest.mark.parametrize("columns", [30, 90])
@pytest.mark.parametrize("words", [EVERY[0], EVERY[1], EVERY[2], EVERY[4]], ids=lambda words: words[0])
def test_what_is_printed_fits_the_terminal_and_cuts_no_number(log, capsys, monkeypatch, words, columns):
    wide(monkeypatch, columns)
    told = said(capsys, *words, "--goal", "book").out
    assert max(map(len, told.splitlines())) <= columns
    assert "…" not in told.replace(" … ", "")
    assert ("No room for: " in told) == (columns == 30)


def test_in_a_pipe_lines_are_whole(log, capsys, monkeypatch):
    monkeypatch.delenv("COLUMNS")
    told = said(capsys, "stats", "calls", "--goal", "book").out
    assert told.splitlines()[0].endswith("1 call still running.")


def test_several_flows_are_told_of_and_one_can_be_chosen(here, capsys):
    rows = [
        visit("a", 0, "greet", 0, 1, "handoff"),
        visit("a", 0, "pay", 1, 2, "end", flow="flow2"),
        visit("b", 0, "greet", 0, 1, "end"),
    ]
    CallStore("calls").import_visits(pa.Table.from_pylist(rows))
    both = said(capsys, "stats", "calls", "--json")
    assert "note: calls have the flows 'main' (2), 'flow2' (1), counted together; --flow chooses one" in both.err
    page = said(capsys, "report", "--flow", "calls", "-o", "page.html")
    assert "counted together; --flow-id chooses one" in page.err
    assert json.loads(both.out)["paths"] == 3
    one = said(capsys, "stats", "calls", "--flow", "flow2", "--json")
    assert one.err == ""
    assert [row["node"] for row in json.loads(one.out)["nodes"]] == ["pay"]
    steps = document(capsys, "funnel", "calls", "--steps", "greet,pay", "--flow", "main")["steps"]
    assert [row["reached"] for row in steps] == [2, 0]
    assert (
        "no flow 'flow3'. Did you mean flow2? There are: main, flow2."
        in said(capsys, "paths", "calls", "--flow", "flow3", code=1).err
    )


def test_calls_of_several_bots_are_told_of(here, capsys):
    CallStore("calls").import_visits(
        pa.Table.from_pylist([visit("a", 0, "greet", 0, 1, "end"), visit("b", 0, "hello", 0, 1, "end")]),
        pa.Table.from_pylist([{"call_id": "a", "agent_name": "Luna"}, {"call_id": "b", "agent_name": None}]),
    )
    told = said(capsys, "stats", "calls").err
    assert told == "note: calls of 'Luna' (1), no name (1) are counted together; --agent chooses one bot\n"
    assert said(capsys, "stats", "calls", "--agent", "Luna").err == ""


def test_recorded_calls_are_counted_without_being_compacted(here, capsys):
    store = CallStore("calls")
    store.add(call("a"))
    found = document(capsys, "stats", "calls")
    assert found["calls"] == 1
    check_conservation(store.count())
    assert pq.ParquetFile  # what tables are made with is here, and nothing was written
    assert not (here / "calls" / "tables").exists()


@pytest.mark.parametrize("words", EVERY, ids=lambda words: words[0])
def test_help_says_what_a_command_is_for_and_what_its_exit_code_means(capsys, words):
    told = " ".join(said(capsys, words[0], "--help").out.replace("│", " ").split())
    assert "The exit code is 1 if" in told


def test_what_is_refused_is_one_document_too(tmp_path, capsys):
    assert main(["stats", str(tmp_path / "nowhere"), "--json"]) == 1

    told = capsys.readouterr()
    error = json.loads(told.out)["error"]
    assert error["code"] == "store_not_there"
    assert told.err == f"error: {error['message']}\n"
