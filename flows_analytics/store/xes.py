"""XES: paths as an event log for process mining. It opens in pm4py and Disco."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from io import TextIOWrapper
from itertools import groupby
from pathlib import Path
from secrets import token_hex
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from flows_analytics.store.queries import events
from flows_analytics.store.snapshot import Snapshot

_EXTENSIONS = (
    ("Concept", "concept", "http://www.xes-standard.org/concept.xesext"),
    ("Time", "time", "http://www.xes-standard.org/time.xesext"),
    ("Lifecycle", "lifecycle", "http://www.xes-standard.org/lifecycle.xesext"),
)

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_xes(snapshot: Snapshot, out: Path) -> Path:
    """Write the paths that are selected: a trace each, an event for the entry of each node.

    Args:
        snapshot: A snapshot with a selection.
        out: The file; replaced, whole or not at all.

    Returns:
        The file.

    Raises:
        OSError: It cannot be written.
    """
    temporary = out.with_name(f".{token_hex(8)}.tmp")
    try:
        with os.fdopen(
            os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
        ) as file:
            _write(snapshot, file)
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)
    return out


def _write(snapshot: Snapshot, file: TextIOWrapper) -> None:
    xml = _Xml(file)
    with xml.element(
        "log", {"xes.version": "1849-2016", "xes.features": "", "xmlns": "http://www.xes-standard.org/"}
    ):
        for name, prefix, uri in _EXTENSIONS:
            xml.empty("extension", {"name": name, "prefix": prefix, "uri": uri})
        xml.empty("classifier", {"name": "Node", "keys": "concept:name"})
        rows = snapshot.database.stream(events.EVENTS)
        for (call_id, flow_id), path in groupby(rows, key=lambda row: (row[0], row[1])):
            with xml.element("trace", {}):
                xml.value("string", "concept:name", call_id if flow_id == "main" else f"{call_id} {flow_id}")
                xml.value("string", "call_id", call_id)
                xml.value("string", "flow_id", flow_id)
                for position, row in enumerate(path):
                    _, _, node, seq, entered_us, left_us, exit_kind, via, version, goal = row
                    if position == 0:
                        if version is not None:
                            xml.value("string", "agent_version", version)
                        xml.value("boolean", "goal", "true" if goal else "false")
                    with xml.element("event", {}):
                        xml.value("string", "concept:name", node)
                        xml.value("date", "time:timestamp", _time(entered_us))
                        xml.value("string", "lifecycle:transition", "complete")
                        xml.value("int", "seq", str(seq))
                        if left_us is not None:
                            xml.value("date", "left", _time(left_us))
                        xml.value("string", "exit_kind", exit_kind)
                        if via is not None:
                            xml.value("string", "via", via)


def _time(us: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)).isoformat(timespec="microseconds")


class _Element:
    def __init__(self, xml: XMLGenerator, name: str) -> None:
        self._xml, self._name = xml, name

    def __enter__(self) -> None:
        """Its children follow."""

    def __exit__(self, *_: object) -> None:
        self._xml.endElement(self._name)
        self._xml.ignorableWhitespace("\n")


class _Xml:
    """Writes XML as it comes."""

    def __init__(self, file: TextIOWrapper) -> None:
        self._xml = XMLGenerator(file, encoding="utf-8", short_empty_elements=True)
        self._xml.startDocument()

    def element(self, name: str, attributes: dict[str, str]) -> _Element:
        self._xml.startElement(name, AttributesImpl(attributes))
        return _Element(self._xml, name)

    def empty(self, name: str, attributes: dict[str, str]) -> None:
        with self.element(name, attributes):
            pass

    def value(self, kind: str, key: str, value: str) -> None:
        # XML has no way to write some control characters.
        self.empty(kind, {"key": key, "value": _NOT_XML.sub("\ufffd", value)})
