"""Write docs/record.md from the docstrings of the models. Run it after a change of what a record holds."""

from __future__ import annotations

import dataclasses
import inspect
import re
import types
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from docstring_parser import parse
from pydantic import TypeAdapter

from flows_analytics.calls.events import AnyMoment, Moment

MOMENTS = ("line", "flow", "functions", "caller", "bot", "services")
NAMES = {str: "text", float: "number", int: "integer", bool: "boolean"}
READINGS = (
    "visits:Visit",
    "transitions:Transition",
    "turns:Turn",
    "inferences:Inference",
    "intervals:Contribution",
    "tools:ToolCall",
    "offers:Offer",
    "usage:Usage",
    "usage:ServiceUsage",
    "keys:KeySequence",
    "idles:Idle",
    "workers:Shift",
    "findings:Finding",
)
# What the record holds beside the moments and is described above them.
STORED = (
    "record:CallRecord",
    "agent:Agent",
    "health:Health",
    "health:Loss",
    "sound:Recording",
    "telephony:Telephony",
    "service_cost:ServiceCost",
    "declared:DeclaredGraph",
    "declared:DeclaredEdge",
)

HEAD = """# What a record holds

A call record is one JSON document ([its JSON Schema](call-record.schema.json)). It holds facts: the moments of the
call, in `events`, and who, when and how it ended. Everything else (visits, turns, latency, usage, findings) is
computed from the moments when it is asked for, and stands in `summary` for readers without this library.

Times ending in `_ms` are milliseconds since `started_at`, durations too. `seq` is the place in the order of
recording; `origin` is the `seq` of another moment. A field that is None is left out of the JSON of a moment. What
the numbers mean is in [metrics.md](metrics.md); how to switch content off, in [recording.md](recording.md).

Unless it says otherwise, a moment is there on every Pipecat line and without any setting.

This page is written by `docs/write_record.py` from the docstrings of the code.
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD, "## The record\n", *model(*STORED)]
    parts.append("## Moments\n")
    for name in MOMENTS:
        module = import_module(f"flows_analytics.calls.moments.{name}")
        parts.append(f"### {cell(inspect.getdoc(module) or '').rstrip('.')}\n")
        kinds = [kind for kind in vars(module).values() if inspect.isclass(kind) and issubclass(kind, Moment)]
        for kind in kinds:
            if kind.__module__ == module.__name__:
                parts.extend(described(kind, "#### `{}`", kind.model_fields["kind"].default))
    parts.append("## Readings\n")
    parts.extend(model(*READINGS))
    return "\n".join(parts).rstrip() + "\n"


def model(*names: str) -> list[str]:
    """Models and dataclasses, each under its name."""
    parts: list[str] = []
    for name in names:
        module, _, kind = name.partition(":")
        found = getattr(import_module(f"flows_analytics.calls.{module}"), kind)
        parts.extend(described(found, "### {}", kind))
    return parts


def described(kind: type, heading: str, title: str) -> list[str]:
    """A heading, what it is, when it is absent, and a table of its fields."""
    doc = parse(inspect.getdoc(kind) or "")
    texts = [text.strip() for text in (doc.short_description, doc.long_description) if text]
    parts = [
        heading.format(title) + "\n",
        re.sub(r"(?m)^(Absent|Lines):", r"**\1:**", marked("\n\n".join(texts))) + "\n",
    ]
    docs = [parse(inspect.getdoc(parent) or "") for parent in reversed(kind.__mro__) if parent is not object]
    told = {param.arg_name: cell(param.description or "") for doc in docs for param in doc.params}
    told |= {name: cell(inspect.getdoc(getattr(kind, name)) or "") for name, _ in derived(kind)}
    left_out = {*Moment.model_fields, "kind"} if issubclass(kind, Moment) else set()
    rows = [(name, kind_of(hint), told.get(name, "")) for name, hint in fields_of(kind) if name not in left_out]
    missing = [name for name, _, meaning in rows if not meaning]
    if missing:
        raise SystemExit(f"{kind.__name__} does not say what these are: {', '.join(missing)}")
    if rows:
        parts.append("| field | type | meaning |\n|---|---|---|")
        parts.extend(f"| `{name}` | {hint} | {meaning} |" for name, hint, meaning in rows)
        parts.append("")
    return parts


def fields_of(kind: type) -> list[tuple[str, Any]]:
    """The fields of a model or dataclass, with their types."""
    if dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        return [*((field.name, hints[field.name]) for field in dataclasses.fields(kind)), *derived(kind)]
    return [(name, field.annotation) for name, field in kind.model_fields.items()]


def derived(kind: type) -> list[tuple[str, Any]]:
    """What a dataclass computes from its fields and writes beside them, with its types."""
    if not dataclasses.is_dataclass(kind):
        return []
    written = TypeAdapter(kind).json_schema(mode="serialization")["properties"]
    stored = {field.name for field in dataclasses.fields(kind)}
    return [(name, get_type_hints(getattr(kind, name).fget)["return"]) for name in written if name not in stored]


def kind_of(hint: Any) -> str:
    """A type in a few words."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return kind_of(args[0])
    if origin is Literal:
        return " \\| ".join(f"`{value}`" for value in args)
    if origin in (Union, types.UnionType):
        return " or ".join(kind_of(arg) for arg in args if arg is not type(None)) + (
            ", or None" if type(None) in args else ""
        )
    if origin is tuple:
        return "list of moments" if args[0] is AnyMoment else f"list of {kind_of(args[0])}"
    if origin is dict:
        return f"mapping of {kind_of(args[0])} to {kind_of(args[1])}"
    if hint is Any:
        return "any JSON"
    return {"str": "text", "float": "number", "int": "integer", "bool": "boolean"}.get(
        hint.__name__, hint.__name__
    )


def marked(text: str) -> str:
    """A text with its code marked as Markdown does."""
    return re.sub(r"``([^`]+)``", r"`\1`", text)


def cell(text: str) -> str:
    """A text in one line of a table."""
    return marked(" ".join(text.split())).replace("|", "\\|")


if __name__ == "__main__":
    Path(__file__).with_name("record.md").write_text(page(), encoding="utf-8")
