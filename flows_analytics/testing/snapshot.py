"""The fixture ``flow_snapshot``: a call compared with the text file that was kept of it."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Literal, Self

from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from syrupy.location import PyTestLocation

from flows_analytics.calls.record import CallRecord
from flows_analytics.testing.held_call import HeldCall, said_kind
from flows_analytics.testing.path_formats import path_json, path_mermaid
from flows_analytics.testing.path_lines import PathOptions, Timing, path_lines, read_path
from flows_analytics.testing.prompt_lines import prompt_lines
from flows_analytics.testing.prompts import Prompt
from flows_analytics.testing.snapshot_file import is_stem_of, snapshot_stem

Format = Literal["text", "mermaid", "json"]


class PathExtension(SingleFileSnapshotExtension):
    """One readable text file for each snapshot."""

    _write_mode = WriteMode.TEXT
    file_extension = "txt"

    @classmethod
    def get_snapshot_name(cls, *, test_location: PyTestLocation, index: int | str = 0) -> str:
        """Name a snapshot, and the file that keeps it.

        Args:
            test_location: The test.
            index: Which of its comparisons it is.
        """
        return snapshot_stem(test_location.snapshot_name, index)

    @classmethod
    def matches_test_location(cls, *, test_location: PyTestLocation, snapshot_location: str) -> bool:
        """Say whether a file may keep a snapshot of a test, by which syrupy knows what is unused.

        Args:
            test_location: The test.
            snapshot_location: The file.
        """
        file = Path(snapshot_location)
        if file.parent != Path(cls.dirname(test_location=test_location)):
            return False
        name = test_location.snapshot_name
        return not test_location.is_item_parametrized or is_stem_of(
            file.name.removesuffix(f".{cls.file_extension}"), name
        )


class MermaidExtension(PathExtension):
    """One drawing for each snapshot."""

    file_extension = "mmd"


class JSONExtension(PathExtension):
    """One JSON document for each snapshot."""

    file_extension = "json"


_EXTENSIONS: dict[Format, type[PathExtension]] = {
    "text": PathExtension,
    "mermaid": MermaidExtension,
    "json": JSONExtension,
}


class FlowSnapshot(SnapshotAssertion):
    """Compares calls with what was kept of them.

    Example:
        What is kept is the path; everything else has to be asked for, for one comparison each::

            assert call == flow_snapshot
            assert call == flow_snapshot(turns=True, arguments=False, timing="buckets")
            assert call == flow_snapshot(prompts=True)
            assert call == flow_snapshot(format="mermaid")
    """

    _options: PathOptions = PathOptions()
    _prompts: bool = False
    _format: Format = "text"

    @classmethod
    def like(cls, snapshot: SnapshotAssertion) -> Self:
        """Make one for the test that another snapshot belongs to.

        Args:
            snapshot: Syrupy's own fixture.
        """
        given: dict[str, Any] = {
            field.name: getattr(snapshot, field.name) for field in fields(snapshot) if field.init
        }
        given["extension_class"] = PathExtension
        return cls(**given)

    def __call__(
        self,
        *,
        turns: bool = False,
        arguments: bool = True,
        timing: Timing | None = None,
        prompts: bool = False,
        format: Format = "text",  # what its users call it
        **options: Any,
    ) -> Self:
        """Choose what the next comparison keeps.

        Args:
            turns: Whether what both sides said is kept.
            arguments: Whether the arguments of functions are.
            timing: ``buckets`` keeps how long each visit lasted, roughly; None keeps no times.
            prompts: Whether what the LLM was given in each node is kept: its instructions, messages and tools.
            format: ``text``, ``mermaid`` or ``json``.
            **options: What syrupy's own snapshots take, such as ``name``.

        Returns:
            This snapshot; the choice holds for one comparison.

        Raises:
            ValueError: There is no such format or timing, or the format holds no prompts.
        """
        if format not in _EXTENSIONS:
            raise ValueError(f"format is one of {', '.join(_EXTENSIONS)}, not {format!r}")
        if prompts and format == "mermaid":
            raise ValueError("a drawing holds no prompts: use format='text' or 'json'")
        super().__call__(extension_class=_EXTENSIONS[format], **options)
        chosen = PathOptions(turns=turns, arguments=arguments, timing=timing)
        self._options, self._prompts, self._format = chosen, prompts, format
        self._post_assert_actions.append(self._choose_nothing)
        return self

    def _choose_nothing(self) -> None:
        self._options, self._prompts, self._format = PathOptions(), False, "text"

    def _serialize(self, data: Any) -> Any:
        return super()._serialize(self._text(data))

    def _text(self, data: Any) -> str:
        if isinstance(data, HeldCall):
            record, prompts = data.record, data.prompts
        elif isinstance(data, CallRecord):
            record, prompts = data, None
        else:
            other = "" if inspect.iscoroutine(data) else ": use syrupy's `snapshot`"
            raise TypeError(f"flow_snapshot compares calls, not {said_kind(data)}{other}")
        if self._prompts and prompts is None:
            raise TypeError("a CallRecord does not hold what the LLM was given; only what flow_call returns does")
        if self._format == "mermaid":
            return path_mermaid(record, self._options)
        if self._format == "json":
            more = {"prompts": [asdict(prompt) for prompt in prompts or ()]} if self._prompts else {}
            return path_json(record, self._options, **more)
        lines = (
            _with_prompts(record, prompts, self._options) if self._prompts else path_lines(record, self._options)
        )
        return "\n".join(lines) + "\n"


def _with_prompts(record: CallRecord, prompts: Sequence[Prompt] | None, options: PathOptions) -> list[str]:
    path, given = read_path(record, options), prompt_lines(prompts or ())
    lines = [f"  {line}" for line in path.before] + [f"  | {line}" for line in given.get(-1, ())]
    for position, node in enumerate(path.nodes):
        lines.append(str(node))
        lines += [f"  | {line}".rstrip() for line in given.get(position, ())]
        lines += [f"  {line}" for line in node.below]
    return [*lines, f"end: {path.end}"]
