"""What really happened in a scripted call, told by those who did it."""

from dataclasses import dataclass
from typing import Literal

What = Literal[
    "clock_started",
    "connected",
    "caller_began",
    "caller_ended",
    "transcribed",
    "llm_asked",
    "llm_answered",
    "llm_done",
    "tts_asked",
    "tts_audio",
    "tts_done",
    "audio_played",
    "interrupted",
]
"""The kinds of happenings.

- ``clock_started``: the pipeline clock of the transport's worker was zero at ``at``, so that all others can be
  placed on it. Not told in a text pipeline.
- ``connected``: the caller connected.
- ``caller_began``, ``caller_ended``: the caller's voice, not its detection. ``text``.
- ``transcribed``: the recognizer gave its final transcript. ``text``.
- ``llm_asked``, ``llm_answered``, ``llm_done``: a run of the LLM: its request, its first token or function call,
  its end, by itself or cut off. ``text`` is what it was going to say, None if it calls functions or fails.
- ``tts_asked``, ``tts_audio``, ``tts_done``: the speech of one text: the request, its first audio, its last audio
  delivered, or the cut. ``text``, ``context_id``; with the first audio ``words``, all of them.
- ``audio_played``: the loudspeaker played a chunk from ``at`` to ``until``. ``words`` are those in it.
- ``interrupted``: the loudspeaker was told to drop what it still had to play.
"""


@dataclass(frozen=True)
class SpokenWord:
    """A word in the audio of a scripted voice.

    Attributes:
        mark: Number of the word in the call. Every sample of the word has this value, so that whoever plays the
            audio knows the word.
        word: The word; None where only audio is known.
        at: Loop time at which it began to play; of audio still to be played,
            seconds after its context began.
        until: Loop time, or seconds, at which it ended.
    """

    mark: int
    word: str | None
    at: float
    until: float


@dataclass(frozen=True)
class Happening:
    """One thing that happened in a scripted call.

    Attributes:
        what: What it was.
        at: When: time of the event loop, in seconds.
        who: Name of the service or transport; empty where there is but one.
        text: The words it is about; None if it is about none.
        context_id: The TTS context it is about; None if it is about none.
        until: When it ended, in the same unit as ``at``; None for what has no length.
        words: The words it is about.
    """

    what: What
    at: float
    who: str = ""
    text: str | None = None
    context_id: str | None = None
    until: float | None = None
    words: tuple[SpokenWord, ...] = ()
