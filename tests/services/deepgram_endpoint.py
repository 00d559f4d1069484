"""An endpoint that speaks Deepgram's live transcription protocol, and transcribes the audio it is sent."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMessage, WSMsgType, web

from tests.services.speech import RATE, Speech, Word

SERVED_MODEL = "general-nova-3"

LANGUAGE = "en"
"""The language detected in everything."""

# How far a transcript is behind its audio: so little that words are transcribed before the voice is decided upon.
_LATENCY_SECS = 0.02
# Deepgram sends interim results a few times a second.
_INTERIM_SECS = 0.3


TimedWords = tuple[tuple[Word, float], ...]
"""Words with the second of the audio in which each began."""


@dataclass(frozen=True)
class Result:
    """A transcript that was sent.

    Attributes:
        text: The words.
        is_final: Whether they will not change any more.
        from_finalize: Whether the client asked for them with Finalize.
        sent_ns: When it left, on the monotonic clock.
    """

    text: str
    is_final: bool
    from_finalize: bool
    sent_ns: int


@dataclass
class Listening:
    """What the endpoint was sent and what it answered.

    Attributes:
        options: The query of the connection.
        audio_secs: Seconds of audio that arrived, silence included.
        first_audio_ns: When the first arrived, on the monotonic clock; None if none did.
        results: The transcripts, in order.
        controls: The control messages that arrived, in order.
    """

    options: dict[str, str] = field(default_factory=dict)
    audio_secs: float = 0.0
    first_audio_ns: int | None = None
    results: list[Result] = field(default_factory=list)
    controls: list[str] = field(default_factory=list)

    @property
    def finals(self) -> list[Result]:
        """The results that will not change."""
        return [result for result in self.results if result.is_final]


class DeepgramEndpoint:
    """Sends interim results while it hears words, a final one at a comma, and the rest on Finalize.

    Attributes:
        listening: The connection; the service makes one for a call.
    """

    def __init__(self, speech: Speech) -> None:
        self.listening = Listening()
        self._speech = speech
        self._words: list[tuple[Word, float]] = []
        self._interim_at = 0.0
        self._outbox: asyncio.Queue[tuple[float, TimedWords, bool, bool]] = asyncio.Queue()

    def add_to(self, app: web.Application) -> None:
        app.router.add_get("/v1/listen", self._listen)

    async def _listen(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.listening.options = dict(request.query)
        answering = asyncio.create_task(self._answer(socket))
        message: WSMessage
        try:
            async for message in socket:
                if message.type is WSMsgType.BINARY:
                    self._hear(message.data)
                elif message.type is WSMsgType.TEXT:
                    control = json.loads(message.data)["type"]
                    self.listening.controls.append(control)
                    if control == "Finalize":
                        self._transcribe(is_final=True, from_finalize=True)
                    elif control == "CloseStream":
                        await socket.send_json(_metadata(self.listening.audio_secs))
                        break
        finally:
            answering.cancel()
            await asyncio.wait({answering})
        await socket.close()
        return socket

    def _hear(self, audio: bytes) -> None:
        listening = self.listening
        listening.first_audio_ns = listening.first_audio_ns or time.monotonic_ns()
        for word, secs in self._speech.hear(audio):
            if word is not None and (not self._words or self._words[-1][0] is not word):
                if self._words and self._words[-1][0].text.endswith(","):
                    self._transcribe(is_final=True)
                self._words.append((word, listening.audio_secs))
            listening.audio_secs += secs
            if word is not None and listening.audio_secs >= self._interim_at:
                self._interim_at = listening.audio_secs + _INTERIM_SECS
                self._transcribe(is_final=False)

    def _transcribe(self, *, is_final: bool, from_finalize: bool = False) -> None:
        due = asyncio.get_running_loop().time() + _LATENCY_SECS
        self._outbox.put_nowait((due, tuple(self._words), is_final, from_finalize))
        if is_final:
            self._words.clear()

    async def _answer(self, socket: web.WebSocketResponse) -> None:
        while True:
            due, words, is_final, from_finalize = await self._outbox.get()
            await asyncio.sleep(due - asyncio.get_running_loop().time())
            text = " ".join(word.text for word, _ in words)
            await socket.send_json(_results(words, text, is_final=is_final, from_finalize=from_finalize))
            self.listening.results.append(Result(text, is_final, from_finalize, time.monotonic_ns()))


def _results(words: TimedWords, text: str, **flags: bool) -> dict[str, Any]:
    start = words[0][1] if words else 0.0
    end = words[-1][1] + words[-1][0].secs if words else start
    timed = [
        {
            "word": word.text.strip(".,?!").lower(),
            "punctuated_word": word.text,
            "start": at,
            "end": at + word.secs,
            "confidence": 0.99,
            "language": LANGUAGE,
        }
        for word, at in words
    ]
    alternative: dict[str, Any] = {"transcript": text, "confidence": 0.99, "words": timed}
    if words:
        alternative["languages"] = [LANGUAGE]
    return {
        "type": "Results",
        "channel_index": [0, 1],
        "start": start,
        "duration": end - start,
        **flags,
        "speech_final": flags["from_finalize"],
        "channel": {"alternatives": [alternative]},
        "metadata": {
            "request_id": "8a8b2d2e-0000-4000-8000-000000000001",
            "model_info": {"name": SERVED_MODEL, "version": "2025-04-17.21547", "arch": "nova-3"},
            "model_uuid": "8a8b2d2e-0000-4000-8000-000000000002",
        },
    }


def _metadata(audio_secs: float) -> dict[str, Any]:
    return {
        "type": "Metadata",
        "transaction_key": "deprecated",
        "request_id": "8a8b2d2e-0000-4000-8000-000000000001",
        "sha256": "0" * 64,
        "created": "2026-01-01T00:00:00.000Z",
        "duration": audio_secs,
        "channels": 1,
        "sample_rate": RATE,
    }
