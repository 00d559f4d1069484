"""Selection: the views that queries read, of the calls that are meant."""

from __future__ import annotations

from collections.abc import Collection

from flows_analytics.store.duck import identifier, quoted
from flows_analytics.store.filter import Filter
from flows_analytics.store.rows import variant_key
from flows_analytics.store.snapshot import Snapshot
from flows_analytics.store.tables import TABLES


def select(snapshot: Snapshot, chosen: Filter, goals: Collection[str] | None) -> None:
    """Make the views ``calls``, ``paths``, ``visits`` and so on, of the calls that are meant. Only once.

    Args:
        snapshot: A snapshot.
        chosen: Which calls are meant.
        goals: Nodes that mean success, instead of those that the calls name; None leaves those.
    """
    database = snapshot.database
    given = {"paths": "all_paths", "calls": "all_calls"}
    if goals is not None:
        code = snapshot.nodes.code(variant_key(sorted(goals)))
        reached = " OR ".join(f"path LIKE {quoted(f'%{one}%')}" for one in _single(code)) or "FALSE"
        given["paths"] = f"(SELECT * REPLACE (({reached}) AS goal) FROM all_paths)"
        given["calls"] = f"(SELECT * REPLACE ({quoted(code)} AS goals) FROM all_calls)"
    snapshot.join()
    where = ""
    if not chosen.is_empty:
        conditions, values = _conditions(snapshot, chosen, given["paths"])
        database.run(
            f"CREATE TABLE selected AS SELECT call_id FROM all_calls AS calls WHERE {' AND '.join(conditions)}",
            values,
        )
        snapshot.whole = False
        where = " WHERE call_id IN (SELECT call_id FROM selected)"
    for name in TABLES:
        database.run(f"CREATE VIEW {name} AS SELECT * FROM {given.get(name, f'all_{name}')}{where}")


def _single(code: str) -> list[str]:
    return [f"|{number}|" for number in code.strip("|").split("||") if number]


def _conditions(snapshot: Snapshot, chosen: Filter, paths: str) -> tuple[list[str], list[object]]:
    conditions: list[str] = []
    values: list[object] = []

    def add(condition: str, *given: object) -> None:
        conditions.append(condition)
        values.extend(given)

    if chosen.since_us is not None:
        add("started_us >= ?", chosen.since_us)
    if chosen.until_us is not None:
        add("started_us < ?", chosen.until_us)
    if chosen.agent is not None:
        add("(agent_id = ? OR agent_name = ?)", chosen.agent, chosen.agent)
    if chosen.version is not None:
        add("agent_version = ?", chosen.version)
    columns = snapshot.database.columns("all_calls") if chosen.metadata else {}
    for name, value in chosen.metadata_columns.items():
        # A key that no call has.
        add(f"{identifier(name)} = ?", value) if name in columns else add("FALSE")
    if chosen.node is not None and chosen.exit is not None:
        add(
            "call_id IN (SELECT call_id FROM all_visits WHERE node = ? AND exit_kind = ?)",
            chosen.node,
            chosen.exit,
        )
    elif chosen.node is not None:
        add("call_id IN (SELECT call_id FROM all_visits WHERE node = ?)", chosen.node)
    elif chosen.exit is not None:
        add("exit_kind = ?", chosen.exit)
    if isinstance(chosen.goal, str):
        add("call_id IN (SELECT call_id FROM all_visits WHERE node = ?)", chosen.goal)
    elif chosen.goal is not None:
        add(f"call_id {'' if chosen.goal else 'NOT '}IN (SELECT call_id FROM {paths} AS reached WHERE goal)")
    return conditions, values
