"""A text aggregator that cuts sentences without a language model's data files."""

import re
from collections.abc import AsyncIterator

from pipecat.utils.text.base_text_aggregator import Aggregation, BaseTextAggregator

# Punctuation and white space are only known to end a sentence once something follows them.
_BOUNDARY = re.compile(r"(?<=[.!?…])\s+(?=\S)")


class SentenceAggregator(BaseTextAggregator):
    """Cuts text after `.`, `!`, `?` and `…` where white space follows.

    Pipecat's own aggregator asks a sentence tokenizer, which on Pipecat 1.4 needs data downloaded from the
    network, and whose judgement differs between releases. A scripted call should depend on neither.
    """

    def __init__(self) -> None:
        """Begin with nothing buffered."""
        super().__init__()
        self._buffered = ""

    @property
    def text(self) -> Aggregation:
        """What is buffered so far."""
        return Aggregation(text=self._buffered.strip(), type="sentence")

    async def aggregate(self, text: str) -> AsyncIterator[Aggregation]:
        """Add text and yield the sentences that it completes.

        Args:
            text: The next piece of the stream.

        Yields:
            The sentences, without surrounding white space.
        """
        *sentences, self._buffered = _BOUNDARY.split(self._buffered + text)
        for sentence in sentences:
            yield Aggregation(text=sentence.strip(), type="sentence")

    async def flush(self) -> Aggregation | None:
        """Return the rest as a sentence, or None if nothing is left."""
        rest = self.text
        await self.reset()
        return rest if rest.text else None

    async def handle_interruption(self) -> None:
        """Drop what is buffered."""
        await self.reset()

    async def reset(self) -> None:
        """Drop what is buffered."""
        self._buffered = ""
