"""What really happened in a call, as the endpoints and the telephone noted it."""

from __future__ import annotations

from dataclasses import dataclass

from tests.services.cartesia_endpoint import SpokenContext
from tests.services.deepgram_endpoint import Listening
from tests.services.openai_endpoint import Inference, Reply, Usage
from tests.services.phone import Hearsay, Played, Utterance


@dataclass(frozen=True)
class Answer:
    """One answer of the bot, from the model to the loudspeaker.

    Attributes:
        inference: What the model said.
        context: What was spoken of it.
        played: The words that were played, the last one perhaps in part.
        interrupted: Whether it was cut off while it was played.
    """

    inference: Inference
    context: SpokenContext
    played: list[Played]
    interrupted: bool

    @property
    def heard(self) -> str:
        """The words the caller heard."""
        return " ".join(played.word.text for played in self.played)

    @property
    def began_ns(self) -> int:
        """When the first sample was played."""
        return self.played[0].began_ns

    @property
    def ended_ns(self) -> int:
        """When the last one was."""
        return self.played[-1].ended_ns


@dataclass(frozen=True)
class Truth:
    """What really happened, on the monotonic clock of the process, in nanoseconds.

    Attributes:
        zero_ns: When the pipeline's clock was zero, which is where a record's milliseconds begin.
        connected_ns: When the caller was connected.
        finished_ns: When the pipeline had finished.
        hearsay: What was said and heard on the telephone.
        listening: What the recognizer was sent and answered.
        inferences: What the model was asked and answered, in order.
        unasked: The replies of the script that nobody asked for.
        contexts: What was spoken, in order.
    """

    zero_ns: int
    connected_ns: int
    finished_ns: int
    hearsay: Hearsay
    listening: Listening
    inferences: list[Inference]
    unasked: list[Reply]
    contexts: list[SpokenContext]

    def ms(self, at_ns: int) -> float:
        """Turn a time into that of the record, in milliseconds."""
        return (at_ns - self.zero_ns) / 1e6

    @property
    def utterances(self) -> list[Utterance]:
        """What the caller said, in order."""
        return self.hearsay.utterances

    @property
    def reported(self) -> list[Usage]:
        """The tokens that the model reported, one for each inference that was not cut off."""
        return [inference.reported for inference in self.inferences if inference.reported]

    @property
    def characters(self) -> int:
        """How much text was to be spoken, whether it was played or not."""
        return sum(context.characters for context in self.contexts)

    @property
    def waits_ns(self) -> list[tuple[int, int]]:
        """What the caller waited for each answer: from the connection, then from the end of what he said."""
        since = [self.connected_ns, *(utterance.ended_ns for utterance in self.utterances)]
        return [(at_ns, answer.began_ns) for at_ns, answer in zip(since, self.answers, strict=True)]

    @property
    def answers(self) -> list[Answer]:
        """What the bot answered, in order: one for each inference with a text, which is one context."""
        spoken = [inference for inference in self.inferences if inference.sent]
        return [
            Answer(inference, context, played, any(_during(played, at) for at in self.hearsay.cut_ns))
            for inference, context in zip(spoken, self.contexts, strict=True)
            if (
                played := [self.hearsay.played[w.number] for w in context.words if w.number in self.hearsay.played]
            )
        ]


# A loudspeaker may have run dry for a moment when it is cut off.
_DRY_NS = 100_000_000


def _during(played: list[Played], at_ns: int) -> bool:
    return played[0].began_ns <= at_ns <= played[-1].ended_ns + _DRY_NS
