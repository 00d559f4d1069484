"""What really happened in a call, told by the scripted services and the loudspeaker themselves.

Nothing here comes from a frame an observer sees. The caller's speech is timed where the script speaks it, the
bot's words are read from the samples that the loudspeaker plays, runs of services and tools where they run. All
times are milliseconds on the axis of the record: since the pipeline clock of the transport's worker started::

    truth = Truth()
    bot = ScriptedBot(observers=[observer], on_happening=truth.take)
    ... hold the call ...
    assert record.turns[0].start_ms == pytest.approx(truth.bot[0].start_ms, abs=20)
    first_wait = truth.bot[1].start_ms - truth.caller[0].end_ms
"""

from __future__ import annotations

import asyncio
import functools
from dataclasses import dataclass, replace
from typing import Any

from flows_analytics.testing.happening import Happening


@dataclass(frozen=True)
class CallerSpeech:
    """The caller speaking once.

    Attributes:
        text: The words.
        start_ms: When the voice began, before anything detected it.
        end_ms: When it ended, before anything detected that; None if the call was over first.
        transcribed_ms: When the recognizer gave the final transcript; None if it gave none.
    """

    text: str
    start_ms: float
    end_ms: float | None = None
    transcribed_ms: float | None = None


@dataclass(frozen=True)
class HeardWord:
    """A word, or the beginning of one, that the loudspeaker played.

    Attributes:
        word: The word.
        start_ms: When its first sample was played.
        end_ms: When the last sample of it that was played ended.
    """

    word: str
    start_ms: float
    end_ms: float


@dataclass(frozen=True)
class BotSpeech:
    """What was heard of one TTS context: an answer of the LLM, or one thing asked for by other means.

    Attributes:
        tts: Name of the service.
        asked: All its words, heard or not, as far as they were synthesized.
        heard: The words that had begun when the speech ended or was cut. What a loudspeaker still plays after it
            was told to stop, less than a chunk of 40 ms, makes no word heard.
        start_ms: When its first sample was played.
        end_ms: When its voice ended: with the last word, or when the loudspeaker was told to stop.
        sounded_until_ms: When the loudspeaker was done with its last chunk: later than `end_ms` by what a Pipecat
            pads it with or still lets play after an interruption, never more than 40 ms.
        words: The words heard, each with its times.
    """

    tts: str
    asked: str
    heard: str
    start_ms: float
    end_ms: float
    sounded_until_ms: float
    words: tuple[HeardWord, ...]

    @property
    def cut(self) -> bool:
        """Whether words are missing."""
        return self.heard != self.asked


@dataclass(frozen=True)
class Inference:
    """A run of an LLM.

    Attributes:
        llm: Name of the service.
        text: What it was going to say; None if it called functions or failed.
        asked_ms: When it was asked.
        answered_ms: When its first token, or its function call, was there; None if it failed or was cut off first.
        done_ms: When it ended, by itself or cut off; None if it never did.
    """

    llm: str
    text: str | None
    asked_ms: float
    answered_ms: float | None = None
    done_ms: float | None = None


@dataclass(frozen=True)
class Synthesis:
    """A request to a speech service: one sentence, or a whole text.

    Attributes:
        tts: Name of the service.
        text: The text.
        context_id: The TTS context, shared by the sentences of an answer.
        asked_ms: When it was asked.
        audio_ms: When its first audio was there, on its way to the loudspeaker; None if it was cut off first.
        done_ms: When its last audio was there, or it was cut off; None if neither happened.
    """

    tts: str
    text: str
    context_id: str
    asked_ms: float
    audio_ms: float | None = None
    done_ms: float | None = None


@dataclass(frozen=True)
class ToolRun:
    """A run of a function handler wrapped by `Truth.tool`.

    Attributes:
        function: Its name.
        began_ms: When it began.
        ended_ms: When it ended; None if it never did.
        outcome: ``returned``, ``raised`` or ``cancelled``; ``running`` if it never ended.
    """

    function: str
    began_ms: float
    ended_ms: float | None = None
    outcome: str = "running"

    @property
    def duration_ms(self) -> float:
        """How long it took, of a run that ended."""
        assert self.ended_ms is not None, f"{self.function} never ended"
        return self.ended_ms - self.began_ms


class Truth:
    """Collects what happens in one call, and tells it.

    Attributes:
        happenings: Everything, in the order in which it was told, times of the event loop.
        zero: Loop time at which the pipeline clock of the transport's worker started, in seconds.
    """

    def __init__(self) -> None:
        self.happenings: list[Happening] = []
        self._tools: list[tuple[str, float, list[tuple[float, str]]]] = []

    def take(self, happening: Happening) -> None:
        """Take one happening: what to give to ``ScriptedBot(on_happening=...)``."""
        self.happenings.append(happening)

    def tool(self, handler: Any) -> Any:
        """Wrap the handler of a function, so that its runs are known."""

        @functools.wraps(handler)
        async def run(*args: Any, **kwargs: Any) -> Any:
            end: list[tuple[float, str]] = []
            self._tools.append((handler.__name__, _now(), end))
            outcome = "raised"
            try:
                result = await handler(*args, **kwargs)
                outcome = "returned"
                return result
            except asyncio.CancelledError:
                outcome = "cancelled"
                raise
            finally:
                end.append((_now(), outcome))

        return run

    @property
    def zero(self) -> float:
        started = [happening.at for happening in self.happenings if happening.what == "clock_started"]
        assert started, "no transport has started: a text pipeline has no axis"
        return started[0]

    def at_ms(self, loop_time: float) -> float:
        """Place a time of the event loop on the axis of the record."""
        return (loop_time - self.zero) * 1000

    @property
    def caller(self) -> list[CallerSpeech]:
        """What the caller said, in order."""
        speeches: list[CallerSpeech] = []
        for happening in self.happenings:
            at_ms = self.at_ms(happening.at)
            if happening.what == "caller_began":
                speeches.append(CallerSpeech(happening.text or "", at_ms))
            elif happening.what == "caller_ended":
                speeches[-1] = replace(speeches[-1], end_ms=at_ms)
            elif happening.what == "transcribed":
                of = next(
                    i
                    for i in reversed(range(len(speeches)))
                    if speeches[i].text == happening.text and speeches[i].transcribed_ms is None
                )
                speeches[of] = replace(speeches[of], transcribed_ms=at_ms)
        return speeches

    @property
    def bot(self) -> list[BotSpeech]:
        """What was heard of the bot, in order."""
        contexts: dict[str, list[tuple[int, str]]] = {}
        voices: dict[str, str] = {}
        played: dict[int, HeardWord] = {}
        chunk_end_ms: dict[int, float] = {}
        for happening in self.happenings:
            if happening.what == "tts_audio":
                context = happening.context_id or ""
                voices[context] = happening.who
                words = contexts.setdefault(context, [])
                words += [(word.mark, word.word or "") for word in happening.words]
            elif happening.what == "audio_played":
                for word in happening.words:
                    at_ms, until_ms = self.at_ms(word.at), self.at_ms(word.until)
                    known = played.get(word.mark)
                    played[word.mark] = HeardWord("", known.start_ms if known else at_ms, until_ms)
                    chunk_end_ms[word.mark] = self.at_ms(happening.until or happening.at)
        speeches: list[BotSpeech] = []
        for context, asked in contexts.items():
            marks = [(mark, word) for mark, word in asked if mark in played]
            if not marks:
                continue
            start_ms, end_ms = played[marks[0][0]].start_ms, played[marks[-1][0]].end_ms
            cuts = [at_ms for at_ms in self.interrupted_ms if start_ms <= at_ms < end_ms]
            end_ms = min([end_ms, *cuts])
            heard = tuple(
                HeardWord(word, played[mark].start_ms, min(played[mark].end_ms, end_ms))
                for mark, word in marks
                if played[mark].start_ms < end_ms
            )
            if heard:
                speeches.append(
                    BotSpeech(
                        tts=voices[context],
                        asked=" ".join(word for _, word in asked),
                        heard=" ".join(word.word for word in heard),
                        start_ms=start_ms,
                        end_ms=end_ms,
                        sounded_until_ms=chunk_end_ms[marks[-1][0]],
                        words=heard,
                    )
                )
        return sorted(speeches, key=lambda speech: speech.start_ms)

    @property
    def connected_ms(self) -> float:
        """When the caller connected."""
        return next(self.at_ms(happening.at) for happening in self.happenings if happening.what == "connected")

    def latency_ms(self, speech: BotSpeech) -> float:
        """How long the caller waited for a speech of the bot, in the sense of docs/metrics.md.

        From the end of the caller's last speech before it, or from the connection for what comes before any, to
        its first sample. It says nothing of a speech that follows another of the bot without the caller between.
        """
        ends = [said.end_ms for said in self.caller if said.end_ms is not None and said.end_ms <= speech.start_ms]
        return speech.start_ms - (ends[-1] if ends else self.connected_ms)

    @property
    def interrupted_ms(self) -> list[float]:
        """When the loudspeaker was told to drop what it still had to play, whether it had anything or not."""
        return [self.at_ms(happening.at) for happening in self.happenings if happening.what == "interrupted"]

    @property
    def inferences(self) -> list[Inference]:
        """The runs of all LLMs, in the order in which they were asked."""
        runs: list[Inference] = []
        for happening in self.happenings:
            at_ms = self.at_ms(happening.at)
            if happening.what == "llm_asked":
                runs.append(Inference(happening.who, happening.text, at_ms))
            elif happening.what in ("llm_answered", "llm_done"):
                of = next(
                    i
                    for i in reversed(range(len(runs)))
                    if runs[i].llm == happening.who and runs[i].done_ms is None
                )
                field = "answered_ms" if happening.what == "llm_answered" else "done_ms"
                runs[of] = replace(runs[of], **{field: at_ms})
        return runs

    @property
    def syntheses(self) -> list[Synthesis]:
        """The requests to all speech services, in order."""
        requests: list[Synthesis] = []
        for happening in self.happenings:
            at_ms = self.at_ms(happening.at)
            if happening.what == "tts_asked":
                asked = Synthesis(happening.who, happening.text or "", happening.context_id or "", at_ms)
                requests.append(asked)
            elif happening.what in ("tts_audio", "tts_done"):
                of = next(
                    i
                    for i in reversed(range(len(requests)))
                    if requests[i].context_id == happening.context_id
                    and requests[i].text == happening.text
                    and requests[i].done_ms is None
                )
                field = "audio_ms" if happening.what == "tts_audio" else "done_ms"
                requests[of] = replace(requests[of], **{field: at_ms})
        return requests

    @property
    def tools(self) -> list[ToolRun]:
        """The runs of the handlers wrapped by `tool`, in order."""
        return [
            ToolRun(
                function, self.at_ms(began), *((self.at_ms(end[0][0]), end[0][1]) if end else (None, "running"))
            )
            for function, began, end in self._tools
        ]


def _now() -> float:
    return asyncio.get_running_loop().time()
