"""Write docs/tables.md from the row types of the store. Run it after a change of a table's columns."""

from __future__ import annotations

import inspect
import re
from collections import defaultdict
from datetime import date
from pathlib import Path
from types import UnionType
from typing import get_args, get_type_hints

from docstring_parser import parse

from flows_analytics.store.outcomes import EXITS
from flows_analytics.store.tables import METADATA_COLUMNS, METADATA_PREFIX, TABLES, WITH_METADATA

# Parquet's types, which every engine has a name for.
TYPES = {int: "int64", list[int]: "list of int64", str: "string", bool: "boolean", date: "date"}

HEAD = """# The columns of the tables

Parquet below `tables/<table>/date=YYYY-MM-DD/` in a calls directory ([store.md](store.md)). Times are microseconds
UTC since 1970, durations microseconds; NULL means not known, or not there. All tables have `call_id`: join by it.

This page is written by `docs/write_tables.py` from the code.
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for name, row_type in TABLES.items():
        doc = parse(inspect.getdoc(row_type) or "")
        said = " ".join(text.strip() for text in (doc.short_description, doc.long_description) if text)
        meanings = {param.arg_name: cell(param.description or "") for param in doc.params}
        columns = {column: kind_of(hint) for column, hint in get_type_hints(row_type).items()}
        silent = sorted(columns.keys() - meanings.keys() | {key for key, text in meanings.items() if not text})
        if silent:
            raise SystemExit(f"{row_type.__name__} does not say what these are: {', '.join(silent)}")
        parts += [f"## {name}\n", f"{marked(said)}\n", "| column | type | meaning |\n|---|---|---|"]
        parts += [f"| `{column}` | {kind} | {meanings[column]} |" for column, kind in columns.items()]
        if name in WITH_METADATA:
            parts.append(
                f"| `{METADATA_PREFIX}<key>` | string or NULL | A key of the calls' metadata that holds a single "
                f"value, in lower case; at most {METADATA_COLUMNS} keys have a column, the most frequent first. |"
            )
        parts.append("")
    parts += [
        "## nodes\n",
        "The numbers by which `paths.path` and `calls.goals` name nodes. One file, in `tables/nodes/`.\n",
        "| column | type | meaning |\n|---|---|---|",
        "| `number` | int64 | The number, from 0; it stays. |",
        "| `name` | string | The node. |\n",
        *words(),
    ]
    return "\n".join(parts)


def words() -> list[str]:
    """The words of imported logs for how a visit or a call ended."""
    meant: defaultdict[str, list[str]] = defaultdict(list)
    for word, kind in EXITS.items():
        meant[kind].append(word)
    return [
        "## Words of imported logs\n",
        "What stands in `exit_kind` of visits or `outcome` of calls, and the exit kind it means. Case, spaces\n"
        "and dashes make no difference. `--exit-means WORD=KIND` and `--outcome-means WORD=KIND`, or\n"
        "`Meanings(exits=…, outcomes=…)`, add words and change what these mean.\n",
        "| word | exit kind |\n|---|---|",
        *(f"| {', '.join(said)} | `{kind}` |" for kind, said in meant.items()),
        "",
    ]


def kind_of(hint: object) -> str:
    """A column's type in words."""
    if isinstance(hint, UnionType):
        kind = next(arg for arg in get_args(hint) if arg is not type(None))
        return f"{TYPES[kind]} or NULL"
    return TYPES[hint]  # type: ignore[index]


def marked(text: str) -> str:
    """A text with its code marked as Markdown does."""
    return re.sub(r"``([^`]+)``", lambda code: f"`{code[1]}`", text)


def cell(text: str) -> str:
    """A text in one cell of a table."""
    return marked(" ".join(text.split())).replace("|", "\\|")


if __name__ == "__main__":
    Path(__file__).with_name("tables.md").write_text(page(), encoding="utf-8")
