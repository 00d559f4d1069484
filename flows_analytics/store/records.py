"""Records: the calls of a directory as they were recorded, a JSON file each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from flows_analytics.calls.record import CallRecord
from flows_analytics.errors import CallNotFoundError, RecordError, StoreError
from flows_analytics.files.atomic import replace, write_new
from flows_analytics.files.layout import RECORD_SUFFIX, find_call, list_calls, list_namesakes
from flows_analytics.files.names import safe_name
from flows_analytics.store.filter import Filter
from flows_analytics.store.problem import Problem, same_id


class Records:
    """The calls of a directory as they were recorded.

    Args:
        path: The calls directory; created when a call is added.
        on_problem: Told of each file that cannot be read or counted.
    """

    def __init__(self, path: Path, on_problem: Callable[[Problem], None]) -> None:
        self.path = path
        self._on_problem = on_problem

    def add(self, record: CallRecord) -> Path:
        """Add a call, once: a second time changes nothing. A call under way is replaced by what became of it.

        Args:
            record: The call.

        Returns:
            Its file.

        Raises:
            StoreError: ``duplicate_call`` if another call has its id.
            OSError: The file cannot be written.
        """
        name, content = safe_name(record.call_id), record.to_json().encode("utf-8")
        found = self._find(name, record, content)
        if found is not None:
            return found
        written = write_new(self.path, name, RECORD_SUFFIX, content)
        if written.stem != name:
            # Somebody else added it at the same time.
            found = self._find(name, record, content, besides=written)
            if found is not None:
                written.unlink()
                return found
        return written

    def get(self, call_id: str) -> CallRecord:
        """Read a recorded call.

        Args:
            call_id: Its id.

        Returns:
            The call.

        Raises:
            CallNotFoundError: There is none.
            RecordError: Its file cannot be read.
        """
        for path in list_namesakes(self.path, safe_name(call_id)):
            record = CallRecord.load(path)
            if record.call_id == call_id:
                return record
        record = CallRecord.load(find_call(call_id, self.path))
        if record.call_id != call_id:
            raise CallNotFoundError("call_not_found", f"no call {call_id!r} in {self.path}")
        return record

    def iter(self, chosen: Filter | None = None) -> Iterator[CallRecord]:
        """Read recorded calls one after another. Imported ones have no records.

        Args:
            chosen: Which calls; None for all.

        Yields:
            The calls in order of file name, those last whose file is not named after them. Files that cannot be
            read, and further ones of a call id with other content, are told to ``on_problem`` and left out.
        """
        first: dict[str, Path] = {}
        later: list[Path] = []
        for path in list_calls(self.path):
            record = self._load(path)
            if record is None:
                continue
            if path.stem != safe_name(record.call_id):
                # The file that is named after a call comes before others with its id.
                later.append(path)
                continue
            first[record.call_id] = path
            if chosen is None or chosen.matches(record):
                yield record
        for path in later:
            record = self._load(path)
            if record is None:
                continue
            known = first.setdefault(record.call_id, path)
            if known != path:
                if known.read_bytes() != path.read_bytes():
                    self._on_problem(_duplicate(path, known.name, record.call_id))
            elif chosen is None or chosen.matches(record):
                yield record

    def _load(self, path: Path) -> CallRecord | None:
        try:
            return CallRecord.load(path)
        except RecordError as error:
            self._on_problem(Problem(error.code, str(path), error.message.removeprefix(f"{path}: ")))
            return None

    def _find(self, name: str, record: CallRecord, content: bytes, besides: Path | None = None) -> Path | None:
        """Find the file of this call, bring it up to date, or refuse another call of its id."""
        for path in list_namesakes(self.path, name):
            if path == besides:
                continue
            try:
                there = CallRecord.load(path)
            except RecordError:
                # Torn, or of a later release: readers tell of it, and this call is kept beside it.
                continue
            if there.call_id != record.call_id:
                continue
            if there == record or path.read_bytes() == content:
                return path
            if there.status == "started" and there.started_at == record.started_at:
                return replace(path, content)
            raise StoreError("duplicate_call", f"{path} has the id {record.call_id!r} with other content")
        return None


def _duplicate(path: Path, first: str, call_id: str) -> Problem:
    return Problem("duplicate_call", str(path), same_id(first, call_id))
