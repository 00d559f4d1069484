"""A server that takes calls, and fails in all the ways that servers fail."""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

_FATES = {
    "dropped unread": 8,
    "dropped unstored": 8,
    "500": 10,
    "429": 8,
    "stored, then dropped": 10,
    "stored, then 500": 6,
    "stored": 50,
}


@dataclass
class Server:
    """What came, and what became of it.

    Like the servers that know an Idempotency-Key, it keeps the first that came under a key, and never looks at
    the others.

    Attributes:
        dice: Decides on each request.
        on_upload: Told of each upload that was read, before and after it may be stored; it may kill the sender.
        well: Whether it no longer fails.
        stored: The calls, by key.
        requests: How many requests met each fate.
        arrivals: How often each key came with a whole body.
        duplicates: How many whole bodies came under a key that was stored.
        changed: Keys that came again with another body.
    """

    dice: random.Random
    on_upload: Callable[[str, str], Awaitable[None]]
    well: bool = False
    stored: dict[str, bytes] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    arrivals: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0
    changed: set[str] = field(default_factory=set)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Take a call, or not."""
        (fate,) = ["stored"] if self.well else self.dice.choices(list(_FATES), list(_FATES.values()))
        self.requests[fate] += 1
        if fate == "dropped unread":
            return _drop(request)
        content = await request.read()
        body = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
        key, call_id = request.headers["Idempotency-Key"], str(json.loads(body)["call_id"])
        self.arrivals[key] += 1
        await self.on_upload(call_id, "read")
        if fate == "429":
            return web.Response(status=429, headers={"Retry-After": "1"})
        if fate == "500":
            return web.Response(status=500)
        if fate == "dropped unstored":
            return _drop(request)
        again = key in self.stored
        if again:
            self.duplicates += 1
            if self.stored[key] != body:
                self.changed.add(key)
        self.stored.setdefault(key, body)
        await self.on_upload(call_id, "stored")
        if fate == "stored, then dropped":
            return _drop(request)
        if fate == "stored, then 500":
            return web.Response(status=500)
        return web.Response(status=self.dice.choice([200, 409]) if again else 201)


def _drop(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


@asynccontextmanager
async def serving(server: Server) -> AsyncIterator[str]:
    """Run the server on loopback, and say its URL."""
    app: Any = web.Application(client_max_size=2**28)
    app.router.add_post("/calls", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/calls"
    finally:
        await runner.cleanup()
