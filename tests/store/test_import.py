"""Logs of others: what becomes of their rows."""

from __future__ import annotations

import tempfile
from collections import Counter
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings

from flows_analytics import CallStore
from flows_analytics.errors import StoreError
from flows_analytics.store.counts import Variant
from flows_analytics.store.filter import Filter
from flows_analytics.store.outcomes import Meanings
from tests.store.messy import assert_conserved, counted, logs

US = 1_000_000
T0 = 1_769_990_400 * US  # 2026-02-02


def visit(call_id, seq, node, entered, exited=None, kind=None, via=None, flow="main"):  # noqa: PLR0917
    return {
        "call_id": call_id,
        "flow_id": flow,
        "seq": seq,
        "node": node,
        "entered_us": T0 + entered * US,
        "exited_us": None if exited is None else T0 + exited * US,
        "exit_kind": kind,
        "via": via,
    }


LOG = [
    visit("a", 0, "greet", 0, 5, "transition", "go"),
    visit("a", 1, "book", 5, 9, "hangup"),
    visit("b", 0, "greet", 1, 3, "transition"),
    visit("b", 1, "greet", 3),
]


@pytest.fixture
def problems():
    return []


@pytest.fixture
def store(tmp_path, problems):
    return CallStore(tmp_path / "calls", on_problem=problems.append)


def table(rows):
    return pa.Table.from_pylist(rows)


def test_a_log_is_counted_with_the_function_that_ended_a_visit_moved_to_the_next(store, problems):
    done = store.import_visits(table(LOG))

    counts = store.count(goals=["book"])
    assert (done.calls, done.visits, done.replaced, done.problems, problems) == (2, 4, 0, (), [])
    assert counts.edges["greet", "book"].via == Counter({"go": 1})
    assert counts.edges["greet", "greet"].via == Counter({"": 1})
    assert counts.nodes["book"].exits == Counter({"hangup": 1})
    assert (counts.open, counts.nodes["greet"].open, counts.nodes["greet"].revisits) == (1, 1, 1)
    assert counts.nodes["greet"].dwell_us == 7 * US
    assert set(counts.variants) == {
        Variant(("greet", "book"), "hangup", True),
        Variant(("greet", "greet"), "running", False),
    }
    assert_conserved(counts)
    rows = store.read(
        lambda snapshot: snapshot.database.run("SELECT call_id, seq, via, cause FROM visits ORDER BY 1, 2")
    )
    assert rows == [
        ("a", 0, None, "initial"),
        ("a", 1, "go", "function"),
        ("b", 0, None, "initial"),
        ("b", 1, None, "code"),
    ]


@pytest.mark.parametrize(
    "suffix", ["parquet", "csv", "csv.gz", "arrow", "stream.arrow", "frame", "table", "reader"]
)
def test_a_log_may_come_in_any_shape(store, tmp_path, suffix):
    log, path = table(LOG), tmp_path / f"visits.{suffix}"
    if suffix == "parquet":
        pq.write_table(log, path)
    elif suffix.startswith("csv"):
        log.to_pandas().to_csv(path, index=False)
    elif suffix == "arrow":
        with pa.ipc.new_file(path, log.schema) as file:
            file.write_table(log)
    elif suffix == "stream.arrow":
        with pa.ipc.new_stream(path, log.schema) as file:
            file.write_table(log)
    given_ = {"frame": pd.DataFrame(LOG), "table": log, "reader": log.to_reader()}.get(suffix, path)
    expected = CallStore(tmp_path / "expected")
    expected.import_visits(log)

    assert store.import_visits(given_).problems == ()
    assert store.count() == expected.count()


def test_attributes_of_calls_are_filtered_by_and_calls_without_visits_are_counted(store, problems):
    calls = table(
        [
            {"call_id": "a", "agent_version": "v1", "Channel": "web", "started_us": T0, "ended_us": T0 + 9 * US},
            {"call_id": "b", "agent_version": "v2", "Channel": "phone", "started_us": T0, "outcome": "Abandoned"},
            {"call_id": "c", "agent_version": "v2", "started_us": T0, "ended_us": T0 + US, "outcome": "timed out"},
        ]
    )
    # from_pylist takes the columns of the first row only.
    calls = pa.Table.from_pylist(
        calls.to_pylist(),
        schema=pa.schema(
            {
                "call_id": "string",
                "agent_version": "string",
                "Channel": "string",
                "started_us": "int64",
                "ended_us": "int64",
                "outcome": "string",
            }
        ),
    )
    store.import_visits(table(LOG), calls)

    assert store.count().no_flow == 1
    assert [call.call_id for call in store.find(Filter(version="v2"))] == ["b", "c"]
    assert [call.call_id for call in store.find(Filter(metadata={"channel": "phone"}))] == ["b"]
    assert {part: counts.calls for part, counts in store.count_by("channel").items()} == {
        "web": 1,
        "phone": 1,
        None: 1,
    }


def test_an_outcome_says_how_a_path_ended_that_does_not_say_so_itself(store):
    calls = table([{"call_id": "b", "outcome": "Booked!", "ended_us": T0 + 8 * US}])

    first = store.import_visits(table(LOG), calls)
    assert "outcome 'Booked!' (1 calls) says nothing of how a call ended" in str(first.problems)
    assert store.count().nodes["greet"].exits == Counter({"end": 1})
    again = store.import_visits(table(LOG), calls, meanings=Meanings(outcomes={"booked!": "transfer"}))

    assert (again.replaced, again.problems) == (2, ())
    assert store.count().nodes["greet"].exits == Counter({"transfer": 1})
    assert store.count().calls == 2


def test_an_exit_kind_that_nobody_knows_is_told_of_and_can_be_explained(store):
    log = table([*LOG[:1], visit("a", 1, "book", 5, 9, "Gone fishing")])
    assert [problem.code for problem in store.import_visits(log).problems] == ["value_unknown"]
    assert store.count().nodes["book"].exits == Counter({"end": 1})
    assert store.import_visits(log, meanings=Meanings(exits={"Gone-Fishing": "hangup"})).problems == ()
    assert store.count().nodes["book"].exits == Counter({"hangup": 1})


def test_two_flows_of_a_call_have_one_ending(store):
    log = [
        visit("a", 0, "greet", 0, 4, "end"),
        visit("a", 0, "billing", 4, 9, "hangup", flow="flow2"),
    ]
    store.import_visits(table(log))
    counts = store.count()
    assert counts.nodes["greet"].exits == Counter({"handoff": 1})
    assert counts.nodes["billing"].exits == Counter({"hangup": 1})
    assert (counts.calls, counts.paths) == (1, 2)


def test_of_two_flows_entered_at_one_time_the_one_that_handed_over_was_first(store):
    log = [visit("a", 0, "greet", 4, 4, "handoff"), visit("a", 0, "billing", 4, 9, "hangup", flow="flow2")]
    store.import_visits(table(log))
    counts = store.count()
    assert counts.nodes["greet"].exits == Counter({"handoff": 1})
    assert counts.nodes["billing"].exits == Counter({"hangup": 1})


def test_a_visit_is_left_when_another_flow_takes_over_if_its_log_does_not_say_when(store):
    log = [
        visit("a", 0, "greet", 0),
        visit("a", 1, "ask", 20, flow="flow2"),
        visit("a", 2, "pay", 30, flow="flow2"),
        visit("a", 3, "verify", 40),
        visit("a", 4, "done", 60, flow="flow2"),
        visit("a", 5, "bye", 70, 75, "end", flow="flow2"),
    ]
    store.import_visits(table(log))
    counts = store.count()
    stays = {"greet": 20, "ask": 10, "pay": 10, "verify": 20, "done": 10, "bye": 5}
    assert {name: node.dwell_us // US for name, node in counts.nodes.items()} == stays
    assert counts.nodes["verify"].exits == Counter({"handoff": 1})


def test_generated_names_and_empty_ones_become_one_unnamed_node(store):
    names = ["3f2504e0-4f89-41d3-9a0c-0305e82c3301", "", "3F2504E0-4F89-41D3-9A0C-0305E82C3302"]
    store.import_visits(table([visit("a", seq, name, seq) for seq, name in enumerate(names)]))
    assert store.count().nodes["unnamed"].visits == 3


def test_seq_orders_whatever_its_numbers_and_whatever_the_times(store, problems):
    log = [visit("a", 30, "c", 9, 10), visit("a", 10, "a", 5, 5), visit("a", 20, "b", 5, 9)]
    store.import_visits(table(log))
    (found,) = store.find()
    assert found.paths == {"main": ("a", "b", "c")}
    assert problems == []


def test_rows_twice_count_once_and_rows_that_contradict_leave_their_call_out(store):
    bad = [visit("x", 0, "greet", 0, 1, "end"), visit("x", 0, "book", 0, 1, "end")]
    done = store.import_visits(table([*LOG, *LOG, *bad]))
    assert (done.calls, done.visits) == (2, 4)
    (problem,) = done.problems
    assert (problem.code, problem.counted) == ("rows_contradict", False)
    assert "left out: 1 call ('x')" in problem.why


def test_values_of_the_wrong_type_leave_their_calls_out(store, tmp_path):
    path = tmp_path / "log.csv"
    frame = pd.DataFrame([*LOG, visit("x", 0, "greet", 0), visit("x", 1, "book", 1)]).astype(object)
    frame.loc[5, "entered_us"] = "yesterday"
    frame.to_csv(path, index=False)

    done = store.import_visits(path)

    assert done.calls == 2
    (problem,) = done.problems
    assert (problem.code, problem.where) == ("column_type", str(path))
    assert "column entered_us should hold whole microseconds, and does not in 1 of 6 rows" in problem.why
    assert "'x'" in problem.why


def test_a_column_of_the_wrong_type_throughout_is_refused_and_nothing_changes(store, tmp_path):
    store.import_visits(table(LOG))
    with pytest.raises(StoreError, match="column seq should hold whole numbers, and does not in 4 of 4 rows"):
        store.import_visits(table([{**row, "seq": "first"} for row in LOG]))
    with pytest.raises(StoreError, match="no column node, entered_us; there are call_id, seq") as missing:
        store.import_visits(table([{"call_id": "a", "seq": 1}]))
    assert missing.value.code == "column_missing"
    with pytest.raises(StoreError, match="there is no such file"):
        store.import_visits(tmp_path / "nothing.csv")
    with pytest.raises(StoreError, match="is no table"):
        store.import_visits(object())
    (tmp_path / "torn.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(StoreError, match=r"torn\.parquet"):
        store.import_visits(tmp_path / "torn.parquet")
    assert store.count().calls == 2


def test_timestamps_are_times_too(store):
    rows = [{**row, "entered_us": pd.Timestamp(row["entered_us"], unit="us", tz="UTC")} for row in LOG]
    store.import_visits(pd.DataFrame(rows))
    assert [call.started_at.isoformat() for call in store.find()] == [
        "2026-02-02T00:00:00+00:00",
        "2026-02-02T00:00:01+00:00",
    ]


def test_a_clock_that_runs_backwards_is_told_of_and_the_visits_are_counted(store):
    done = store.import_visits(table([visit("a", 0, "greet", 9, 5, "x"), visit("a", 1, "book", 5, 8, "end")]))
    assert [(problem.code, problem.counted) for problem in done.problems] == [("clock_backwards", True)]
    assert "1 call ('a')" in done.problems[0].why
    counts = store.count()
    assert (counts.nodes["greet"].visits, counts.nodes["greet"].dwell.total()) == (1, 0)


@pytest.mark.parametrize("rows", [[visit("a", 0, "greet", 9, None, "end")], []])
def test_a_call_that_ended_before_it_began_is_told_of(store, rows):
    calls = [{"call_id": "a", "started_us": T0 + 9 * US, "ended_us": T0 + 5 * US}]
    done = store.import_visits(table([*rows, visit("b", 0, "greet", 1, 2, "end")]), table(calls))
    assert [(problem.code, problem.counted) for problem in done.problems] == [("clock_backwards", True)]
    assert "1 call ('a')" in done.problems[0].why


def test_calls_with_two_rows_of_attributes_have_one_of_them_and_are_told_of(store):
    calls = table([{"call_id": "a", "agent_version": "v2"}, {"call_id": "a", "agent_version": "v1"}])
    done = store.import_visits(table(LOG), calls)
    assert [(problem.code, problem.counted) for problem in done.problems] == [("duplicate_call", True)]
    assert [call.version for call in store.find()] == ["v1", None]


def test_recorded_calls_are_not_overwritten(store):
    from tests.store.test_call_store import call

    store.add(call("a"))
    store.compact()
    done = store.import_visits(table(LOG))
    assert (done.calls, [problem.code for problem in done.problems]) == (1, ["call_recorded"])
    assert store.count().calls == 2


def test_an_imported_call_stays_when_a_record_claims_its_id(store, problems):
    from tests.store.test_call_store import call

    store.import_visits(table(LOG))
    store.add(call("a", nodes=("elsewhere",)))
    assert "elsewhere" not in store.count().nodes
    assert [problem.code for problem in problems] == ["duplicate_call"]


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(logs())
def test_visits_that_were_exported_count_the_same_when_imported(records):
    with tempfile.TemporaryDirectory() as directory:
        ours = CallStore(f"{directory}/ours", on_problem=lambda problem: None)
        theirs = CallStore(f"{directory}/theirs", on_problem=lambda problem: None)
        for record in records:
            ours.add(record)
        rows = [
            {
                **visit(record.call_id, v.seq, v.node, 0, None, v.exit_kind, None, v.flow),
                "entered_us": round(record.started_at.timestamp() * 1e6) + round(v.entered_ms * 1000),
                "exited_us": None
                if v.left_ms is None
                else round(record.started_at.timestamp() * 1e6) + round(v.left_ms * 1000),
                "via": next((n.via for n in record.visits if (n.flow, n.seq) == (v.flow, v.seq + 1)), None),
            }
            for record in records
            if len(record.flow_ids) < 2
            for v in record.visits
        ]
        if not rows:
            return
        theirs.import_visits(table(rows))

        expected = counted(
            [record for record in records if record.visits and len(record.flow_ids) < 2], goals=["book"]
        )
        got = theirs.count(goals=["book"])

        assert_conserved(got)
        assert (got.calls, got.open, got.paths, got.goal_calls) == (
            expected.calls,
            expected.open,
            expected.paths,
            expected.goal_calls,
        )
        assert set(got.variants) == set(expected.variants)
        for name, node in got.nodes.items():
            want = expected.nodes[name]
            for part in ("visits", "calls", "starts", "revisits", "open", "exits", "dwell", "dwell_us"):
                assert getattr(node, part) == getattr(want, part), part
        for key, edge in got.edges.items():
            want = expected.edges[key]
            assert (edge.count, edge.calls, edge.via) == (want.count, want.calls, want.via)


def test_the_words_for_endings_are_those_of_the_docs():
    from pathlib import Path

    from flows_analytics.store.outcomes import EXITS

    docs = (Path(__file__).parents[2] / "docs" / "store.md").read_text()
    table = docs.split("| `exit_kind` or `outcome` | means |")[1].split("\n\n")[0]
    rows = [line.strip("|").split("|") for line in table.strip().splitlines()[1:]]
    told = {word.strip(): kind.strip(" `") for words, kind in rows for word in words.split(",")}
    assert told | {"handoff": "handoff"} == EXITS


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
def test_times_may_be_timestamps_of_every_unit_and_zone(store, problems, unit, zone):
    entered = pa.array([T0], pa.timestamp("us")).cast(pa.timestamp(unit)).cast(pa.timestamp(unit, zone))
    store.import_visits(pa.table({"call_id": ["a"], "seq": [0], "node": ["x"], "entered_us": entered}))
    assert [call.started_at.timestamp() for call in store.find()] == [T0 / US]
    assert problems == []


@pytest.mark.parametrize("column", ["entered_us", "exited_us"])
@pytest.mark.parametrize("us", [T0 * 1000, 2**63 - 1, -(2**63)])
def test_a_time_that_no_calendar_has_is_of_the_wrong_type(store, problems, column, us):
    bad = visit("far", 0, "greet", 0, 1) | {column: us}
    assert store.import_visits(table([*LOG, bad])).calls == 2
    assert [(problem.code, "'far'" in problem.why) for problem in problems] == [("column_type", True)]


def test_a_start_that_no_calendar_has_counts_as_missing(store, problems):
    store.import_visits(table(LOG), pa.table({"call_id": ["a"], "started_us": [2**62], "ended_us": [-(2**62)]}))
    assert [(problem.code, problem.counted) for problem in problems] == [("column_type", True)] * 2
    assert store.find()[0].started_at.timestamp() == T0 / US


def test_a_decimal_that_is_no_whole_number_is_not_rounded(store, problems):
    rows = table(LOG).set_column(2, "seq", pa.array([Decimal(each) for each in ("0.5", "1.0", "0.0", "1.0")]))
    assert store.import_visits(rows).calls == 1
    assert [problem.code for problem in problems] == ["column_type"]


def test_an_attribute_may_have_any_name(store, tmp_path, problems):
    pq.write_table(pa.table({"call_id": ["a"], "a\0b": ["1"], 'q"|\n': ["2"]}), tmp_path / "calls.parquet")
    store.import_visits(table(LOG), tmp_path / "calls.parquet")
    assert len(store.find(Filter(metadata={'q"|\n': "2"}))) == 1
    assert problems == []


def test_a_flow_hands_over_when_the_next_one_is_entered_not_when_that_is_left(store):
    rows = [
        visit("a", 0, "greet", 0),
        visit("a", 0, "pay", 10, flow="flow2"),
        visit("a", 1, "thank", 50, 60, flow="flow2"),
    ]
    store.import_visits(table(rows))
    (dwell,) = store.read(lambda opened: opened.database.run("SELECT dwell_us FROM visits WHERE node = 'greet'"))
    assert dwell == (10 * US,)


@pytest.mark.parametrize(
    ("written", "us"),
    [
        ("1700000000000000", 1_700_000_000_000_000),
        ("2023-11-14T22:13:20Z", 1_700_000_000_000_000),
        ("2023-11-14 22:13:20.5", 1_700_000_000_500_000),
        ("2023-11-15T00:13:20+02:00", 1_700_000_000_000_000),
    ],
)
def test_times_in_text_are_numbers_or_iso_8601(store, tmp_path, problems, written, us):
    (tmp_path / "log.csv").write_text(f"call_id,seq,node,entered_us\na,0,x,{written}\n")
    store.import_visits(tmp_path / "log.csv")
    assert [call.started_at.timestamp() * 1e6 for call in store.find()] == [us]
    assert problems == []


def test_a_quoted_field_may_come_after_any_number_of_plain_ones(store, tmp_path, problems):
    rows = [f"c{number},0,plain,{number + 1}" for number in range(40_000)]
    quoted_row = 'last,0,"with, comma\nand ""quotes""",5'
    (tmp_path / "log.csv").write_text("\n".join(["call_id,seq,node,entered_us", *rows, quoted_row, ""]))
    assert store.import_visits(tmp_path / "log.csv").calls == 40_001
    assert [call.paths["main"] for call in store.find(Filter(node='with, comma\nand "quotes"'))] == [
        ('with, comma\nand "quotes"',)
    ]
    assert problems == []


def test_a_whole_number_that_has_become_a_float_is_written_as_one(store):
    store.import_visits(table(LOG), pa.table({"call_id": ["a", "b"], "agent_version": [42.0, None]}))
    assert set(store.count_by("agent_version")) == {"42", None}


def test_visits_left_at_the_end_of_time_add_up_to_more_than_64_bits_hold(store):
    # 9999-12-31 is how warehouses write "not left yet".
    rows = [{**visit(f"c{number}", 0, "greet", 0), "exited_us": 253_402_300_799 * US} for number in range(40)]

    store.import_visits(table(rows))

    greet = store.count().nodes["greet"]
    assert (greet.visits, greet.dwell_us) == (40, 40 * (253_402_300_799 * US - T0))
