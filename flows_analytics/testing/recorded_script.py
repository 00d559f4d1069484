"""A recorded call as a test: its script, and the snapshot that the test compares with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

from flows_analytics.calls.record import CallRecord
from flows_analytics.calls.tools import ToolCall
from flows_analytics.redaction.redaction import Redaction
from flows_analytics.testing.path_lines import PathNode, ending_text, read_path
from flows_analytics.testing.problems import step_text
from flows_analytics.testing.steps import Calls, CallsTogether, HangsUp, LLMStep, Presses, Step, User

_HUNG_UP = ("hangup", "cancelled", "timeout", "lost", "running")
# A script does without the rest: services that fail, and functions that were cut off, are not the flow's.
_KEPT_BELOW = ("stayed: ", "failed: ")


def script_of(record: CallRecord, redaction: Redaction) -> list[Step]:
    """Write the script of a recorded call.

    What the LLM said is left out: the filler stands for it, and the path does not depend on it.

    Args:
        record: The call.
        redaction: Hides what must not be kept in what the caller said and in arguments.

    Returns:
        The steps: what the caller said and pressed, what the LLM called, and, if the call ended so, a hang-up.
    """
    found: list[tuple[float, Step]] = [
        (turn.start_ms, User(str(redaction.text(turn.text))))
        for turn in record.turns
        if turn.speaker == "caller" and turn.text.strip() and not turn.backchannel
    ]
    found += [(keys.start_ms, Presses(keys.keys)) for keys in record.keys if keys.side == "caller" and keys.keys]
    found += _calls(record, redaction)
    steps = [step for _, step in sorted(found, key=lambda item: item[0])]
    if record.exit_kind in _HUNG_UP:
        steps.append(HangsUp())
    return steps


def snapshot_of(record: CallRecord, redaction: Redaction) -> str:
    """Write the snapshot that a test with the script of a recorded call compares with.

    Args:
        record: The call.
        redaction: Hides what must not be kept in arguments and in messages of failures.

    Returns:
        The text of the file.
    """
    lines: list[str] = []
    for node in read_path(record).nodes:
        below = (str(redaction.text(line)) for line in node.below if line.startswith(_KEPT_BELOW))
        lines += [str(_redacted(node, redaction)), *(f"  {line}" for line in below)]
    # A test's caller hangs up where another call was cancelled, and a script is over where a person took over.
    end = "the caller hung up" if record.exit_kind in _HUNG_UP else "the script was over"
    if record.exit_kind == "end":
        end = ending_text(record)
    return "\n".join([*lines, f"end: {end}"]) + "\n"


def source_of(record: CallRecord, redaction: Redaction, *, name: str, start: str | None) -> str:
    """Write the test of a recorded call.

    Args:
        record: The call.
        redaction: Hides what must not be kept.
        name: Name of the test function.
        start: Where the flow starts, as ``module:function``; None leaves it to a fixture ``flow_start``.

    Returns:
        The source of a test file.
    """
    steps = script_of(record, redaction)
    words = sorted(
        {word for step in steps for word in re.findall(r"\b(user|calls|several|dtmf|hangs_up)\(", _open(step))}
    )
    module, _, function = (start or "").partition(":")
    head = [
        '"""Written from a recorded call by `flows-analytics to-test`."""',
        "",
        *([f"from {module} import {function}", ""] if start else []),
        f"from flows_analytics.testing import {', '.join(words)}" if words else "",
        "",
        "",
    ]
    fixtures = "flow_call, flow_snapshot" if start else "flow_call, flow_snapshot, flow_start"
    body = [f"            {step_text(step)}," for step in steps]
    return "\n".join(
        [
            *head,
            f"async def {name}({fixtures}):",
            "    call = await flow_call(",
            f"        {f'{function}()' if start else 'flow_start'},",
            "        [",
            *body,
            "        ],",
            "    )",
            "    assert call == flow_snapshot",
            "",
        ]
    )


def _open(step: Step) -> str:
    """The words of a step that have to be imported: those outside its texts."""
    return re.sub(r'"(?:\\.|[^"\\])*"', '""', step_text(step))


def _calls(record: CallRecord, redaction: Redaction) -> Iterator[tuple[float, LLMStep]]:
    """What the LLM called, the calls of one response together."""
    groups: dict[str, list[ToolCall]] = {}
    for number, call in enumerate(record.tool_calls):
        groups.setdefault(call.group or f"alone {number}", []).append(call)
    for group in groups.values():
        steps = tuple(Calls(call.function, _arguments(call.arguments, redaction)) for call in group)
        times = [time for call in group for time in (call.requested_ms, call.started_ms) if time is not None]
        yield min(times, default=0.0), steps[0] if len(steps) == 1 else CallsTogether(steps)


def _arguments(arguments: Any, redaction: Redaction) -> Mapping[str, Any]:
    hidden = redaction.value(arguments)
    return cast(Mapping[str, Any], json.loads(json.dumps(hidden))) if isinstance(hidden, Mapping) else {}


def _redacted(node: PathNode, redaction: Redaction) -> PathNode:
    return replace(node, arguments=redaction.value(node.arguments) if node.arguments is not None else None)
