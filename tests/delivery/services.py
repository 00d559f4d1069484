"""Tuner, Roark and a storage behind presigned URLs, as much of them as a call meets, on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from flows_analytics.calls.record import CallRecord
from flows_analytics.delivery.upload import Upload
from tests.services.loopback import serve

KEY = "rk_live_4f9-the-planted-key"
SIGNATURE = "Signature=planted%2Fsecret%2B"


@dataclass
class Request:
    """A request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Service:
    """Keeps every request, and answers each as `answer` says.

    Attributes:
        answer: Gets a request and gives a status, a body, and headers; None is the service's usual answer.
        took: The requests in the order in which their answers began.
    """

    answer: Callable[[Request], tuple[int, Any, dict[str, str]] | None] = lambda _: None
    secs: float = 0.0
    took: list[Request] = field(default_factory=list)
    wrapped: bool = False

    def add_to(self, app: web.Application) -> None:
        app.router.add_route("*", "/{rest:.*}", self._take)

    async def _take(self, http: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in http.headers.items()}
        request = Request(http.method, http.raw_path, headers, await http.read())
        self.took.append(request)
        await asyncio.sleep(self.secs)
        status, body, headers = self.answer(request) or (200, self._usual(request), {})
        return web.Response(status=status, body=json.dumps(body).encode(), headers=headers)

    def _usual(self, request: Request) -> Any:
        if not request.path.endswith("/chunk-upload-url"):
            return {"ok": True}
        index = request.json["chunkIndex"]
        told = {"uploadUrl": f"http://{request.headers['host']}/bucket/{index}?X-{SIGNATURE}"}
        return {"data": told} if self.wrapped else told

    def of(self, *endings: str) -> list[Request]:
        """Those requests whose path ends in, or goes through, one of these."""
        return [request for request in self.took if any(ending in request.path for ending in endings)]

    @property
    def events(self) -> list[str]:
        """What Roark was told, in order: events, chunks asked for, chunks put."""
        return [
            f"put {request.path.split('?')[0]}"
            if request.method == "PUT"
            else request.json.get("event") or f"ask {request.json['chunkIndex']}"
            for request in self.took
        ]


def told(
    record: CallRecord, make_sink: Callable[[str], Any], service: Service | None = None, **upload: Any
) -> Any:
    """Upload a call to a service on loopback; returns the service and what `upload` raised."""
    service = service or Service()

    async def main() -> Exception | None:
        async with serve(service) as address:
            sink = make_sink(f"http://{address}")
            try:
                await sink.upload(Upload(**{"record": record, "key": "key-1", **upload}))
            except Exception as error:
                return error
            finally:
                await sink.close()
        return None

    return service, asyncio.run(main())
