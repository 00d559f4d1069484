"""What docs/store.md and docs/tables.md say of the tables is so."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from flows_analytics import CallStore
from flows_analytics.store.outcomes import EXITS
from flows_analytics.store.tables import METADATA_PREFIX, TABLES
from tests.calls.test_any_moments import troubled
from tests.store.test_call_store import call

DOCS = Path(__file__).parents[2] / "docs"
STORE = (DOCS / "store.md").read_text(encoding="utf-8")


@pytest.fixture
def store(tmp_path):
    store = CallStore(tmp_path / "calls")
    store.add(troubled())
    store.add(call("b", metadata={"channel": "web"}, status="completed"))
    store.compact()
    return store


def test_the_page_of_columns_is_what_the_code_says_of_itself():
    writer = runpy.run_path(str(DOCS / "write_tables.py"))
    assert (DOCS / "tables.md").read_text(encoding="utf-8") == writer["page"](), "run docs/write_tables.py"


def test_the_files_have_the_columns_that_the_page_lists_with_their_types(store):
    page = (DOCS / "tables.md").read_text(encoding="utf-8")
    kinds = {
        "int64": "int64",
        "list<element: int64>": "list of int64",
        "string": "string",
        "bool": "boolean",
        "date32[day]": "date",
    }
    for name in (*TABLES, "nodes"):
        section = page.split(f"\n## {name}\n")[1].split("\n## ")[0]
        listed = dict(re.findall(r"^\| `(\w+)` \| ([\w ]+?)(?: or NULL)? \|", section, re.MULTILINE))
        files = sorted((store.path / "tables" / name).rglob("*.parquet"))
        assert files, name
        for file in files:
            schema = pq.read_schema(file)
            found = {field.name: kinds[str(field.type)] for field in schema if METADATA_PREFIX not in field.name}
            assert found == listed, name
        assert f"`{name}`" in STORE


def test_the_words_for_endings_in_the_docs_are_those_that_are_read():
    section = STORE.split("| `exit_kind` or `outcome` | means |")[1].split("\n\n")[0]
    rows = re.findall(r"^\| ([\w, ]+) \| `(\w+)` \|$", section, re.MULTILINE)
    assert {word: kind for words, kind in rows for word in words.split(", ")} == {**EXITS}


@pytest.mark.parametrize("sql", re.findall(r"```sql\n(.*?)```", STORE, re.DOTALL))
def test_the_queries_in_the_docs_run_on_the_files(store, sql, monkeypatch):
    monkeypatch.chdir(store.path.parent)
    assert duckdb.sql(sql).fetchall()


def test_there_are_queries_in_the_docs():
    assert STORE.count("```sql") >= 2


def test_every_problem_that_the_store_tells_of_is_in_the_docs():
    source = "".join(path.read_text() for path in (DOCS.parent / "flows_analytics" / "store").glob("*.py"))
    codes = set(re.findall(r"Problem\(\s*\"(\w+)\"", source)) | set(re.findall(r"code=\"(\w+)\"", source))
    assert len(codes) >= 8
    assert [code for code in sorted(codes) if f"`{code}`" not in STORE] == []
