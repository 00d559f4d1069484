"""The queries are SQL that any engine runs."""

from __future__ import annotations

import importlib
import pkgutil

import pytest
import sqlglot
from sqlglot import exp

from flows_analytics.store import queries
from flows_analytics.store.tally import Tally

ALLOWED_FUNCTIONS = (
    exp.Count,
    exp.Sum,
    exp.Min,
    exp.Max,
    exp.Coalesce,
    exp.Case,
    exp.If,
    exp.And,
    exp.Or,
    exp.Cast,
)
FORBIDDEN = (
    exp.Window,
    exp.Quantile,
    exp.PercentileCont,
    exp.PercentileDisc,
    exp.WithinGroup,
    exp.Filter,
    exp.Qualify,
    exp.Lateral,
    exp.Unnest,
    exp.Array,
    exp.ArrayAgg,
    exp.GroupConcat,
    exp.Escape,
    exp.ILike,
    exp.RegexpLike,
    exp.Anonymous,
    exp.Pivot,
    exp.Bracket,
)


def all_queries():
    for module in pkgutil.iter_modules(queries.__path__):
        room = importlib.import_module(f"{queries.__name__}.{module.name}")
        for name, value in vars(room).items():
            if name.isupper() and isinstance(value, str):
                yield pytest.param(value, id=f"{module.name}.{name}")
            elif isinstance(value, Tally):
                yield pytest.param(value.count("rows_of_a_table", "value"), id=f"{module.name}.{name}")
                yield pytest.param(value.add("rows_of_days", "value"), id=f"{module.name}.{name} of days")


def complaints(sql):
    (tree,) = sqlglot.parse(sql)
    found = [type(node).__name__ for node in tree.walk() if isinstance(node, FORBIDDEN)]
    found += [
        node.sql_name()
        for node in tree.find_all(exp.Func)
        if not isinstance(node, (*ALLOWED_FUNCTIONS, *FORBIDDEN))
    ]
    return found


@pytest.mark.parametrize("sql", list(all_queries()))
def test_a_query_says_nothing_that_other_engines_do_not_know(sql):
    assert complaints(sql) == []
    for engine in ("spark", "trino", "clickhouse", "bigquery", "postgres", "snowflake"):
        assert sqlglot.transpile(sql, read="postgres", write=engine, unsupported_level=sqlglot.ErrorLevel.RAISE)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT quantile(dwell_us, 0.5) FROM visits",
        "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY dwell_us) FROM visits",
        "SELECT lead(node) OVER (PARTITION BY call_id ORDER BY seq) FROM visits",
        "SELECT string_agg(node, ',' ORDER BY seq) FROM visits",
        "SELECT array_agg(node ORDER BY seq) FROM visits",
        r"SELECT 1 FROM paths WHERE path LIKE 'a!%b' ESCAPE '!'",
        "SELECT approx_quantile(dwell_us, 0.5) FROM visits",
        "SELECT node FROM visits QUALIFY row_number() OVER (ORDER BY seq) = 1",
        "SELECT strftime(started_date, '%Y') FROM visits",
    ],
)
def test_the_constructs_that_are_forbidden_are_found(sql):
    assert complaints(sql)


def test_there_are_queries_for_all_that_is_counted():
    assert len(list(all_queries())) >= 15
