"""An endpoint that speaks OpenAI's streaming Chat Completions protocol, from a script."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from aiohttp import web

SERVED_MODEL = "gpt-4.1-2025-04-14"
"""The model that answers, whatever alias was asked for: OpenAI resolves aliases too."""

_FIRST_TOKEN_SECS = 0.08
# Short enough to cut names and numbers in two.
_ARGUMENTS_PIECE = 5


@dataclass(frozen=True)
class Usage:
    """Tokens, as OpenAI counts them: `cached` is part of `prompt`, `reasoning` of `completion`."""

    prompt: int
    completion: int
    cached: int = 0
    reasoning: int = 0


@dataclass(frozen=True)
class ToolCall:
    """A function the model calls."""

    id: str
    function: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """What the model answers.

    Attributes:
        usage: What the last chunk reports.
        text: What it says.
        calls: What it calls, after the text.
        token_secs: The time between two tokens.
    """

    usage: Usage
    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    token_secs: float = 0.015


@dataclass
class Inference:
    """A request that was answered. Times are nanoseconds of the monotonic clock, None if it never came so far.

    Attributes:
        reply: The answer.
        model: The model asked for.
        messages: The context sent.
        functions: The functions offered.
        asked_ns: When the request arrived.
        first_token_ns: When the first token, or the first piece of a tool call, left.
        last_token_ns: When the latest one left.
        ended_ns: When the stream was complete.
        sent: The text that left.
        reported: The tokens reported; None if the stream was cut off before the chunk that says so.
    """

    reply: Reply
    model: str
    messages: list[dict[str, Any]]
    functions: list[str]
    asked_ns: int
    first_token_ns: int | None = None
    last_token_ns: int | None = None
    ended_ns: int | None = None
    sent: str = ""
    reported: Usage | None = None


class OpenAIEndpoint:
    """Answers one request after the other with the replies of a script.

    Attributes:
        inferences: The requests so far.
    """

    def __init__(self, replies: Iterable[Reply]) -> None:
        self.inferences: list[Inference] = []
        self._replies = deque(replies)

    @property
    def unasked(self) -> list[Reply]:
        """The replies nobody asked for."""
        return list(self._replies)

    def add_to(self, app: web.Application) -> None:
        app.router.add_post("/v1/chat/completions", self._complete)

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        asked_ns = time.monotonic_ns()
        asked = await request.json()
        if not asked.get("stream") or not asked.get("stream_options", {}).get("include_usage"):
            return web.json_response({"error": {"message": "this model only streams"}}, status=400)
        if not self._replies:
            return web.json_response({"error": {"message": "the script is at its end"}}, status=400)
        inference = Inference(
            reply=self._replies.popleft(),
            model=asked["model"],
            messages=asked["messages"],
            functions=[tool["function"]["name"] for tool in asked.get("tools", [])],
            asked_ns=asked_ns,
        )
        self.inferences.append(inference)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            await self._stream(response, inference, len(self.inferences))
        except ConnectionError:
            # The bot was interrupted and hung up on us; what it missed stays None.
            return response
        return response

    async def _stream(self, response: web.StreamResponse, inference: Inference, number: int) -> None:
        reply = inference.reply

        async def send(choices: list[dict[str, Any]], usage: dict[str, Any] | None = None) -> None:
            chunk = {
                "id": f"chatcmpl-{number}",
                "object": "chat.completion.chunk",
                "created": 1_767_225_600,
                "model": SERVED_MODEL,
                "choices": choices,
                "usage": usage,
            }
            await response.write(f"data: {json.dumps(chunk)}\n\n".encode())

        def choice(delta: dict[str, Any], finish: str | None = None) -> list[dict[str, Any]]:
            return [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]

        await asyncio.sleep(_FIRST_TOKEN_SECS)
        await send(choice({"role": "assistant", "content": None if reply.calls and not reply.text else ""}))
        for delta in _deltas(reply):
            if inference.first_token_ns is not None:
                await asyncio.sleep(reply.token_secs)
            await send(choice(delta))
            inference.last_token_ns = time.monotonic_ns()
            inference.first_token_ns = inference.first_token_ns or inference.last_token_ns
            inference.sent += delta.get("content", "")
        await send(choice({}, "tool_calls" if reply.calls else "stop"))
        await send([], _usage(reply.usage))
        inference.reported = reply.usage
        await response.write(b"data: [DONE]\n\n")
        await response.write_eof()
        inference.ended_ns = time.monotonic_ns()


def _deltas(reply: Reply) -> Iterator[dict[str, Any]]:
    for token in re.findall(r"\s*\S+", reply.text):
        yield {"content": token}
    for index, call in enumerate(reply.calls):
        opening = {"id": call.id, "type": "function", "function": {"name": call.function, "arguments": ""}}
        yield {"tool_calls": [{"index": index, **opening}]}
        arguments = json.dumps(call.arguments)
        for at in range(0, len(arguments), _ARGUMENTS_PIECE):
            piece = arguments[at : at + _ARGUMENTS_PIECE]
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion,
        "prompt_tokens_details": {"cached_tokens": usage.cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning, "audio_tokens": 0},
    }
