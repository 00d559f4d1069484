"""With everything switched off, nothing that was said, passed or returned is in any file."""

from __future__ import annotations

import pytest

from flows_analytics import HTMLReportSink, JSONFileSink
from flows_analytics.testing import calls, hangs_up, says, user
from tests.bots import hold_call, node

SWITCHED_OFF = {"include_transcripts": False, "include_arguments": False, "include_results": False}


def files_of(directory):
    return "\n".join(path.read_text(encoding="utf-8") for path in directory.iterdir())


def test_the_exception_of_a_plain_function_is_a_message_of_its_failure(tmp_path):
    async def book(params):
        # Since Pipecat 1.8 the LLM service pushes an ErrorFrame that quotes the exception.
        raise ValueError(f"no seat for {params.arguments['guest']}: RESULT-SECRET")

    held = hold_call(
        node("start"),
        [says("Hi"), user("yes"), calls("book", guest="ARGUMENT-SECRET"), says("Sorry"), hangs_up()],
        prepare=lambda held: held.bot.llm.register_function("book", book),
        sinks=[JSONFileSink(tmp_path), HTMLReportSink(tmp_path)],
        **SWITCHED_OFF,
    )

    assert held.record.tool_calls[0].function == "book"
    written = files_of(tmp_path)
    assert "ARGUMENT-SECRET" not in written
    assert "RESULT-SECRET" not in written


@pytest.mark.parametrize("which", ["pre_actions", "post_actions"])
def test_the_exception_of_an_action_is_not_kept(which, tmp_path):
    async def write_down(action, flow_manager):
        raise ValueError(f"could not write {flow_manager.state['name']}")

    async def go(flow_manager):
        """Go on."""
        flow_manager.state["name"] = "STATE-SECRET"
        return "ok", node("next", **{which: [{"type": "write_down", "handler": write_down}]})

    hold_call(
        node("start", go),
        [says("Hi"), user("yes"), calls("go"), says("Sorry"), hangs_up()],
        sinks=[JSONFileSink(tmp_path), HTMLReportSink(tmp_path)],
        strict=False,
        healthy=False,
        **SWITCHED_OFF,
    )

    assert "STATE-SECRET" not in files_of(tmp_path)
