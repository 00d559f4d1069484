"""Write docs/templates.md from the docstrings of the view models. Run it after a change of what a page shows."""

from __future__ import annotations

import inspect
import re
import runpy
from dataclasses import is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from docstring_parser import parse

PAGES = (
    ("The page of a call", "call_report.html", "html", "call_view.CallView"),
    ("The page of a flow", "flow_report.html", "flow_html", "flow_view.FlowView"),
)
HEAD = """# Pages and their templates

Pages are Jinja templates that print view models: dataclasses in which everything is computed already, so that no
template does arithmetic. To change a page, put a template of the same name in a folder of yours and name it:

```python
HTMLReportSink("reports", template_dir="my-templates")
render_call_report(record, template_dir="my-templates")
```

or on the command line `flows-analytics report CALL --template-dir my-templates`. A template of yours can build on
the default one and replace only some of its blocks:

```jinja
{% extends "default:call_report.html" %}
{% block usage %}
<p>Call <b>{{ call.header.call_id.text }}</b> has {{ call.visits | length }} visits.</p>
{% endblock %}
```

Files with the names of the stylesheets and scripts below replace those too. The page's Content-Security-Policy
allows exactly the styles and scripts that are in it, by their hashes: a `style` attribute, an inline event handler
or anything from the network is refused by the browser. Everything printed is escaped, and control characters are
made visible; a name that a view model does not have is an error (`StrictUndefined`).

What the scripts rely on, in a template of yours: on the page of a call, a moment is an element with an `id` and
`data-at` (milliseconds since the start of the call); `data-m` names the moment that another element stands for;
`data-v` holds the numbers of the visits it belongs to. `<script type="application/json" id="record-data">` holds
the record, packed. On the page of a flow, an element of a node has `data-node`, and a line between two `data-from`
and `data-to`; cells of the table of nodes have `data-sort`.

Beside `call` (or `flow`), a template of a page has `assets` (below) and `mark`, which says whose page it is, for
`flows-analytics forget`; keep the `meta` element that prints it.

This page is written by `docs/write_templates.py` from the docstrings of the code.
"""


def page() -> str:
    """The whole page."""
    writer = runpy.run_path(str(Path(__file__).with_name("write_record.py")))
    templates = Path(__file__).parents[1] / "templates"
    parts = [HEAD]
    seen: set[type] = {import_module("flows_analytics.report.assets").Assets}
    for title, name, module, root in PAGES:
        html: Any = import_module(f"flows_analytics.report.{module}")
        blocks = re.findall(r"{% block (\w+) %}", (templates / name).read_text(encoding="utf-8"))
        parts += [f"## {title}\n", f"Template: `{name}`, which extends `base.html`.\n"]
        for kind, names in (("Blocks", blocks), ("Stylesheets", html.STYLES), ("Scripts", html.SCRIPTS)):
            parts.append(f"{kind}: {', '.join(f'`{each}`' for each in names)}.\n")
        view, model = root.rsplit(".", 1)
        found = models(getattr(import_module(f"flows_analytics.report.{view}"), model))
        for each in found:
            parts += described(writer, each) if each not in seen else []
        seen.update(found)
    parts.append("## Both pages\n")
    parts += described(writer, import_module("flows_analytics.report.assets").Assets)
    return "\n".join(parts).rstrip() + "\n"


def models(root: type) -> list[type]:
    """A view model and all that it is made of, in the order in which they are met."""
    found: dict[type, None] = {root: None}
    waiting = [root]
    while waiting:
        for hint in get_type_hints(waiting.pop(0)).values():
            for kind in dataclasses_in(hint):
                if kind not in found:
                    found[kind] = None
                    waiting.append(kind)
    return list(found)


def dataclasses_in(hint: Any) -> list[type]:
    """The dataclasses that a type is made of."""
    if inspect.isclass(hint) and is_dataclass(hint):
        return [hint]
    return [kind for part in get_args(hint) for kind in dataclasses_in(part)]


def described(writer: dict[str, Any], kind: type) -> list[str]:
    """A heading, what it is, and a table of its fields."""
    doc = parse(inspect.getdoc(kind) or "")
    told = {param.arg_name: writer["cell"](param.description or "") for param in doc.params}
    hints = get_type_hints(kind)
    texts = [text.strip() for text in (doc.short_description, doc.long_description) if text]
    missing = [name for name in hints if not told.get(name)]
    if missing:
        raise SystemExit(f"{kind.__name__} does not say what these are: {', '.join(missing)}")
    return [
        f"### {kind.__name__}\n",
        writer["marked"]("\n\n".join(texts)) + "\n",
        "| field | type | meaning |\n|---|---|---|",
        *(f"| `{name}` | {kind_of(writer, hint)} | {told[name]} |" for name, hint in hints.items()),
        "",
    ]


def kind_of(writer: dict[str, Any], hint: Any) -> str:
    """A type in a few words; that of a list's items, and of the places of a tuple."""
    args = get_args(hint)
    if get_origin(hint) in (tuple, frozenset):
        inside = [kind_of(writer, arg) for arg in args if arg is not Ellipsis]
        listed = get_origin(hint) is frozenset or args[-1] is Ellipsis
        return f"list of {inside[0]}" if listed else f"({', '.join(inside)})"
    return writer["kind_of"](hint)


if __name__ == "__main__":
    Path(__file__).with_name("templates.md").write_text(page(), encoding="utf-8")
