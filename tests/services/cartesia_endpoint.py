"""An endpoint that speaks Cartesia's websocket protocol: audio in contexts, with the times of the words."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMessage, WSMsgType, web

from tests.services.speech import Speech, Word

_FIRST_AUDIO_SECS = 0.09
# A word's audio leaves much faster than it plays.
_CHUNK_EVERY_SECS = 0.02


@dataclass
class SpokenContext:
    """What was spoken in one context. Times are nanoseconds of the monotonic clock, None if it did not happen.

    Attributes:
        id: The context, chosen by the service.
        model: The model asked for.
        voice: The voice asked for.
        texts: The texts asked for, in order.
        asked_ns: When each was.
        words: The words whose audio was made.
        first_audio_ns: When the first audio left.
        last_audio_ns: When the latest audio left.
        done_ns: When all audio had left.
        cancelled_ns: When the service asked to stop.
    """

    id: str
    model: str
    voice: str
    texts: list[str] = field(default_factory=list)
    asked_ns: list[int] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    first_audio_ns: int | None = None
    last_audio_ns: int | None = None
    done_ns: int | None = None
    cancelled_ns: int | None = None

    @property
    def characters(self) -> int:
        """How much text was asked for."""
        return sum(map(len, self.texts))


class CartesiaEndpoint:
    """Speaks what it is asked to, one context after the other.

    Attributes:
        contexts: The contexts, by their id, in the order in which they were opened.
    """

    def __init__(self, speech: Speech) -> None:
        self.contexts: dict[str, SpokenContext] = {}
        self._speech = speech
        self._speakers: dict[str, tuple[asyncio.Queue[str | None], asyncio.Task[None]]] = {}

    def add_to(self, app: web.Application) -> None:
        app.router.add_get("/tts/websocket", self._speak)

    async def _speak(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        message: WSMessage
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._take(socket, json.loads(message.data))
        finally:
            speakers = [task for _, task in self._speakers.values()]
            for task in speakers:
                task.cancel()
            await asyncio.gather(*speakers, return_exceptions=True)
        return socket

    def _take(self, socket: web.WebSocketResponse, asked: dict[str, Any]) -> None:
        context_id = asked["context_id"]
        if asked.get("cancel"):
            if context_id in self._speakers:
                self._speakers.pop(context_id)[1].cancel()
                self.contexts[context_id].cancelled_ns = time.monotonic_ns()
            return
        if context_id not in self.contexts:
            context = SpokenContext(context_id, asked["model_id"], asked["voice"]["id"])
            self.contexts[context_id] = context
            queue: asyncio.Queue[str | None] = asyncio.Queue()
            speaker = asyncio.create_task(self._serve(socket, context, queue))
            self._speakers[context_id] = (queue, speaker)
        context, queue = self.contexts[context_id], self._speakers[context_id][0]
        if asked["transcript"]:
            context.texts.append(asked["transcript"])
            context.asked_ns.append(time.monotonic_ns())
            queue.put_nowait(asked["transcript"])
        if not asked["continue"]:
            queue.put_nowait(None)

    async def _serve(
        self, socket: web.WebSocketResponse, context: SpokenContext, queue: asyncio.Queue[str | None]
    ) -> None:
        async def send(kind: str, done: bool = False, **content: Any) -> None:
            status = 200 if done else 206
            message = {"type": kind, "context_id": context.id, "done": done, "status_code": status, **content}
            await socket.send_json(message)

        await asyncio.sleep(_FIRST_AUDIO_SECS)
        at = 0.0
        flushes = 0
        while (text := await queue.get()) is not None:
            words = self._speech.say(text)
            starts, ends = [], []
            for word in words:
                starts.append(round(at, 3))
                at += word.secs
                ends.append(round(at, 3))
            for number, word in enumerate(words):
                await send("chunk", data=base64.b64encode(word.audio).decode(), step_time=12.3)
                context.words.append(word)
                context.last_audio_ns = time.monotonic_ns()
                context.first_audio_ns = context.first_audio_ns or context.last_audio_ns
                if number == 0:
                    timed = {"words": [word.text for word in words], "start": starts, "end": ends}
                    await send("timestamps", word_timestamps=timed)
                await asyncio.sleep(_CHUNK_EVERY_SECS)
            flushes += 1
            await send("flush_done", flush_done=True, flush_id=flushes)
        await send("done", done=True)
        context.done_ns = time.monotonic_ns()
