"""The bot of food_ordering.py, recorded while `pipecat eval` talks to it.

It needs Pipecat 1.4 or later: pip install flows-analytics "pipecat-ai[runner,cli]". In one terminal:

    CALL_ID=order python eval_food_ordering.py -t eval

and in another one:

    pipecat eval run eval_food_ordering.yaml
    flows-analytics assert-path calls/order.json "initial > choose_pizza > confirm > end"
"""

import os
from typing import Any

from food_ordering import FlowManager, create_initial_node
from pipecat.evals.transport import EvalTransportParams
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.runner.types import RunnerArguments
from pipecat.runner.utils import create_transport
from pipecat.workers.runner import WorkerRunner

from flows_analytics import FlowsObserver, JSONFileSink
from flows_analytics.testing import Script, ScriptedLLM, calls, says

TRANSPORTS = {"eval": lambda: EvalTransportParams(audio_in_enabled=True)}


def create_llm() -> Any:
    """Your own LLM service stands here; this one needs no key."""
    return ScriptedLLM(
        Script(
            [
                says("Hello! Pizza or sushi?"),
                calls("choose_pizza"),
                says("Which size, and which pizza?"),
                calls("select_pizza_order", size="large", pizza_type="pepperoni"),
                says("A large pepperoni pizza. Is that right?"),
                calls("complete_order"),
                says("Thank you, goodbye!"),
            ]
        )
    )


async def bot(runner_args: RunnerArguments) -> None:
    transport = await create_transport(runner_args, TRANSPORTS)
    llm = create_llm()
    aggregators = LLMContextAggregatorPair(LLMContext())
    observer = FlowsObserver(call_id=os.getenv("CALL_ID"), sinks=[JSONFileSink("calls")])
    worker = PipelineWorker(
        Pipeline([transport.input(), aggregators.user(), llm, transport.output(), aggregators.assistant()]),
        observers=[observer],
    )
    flow_manager = FlowManager(worker=worker, llm=llm, context_aggregator=aggregators, transport=transport)
    observer.attach_flow_manager(flow_manager)
    runner = WorkerRunner(handle_sigint=runner_args.handle_sigint)
    await runner.add_workers(worker)

    @transport.event_handler("on_client_connected")
    async def on_client_connected(transport: Any, client: Any) -> None:
        await flow_manager.initialize(create_initial_node())

    @transport.event_handler("on_client_disconnected")
    async def on_client_disconnected(transport: Any, client: Any) -> None:
        await runner.cancel()

    await runner.run()


if __name__ == "__main__":
    from pipecat.runner.run import main

    main()
