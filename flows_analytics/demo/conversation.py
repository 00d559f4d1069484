"""One call of the demo: a real FlowManager in a real voice pipeline, on virtual time."""

import random
from pathlib import Path

from flows_analytics.calls.record import CallRecord
from flows_analytics.delivery.json_file import JSONFileSink
from flows_analytics.demo.bots import DEMO_BOTS
from flows_analytics.demo.calls import DemoCall
from flows_analytics.demo.personas import draw_persona
from flows_analytics.demo.script import write_script
from flows_analytics.errors import FlowsAnalyticsError
from flows_analytics.observer.flows_observer import FlowsObserver
from flows_analytics.report.sink import HTMLReportSink
from flows_analytics.testing import ScriptedBot, lifelike, run_virtual

_LONGEST_CALL_SECS = 900.0


def converse(call: DemoCall, out: Path) -> CallRecord:
    """Hold a call, and write its record and its report.

    Args:
        call: What to hold.
        out: Directory in which ``calls/`` and ``reports/`` are.

    Returns:
        The record.

    Raises:
        FlowsAnalyticsError: ``demo_lossy`` if something was lost, such as a file that could not be written.
    """
    bot = DEMO_BOTS[call.bot]
    dice = random.Random(call.seed)
    persona = draw_persona(dice)
    steps = write_script(bot, call.version, persona, dice)

    async def main() -> CallRecord:
        flow = bot.flow(call.version)
        observer = FlowsObserver(
            call_id=call.call_id,
            agent_id=call.bot,
            agent_name=bot.name,
            agent_version=call.version,
            call_type="phone_call",
            goals=bot.goals,
            metadata={"persona": persona.name, "seed": call.seed},
            sinks=[JSONFileSink(out / "calls"), HTMLReportSink(out / "reports")],
        )
        scripted = ScriptedBot(
            observers=[observer], pace=lifelike(), dice=dice, global_functions=list(flow.global_functions)
        )
        scripted.flow_manager.state.update(flow.state)
        observer.attach_flow_manager(scripted.flow_manager, declared=flow.declared)
        _say_why_calls_end(scripted)
        await scripted.run(flow.initial_node, steps, max_secs=_LONGEST_CALL_SECS)
        if not observer.health.ok:
            losses = "; ".join(loss.why for loss in observer.health.losses.values())
            raise FlowsAnalyticsError("demo_lossy", losses)
        return observer.record

    return run_virtual(main, epoch=call.starts_at, seed=call.seed)


def _say_why_calls_end(bot: ScriptedBot) -> None:
    """Cancel with a reason when the caller hangs up: a plain cancel would not tell it from any other end."""

    async def on_client_disconnected(*_: object) -> None:
        await bot.worker.cancel(reason="client_disconnected")

    if bot.transport:
        bot.transport.add_event_handler(  # pyright: ignore[reportUnknownMemberType]  # Pipecat leaves handlers untyped
            "on_client_disconnected", on_client_disconnected
        )
