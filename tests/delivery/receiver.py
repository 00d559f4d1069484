"""A server on loopback that takes calls, and answers as the test says."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Receiver:
    """What came, and what is answered next.

    Attributes:
        answers: The next answers; then 200.
        requests: What came, in order.
        bodies: Their bodies, unpacked.
        arrived: Set by the first request.
        url: Where it is.
    """

    answers: deque[Answer] = field(default_factory=deque)
    requests: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    @property
    def keys(self) -> list[str]:
        return [request.headers["Idempotency-Key"] for request in self.requests]

    @property
    def calls(self) -> list[Any]:
        return [json.loads(body)["call_id"] for body in self.bodies]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        content = await request.read()
        self.requests.append(request)
        self.bodies.append(gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content)
        self.arrived.set()
        answer = self.answers.popleft() if self.answers else status(200)
        return await answer(request)


def status(code: int, **headers: str) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        # It repeats what it was sent, as some servers do.
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=code, text="you sent SECRET WORDS", headers=names)

    return answer


async def never(request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


async def half(request: web.Request) -> web.StreamResponse:
    """Say 200 and die in the middle of the body."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b"you sent")
    assert request.transport is not None
    request.transport.abort()
    return response


@asynccontextmanager
async def receiver(*answers: Answer) -> AsyncIterator[Receiver]:
    taking = Receiver(deque(answers))
    app = web.Application(client_max_size=2**30)
    app.router.add_route("*", "/{path:.*}", taking.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        taking.url = f"http://127.0.0.1:{runner.addresses[0][1]}/calls"
        yield taking
    finally:
        await runner.cleanup()
