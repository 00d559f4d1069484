"""Record one call of a small flow, without keys or network, and read it back.

Run it: python examples/record_a_call.py
"""

import sys
from pathlib import Path
from typing import Any

from loguru import logger

from flows_analytics import CallRecord, FlowsObserver, HTMLReportSink, JSONFileSink
from flows_analytics.testing import ScriptedBot, calls, run_virtual, says, user


async def choose_size(flow_manager: Any, size: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Note the size of the pizza.

    Args:
        size (str): One of "small" and "large".
    """
    flow_manager.state["size"] = size
    return {"size": size}, goodbye_node()


def order_node() -> dict[str, Any]:
    return {
        "name": "order",
        "role_message": "You take pizza orders on the phone.",
        "task_messages": [{"role": "developer", "content": "Ask for the size."}],
        "functions": [choose_size],
    }


def goodbye_node() -> dict[str, Any]:
    return {
        "name": "goodbye",
        "task_messages": [{"role": "developer", "content": "Thank the caller."}],
        "post_actions": [{"type": "end_conversation"}],
    }


async def hold_call(directory: Path) -> None:
    observer = FlowsObserver(
        call_id="example",
        sinks=[JSONFileSink(directory / "calls"), HTMLReportSink(directory / "reports")],
        goals=["goodbye"],
    )
    bot = ScriptedBot(observers=[observer])
    observer.attach_flow_manager(bot.flow_manager)
    await bot.run(
        order_node(),
        [
            says("Hi! Small or large?"),
            user("A large one, please."),
            calls("choose_size", size="large"),
            says("A large pizza is on its way. Goodbye!"),
        ],
    )


def main(directory: Path) -> None:
    logger.remove()  # Pipecat is talkative
    run_virtual(lambda: hold_call(directory))
    call = CallRecord.load(directory / "calls" / "example.json")
    for visit in call.visits:
        print(f"{visit.node}: {visit.dwell_ms:.0f} ms, entered by {visit.via or visit.cause}")
    for turn in call.turns:
        print(f"  {turn.speaker}: {turn.text}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path())
