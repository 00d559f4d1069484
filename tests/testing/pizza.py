"""A flow of four nodes: greeting, size, confirmation, end."""

from typing import Any

from .flows_line import FlowsFunctionSchema

NodeConfig = dict[str, Any]


def edge(name: str, target: Any, **properties: Any) -> Any:
    async def handler(args: dict[str, Any], flow_manager: Any) -> tuple[Any, NodeConfig]:
        flow_manager.state.update(args)
        return {"status": "ok"}, target()

    return FlowsFunctionSchema(
        name=name, handler=handler, description=name, properties=properties, required=list(properties)
    )


def node(name: str, task: str, *functions: Any, **more: Any) -> NodeConfig:
    return {
        "name": name,
        "task_messages": [{"role": "developer", "content": task}],
        "functions": list(functions),
        **more,
    }


def greeting() -> NodeConfig:
    return node("greeting", "Greet.", edge("choose_pizza", size), edge("choose_sushi", confirmation))


def size() -> NodeConfig:
    return node("size", "Ask for the size.", edge("choose_size", confirmation, size={"type": "string"}))


def confirmation() -> NodeConfig:
    return node("confirmation", "Read the order back.", edge("confirm", end))


def end() -> NodeConfig:
    return node("end", "Say goodbye.", post_actions=[{"type": "end_conversation"}])
