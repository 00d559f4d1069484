"""CallRecord: the versioned document of one call."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import ValidationError, computed_field
from pydantic_core import to_json

from flows_analytics.calls.agent import Agent
from flows_analytics.calls.readings import CallReadings
from flows_analytics.calls.schema import SCHEMA_VERSION, refused, too_new
from flows_analytics.calls.summary import Summary
from flows_analytics.errors import RecordError

__all__ = ["SCHEMA_VERSION", "Agent", "CallRecord", "Summary"]


class CallRecord(CallReadings):
    """All that is known of one call: who, when, how it ended, and the moments in between.

    The stored parts are facts. The path, visits, transitions, turns, tool calls and usage are readings of
    ``events``, computed when first asked for; times in them are milliseconds since ``started_at``.
    """

    @computed_field
    @property
    def summary(self) -> Summary:
        """The derived part of the JSON."""
        return Summary(
            path=self.path,
            visits=self.visits,
            transitions=self.transitions,
            turns=self.turns,
            tool_calls=self.tool_calls,
            usage=self.usage,
            findings=self.findings,
            duration_ms=self.duration_ms,
            disconnection=self.disconnection,
            keys=self.keys,
            idles=self.idles,
            shifts=self.shifts,
        )

    def __repr__(self) -> str:
        # All moments of a call would fill screens, and reading its turns would take its time in every log line.
        path = " > ".join(self.path)
        return f"<CallRecord {self.call_id!r} {self.status}: {path or 'no node'}; {len(self.events)} moments>"

    __str__ = __repr__

    def to_json(self) -> str:
        """Write the record as one JSON document.

        Returns:
            The document, with the derived ``summary``. What is None is left out of moments, the bulk of it, and of
            the telephony and the costs by service, which most calls have not.
        """
        document = self.model_dump(mode="json", exclude={"events", "telephony", "service_costs"})
        if self.service_costs:
            document["service_costs"] = [part.model_dump(mode="json") for part in self.service_costs]
        if self.telephony is not None:
            document["telephony"] = self.telephony.model_dump(
                mode="json", exclude_none=True, exclude_defaults=True
            )
        document["events"] = [event.model_dump(mode="json", exclude_none=True) for event in self.events]
        return to_json(document).decode("utf-8")

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read a record.

        Only the shape is checked, so that a record edited by hand still loads.

        Args:
            text: A JSON document made by `to_json`.

        Returns:
            The record.

        Raises:
            RecordError: ``record_not_valid`` if it is not JSON or not a record; ``record_too_new`` if a later
                release made it.
        """
        try:
            record = cls.model_validate_json(text)
        except ValidationError as error:
            raise refused(text, error) from None
        if record.schema_version > SCHEMA_VERSION:
            raise too_new(record.schema_version)
        if record.schema_version < SCHEMA_VERSION:
            record = record.model_copy(update={"schema_version": SCHEMA_VERSION})
        return record

    def save(self, path: str | Path) -> Path:
        """Write the record to a file, replacing it; a new one is readable by its owner only.

        For people. Sinks write more carefully: whole or not at all, and over nothing.

        Args:
            path: The file.

        Returns:
            The file.
        """
        path = Path(path)
        path.touch(mode=0o600)
        path.write_text(self.to_json(), encoding="utf-8")
        return path

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a record from a file.

        Args:
            path: The file.

        Returns:
            The record.

        Raises:
            RecordError: As `from_json`, naming the file; ``record_not_readable`` if it cannot be opened.
        """
        path = Path(path)
        try:
            text = path.read_bytes()
        except OSError as error:
            raise RecordError("record_not_readable", f"{path}: {error.strerror or error}") from error
        try:
            return cls.from_json(text)
        except RecordError as error:
            raise RecordError(error.code, f"{path}: {error.message}") from None
