"""Importing: a log that never was ours as rows of the tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from flows_analytics.calls.naming import UNNAMED
from flows_analytics.errors import StoreError
from flows_analytics.store.arrow import (
    ArrowColumn,
    codes_of,
    encoded,
    joined,
    mapping,
    numbers_of,
    places_in,
    taken,
    texts_table,
)
from flows_analytics.store.duck import Database, identifier
from flows_analytics.store.log_days import Attributes, LogDays, Texts
from flows_analytics.store.outcomes import Meanings
from flows_analytics.store.problem import Problem
from flows_analytics.store.snapshot import Snapshot
from flows_analytics.store.sources import Column, Source, open_source
from flows_analytics.store.tables import METADATA_PREFIX
from flows_analytics.store.walks import KINDS, Ints, Steps, Times, Walks, walk

_VISITS = {
    "call_id": Column("text", required=True),
    "flow_id": Column("text"),
    "seq": Column("integer", required=True),
    "node": Column("text", required=True, filled=False),
    "entered_us": Column("time", required=True),
    "exited_us": Column("time"),
    "exit_kind": Column("text"),
    "via": Column("text"),
}

_CALLS = {
    "call_id": Column("text", required=True),
    "started_us": Column("time"),
    "ended_us": Column("time"),
    "outcome": Column("text"),
    "agent_id": Column("text"),
    "agent_name": Column("text"),
    "agent_version": Column("text"),
    "call_type": Column("text"),
}

_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)

_NAMED = 5
"""How many calls a message names."""


def stage_import(snapshot: Snapshot, visits: Any, calls: Any, meanings: Meanings) -> tuple[int, int, int]:
    """Stage a log as new rows of a snapshot.

    Args:
        snapshot: A snapshot; it takes note of problems.
        visits: The table of visits.
        calls: The table of calls; None without.
        meanings: What exit kinds and outcomes mean.

    Returns:
        How many calls and visits were staged, and how many of the calls were in the tables before.

    Raises:
        StoreError: The tables cannot be read at all.
    """
    database, problems = snapshot.database, snapshot.problems
    log = open_source(database, visits, "visits_table", _VISITS)
    attributes = None if calls is None else open_source(database, calls, "calls_table", _CALLS)
    database.register("exit_words", mapping(meanings.of_exits()))
    database.register("outcome_words", mapping(meanings.of_outcomes()))
    database.run("CREATE TABLE left_out (call_id VARCHAR)")
    _leave_out_recorded(database, log, problems)
    _leave_out_bad(database, log, problems)
    further = _stage_attributes(database, attributes, problems)
    steps, texts, words = _read_steps(database, log)
    steps = _each_once(database, log, steps, texts, problems)
    known, texts = _read_attributes(database, further, texts)
    walks = walk(steps, known.ended, known.told)
    _note_words(database, log, walks, words, calls=attributes, problems=problems)
    _note_clock(log, walks, known, texts, problems)
    made = LogDays(walks, texts, known, snapshot.nodes)
    database.register("made_ids", made.ids)
    again = "SELECT call_id FROM old_calls WHERE call_id IN (SELECT value FROM made_ids)"
    replaced = int(database.run(f"SELECT COUNT(*) FROM ({again})")[0][0])
    snapshot.stage_days(made, again)
    return made.calls, made.visits, replaced


def _leave_out(
    database: Database, log: Source, query: str, *, code: str, why: str, problems: list[Problem]
) -> None:
    """Leave out the calls of a query, and say so once."""
    rows = database.run(f"SELECT DISTINCT call_id FROM ({query}) WHERE call_id IS NOT NULL ORDER BY call_id")
    if rows:
        database.register("out_now", mapping({str(call_id): "" for (call_id,) in rows}))
        database.run("INSERT INTO left_out SELECT key FROM out_now")
        problems.append(Problem(code, log.name, f"{why}; left out: {_named(call_id for (call_id,) in rows)}"))


def _named(call_ids: Iterable[Any]) -> str:
    listed = [str(call_id) for call_id in call_ids]
    number = f"{len(listed):,} call{'s' if len(listed) != 1 else ''}"
    more = ", …" if len(listed) > _NAMED else ""
    return f"{number} ({', '.join(repr(call_id) for call_id in listed[:_NAMED])}{more})"


def _leave_out_recorded(database: Database, log: Source, problems: list[Problem]) -> None:
    if not database.run("SELECT 1 FROM old_calls WHERE source IS NOT NULL LIMIT 1"):
        return
    recorded = (
        "SELECT call_id FROM old_calls WHERE source IS NOT NULL"
        f" AND call_id IN (SELECT call_id FROM {log.relation})"
    )
    why = "recorded calls have these ids"
    _leave_out(database, log, recorded, code="call_recorded", why=why, problems=problems)


def _leave_out_bad(database: Database, log: Source, problems: list[Problem]) -> None:
    for column in log.bad:
        kind = {"integer": "whole numbers", "time": "whole microseconds", "text": "text"}[_VISITS[column].kind]
        bad, rows = database.run(
            f"SELECT SUM(CASE WHEN bad_{column} THEN 1 ELSE 0 END), COUNT(*) FROM {log.relation}"
        )[0]
        why = f"column {column} should hold {kind}, and does not in {int(bad):,} of {int(rows):,} rows"
        if bad == rows:
            raise StoreError("column_type", f"{log.name}: {why}")
        query = f"SELECT call_id FROM {log.relation} WHERE bad_{column}"
        before = len(problems)
        _leave_out(database, log, query, code="column_type", why=why, problems=problems)
        if len(problems) == before:
            problems.append(Problem("column_type", log.name, f"{why}; those rows are left out"))


def _stage_attributes(database: Database, source: Source | None, problems: list[Problem]) -> list[str]:
    """Make the table ``attributes``: one row per call. Returns the names of its metadata columns."""
    if source is None:
        columns = ", ".join(
            f"CAST(NULL AS {'BIGINT' if column.kind == 'time' else 'VARCHAR'}) AS {name}"
            for name, column in _CALLS.items()
        )
        database.run(f"CREATE TABLE attributes AS SELECT {columns} WHERE FALSE")
        return []
    for column in source.bad:
        bad = database.run(f"SELECT call_id FROM {source.relation} WHERE bad_{column} ORDER BY call_id")
        what = f"column {column} holds values of the wrong type; they count as missing"
        problems.append(
            Problem("column_type", source.name, f"{what}: {_named(row[0] for row in bad)}", counted=True)
        )
    further: dict[str, str] = {}
    for column in [*source.further, *(["outcome"] if "outcome" in source.there else [])]:
        # Arrow ends the name of a column at NUL.
        key = column.casefold().removeprefix(METADATA_PREFIX).replace("\0", "\ufffd")
        further.setdefault(METADATA_PREFIX + key, column)
    metadata = [f"CAST({identifier(column)} AS VARCHAR) AS {identifier(name)}" for name, column in further.items()]
    selected = ", ".join([*_CALLS, *metadata])
    database.run(
        f"CREATE TABLE attributes AS SELECT DISTINCT {selected} FROM {source.relation} WHERE call_id IS NOT NULL"
    )
    doubled = database.run("SELECT call_id FROM attributes GROUP BY call_id HAVING COUNT(*) > 1 ORDER BY call_id")
    if doubled:
        why = f"several rows with other content, of which one counts: {_named(row[0] for row in doubled)}"
        problems.append(Problem("duplicate_call", source.name, why, counted=True))
        database.run(
            "CREATE OR REPLACE TABLE attributes AS SELECT * FROM attributes"
            " QUALIFY row_number() OVER (PARTITION BY call_id ORDER BY CAST(to_json(attributes) AS VARCHAR)) = 1"
        )
    database.run("DELETE FROM attributes WHERE call_id IN (SELECT call_id FROM left_out)")
    return list(further)


def _read_steps(database: Database, log: Source) -> tuple[Steps, Texts, list[str]]:
    """Read the rows that are taken. Returns them, their names, and the words for endings, by code."""
    skip = [f"NOT bad_{column}" for column in log.bad]
    if database.run("SELECT 1 FROM left_out LIMIT 1"):
        skip.append("call_id NOT IN (SELECT call_id FROM left_out)")
    where = f" WHERE {' AND '.join(skip)}" if skip else ""
    table = database.read(
        f"SELECT call_id, flow_id, seq, node, entered_us, exited_us, exit_kind, via FROM {log.relation}{where}",
        lambda reader: encoded(reader, ("flow_id", "node", "exit_kind", "via")),
    )
    call, calls = codes_of(table["call_id"])
    flow, flows = _named_again(*codes_of(table["flow_id"]), lambda name: "main" if name is None else name)
    node, nodes = _named_again(*codes_of(table["node"]), _node_name)
    via, functions = codes_of(table["via"])
    code, said = codes_of(table["exit_kind"])
    database.register("said", texts_table(said))
    spelled = database.run(f"SELECT {_WORD.format('value')} FROM said ORDER BY key")
    word, words = _named_again(code, [str(each) for (each,) in spelled], lambda name: name or "")
    meant = {str(key): str(kind) for key, kind in database.run("SELECT key, value FROM exit_words")}
    kinds = np.array([KINDS.index(meant[each]) if each in meant else -1 for each in words])
    steps = Steps(
        call=call,
        flow=flow,
        seq=numbers_of(table["seq"])[0],
        node=node,
        entered=numbers_of(table["entered_us"])[0],
        exited=Times(*numbers_of(table["exited_us"])),
        kind=kinds[word],
        word=word,
        via=np.where(via == _place(functions, ""), -1, via),
    )
    return steps.sorted(), Texts(calls, flows, nodes, functions), words


def _named_again(codes: Ints, texts: Iterable[Any], name: Callable[[str | None], str]) -> tuple[Ints, list[str]]:
    """Give each text, and NULL, another name; codes in the order of the names that occur."""
    renamed = [name(str(text)) for text in texts]
    without = name(None)
    occur = {*renamed, without} if (codes < 0).any() else set(renamed)
    names = sorted(occur)
    places = {each: place for place, each in enumerate(names)}
    # What has no code stands last, where -1 points.
    table = np.array([*(places[each] for each in renamed), places.get(without, -1)], np.int32)
    return table[codes], names


def _node_name(name: str | None) -> str:
    return UNNAMED if not name or _UUID4.fullmatch(name) else name


def _place(texts: ArrowColumn, text: str) -> int:
    """The code of a text; one that nothing has if it does not occur."""
    return next((place for place, each in enumerate(texts.to_pylist()) if each == text), -2)


def _each_once(database: Database, log: Source, steps: Steps, texts: Texts, problems: list[Problem]) -> Steps:
    """Take rows once that are there twice, and leave calls out whose rows contradict each other."""
    twice = steps.twice()
    if not twice.any():
        return steps
    contradict = np.unique(steps.call[twice & steps.differs()])
    steps = steps.at(~twice)
    if len(contradict):
        ids = sorted(str(each) for each in taken(texts.calls, contradict).to_pylist())
        database.register("out_now", mapping(dict.fromkeys(ids, "")))
        why = "rows with one call_id, flow_id and seq contradict each other"
        _leave_out(
            database, log, "SELECT key AS call_id FROM out_now", code="rows_contradict", why=why, problems=problems
        )
        database.run("DELETE FROM attributes WHERE call_id IN (SELECT call_id FROM left_out)")
        steps = steps.at(~np.isin(steps.call, contradict))
    return steps


def _read_attributes(database: Database, further: list[str], texts: Texts) -> tuple[Attributes, Texts]:
    """Read what is known of calls, those without visits too. Returns it, and the names with their ids."""
    columns = ["outcome", "agent_id", "agent_name", "agent_version", "call_type", *further]
    listed = ", ".join(f"attributes.{identifier(name)}" for name in columns)
    table = database.read(
        f"SELECT attributes.call_id, started_us, ended_us, told.value AS told, {listed}"
        f" FROM attributes LEFT JOIN outcome_words AS told ON {_WORD.format('outcome')} = told.key",
        lambda reader: encoded(reader, ("told", *columns)),
    )
    places = places_in(table["call_id"], texts.calls)
    new = np.flatnonzero(places < 0)
    calls = joined([texts.calls, taken(table["call_id"], new)])
    places[new] = len(texts.calls) + np.arange(len(new))
    row = np.full(len(calls), -1, np.int64)
    row[places] = np.arange(len(places))

    def times(name: str) -> Times:
        us, known = numbers_of(table[name])
        by_call = Times(np.zeros(len(calls), np.int64), np.zeros(len(calls), np.bool_))
        by_call.us[places], by_call.known[places] = us, known
        return by_call

    code, meant = codes_of(table["told"])
    kinds = np.array([*(KINDS.index(str(each)) for each in meant.to_pylist()), -1])
    told = np.full(len(calls), -1, np.int64)
    told[places] = kinds[code]
    attributes = Attributes(
        started=times("started_us"),
        ended=times("ended_us"),
        told=told,
        row=row,
        columns={name: joined([table[name]]) for name in columns},
    )
    return attributes, Texts(calls, texts.flows, texts.nodes, texts.functions)


def _note_words(
    database: Database,
    log: Source,
    walks: Walks,
    words: Sequence[str],
    *,
    calls: Source | None,
    problems: list[Problem],
) -> None:
    """Tell of words that mean nothing, where they would have told how a path or a call ended."""
    said = walks.steps.word[walks.lasts][walks.steps.kind[walks.lasts] < 0]
    for word, number in zip(words, np.bincount(said, minlength=len(words)).tolist(), strict=False):
        if number and word not in ("", "transition"):
            why = f"exit kind {word!r} ({number:,} rows) means nothing here and counts as none: say what it means"
            problems.append(Problem("value_unknown", log.name, why, counted=True))
    if calls is None:
        return
    unknown = database.run(
        f"SELECT outcome, COUNT(*) FROM attributes WHERE outcome IS NOT NULL AND {_WORD.format('outcome')}"
        " NOT IN (SELECT key FROM outcome_words) GROUP BY outcome ORDER BY 1"
    )
    for word, number in unknown:
        why = f"outcome {word!r} ({number:,} calls) says nothing of how a call ended: kept as metadata only"
        problems.append(Problem("value_unknown", calls.name, why, counted=True))


_WORD = "replace(replace(lower(trim({})), '-', '_'), ' ', '_')"
"""A word as the tables of meanings have it."""


def _note_clock(log: Source, walks: Walks, known: Attributes, texts: Texts, problems: list[Problem]) -> None:
    ended_first = known.started.known & known.ended.known & (known.ended.us < known.started.us)
    backwards = np.union1d(walks.steps.call[walks.backwards], np.flatnonzero(ended_first))
    if len(backwards):
        why = "the clock ran backwards: durations below zero are left out, the visits are counted"
        named = _named(sorted(taken(texts.calls, backwards).to_pylist()))
        problems.append(Problem("clock_backwards", log.name, f"{why}: {named}", counted=True))
