"""What differs between the Pipecat lines for these services.

Their constructors take the same arguments on both: an address and a `Settings` object.
"""

from __future__ import annotations

import re
from typing import Any

import pipecat.utils.string
from pytest import MonkeyPatch

_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")


def cut_sentences_without_downloads(monkeypatch: MonkeyPatch) -> None:
    """Let speech services find the ends of sentences offline.

    Until 1.12 Pipecat asks NLTK, whose tokenizer is data that it downloads when it is first imported.
    """
    if hasattr(pipecat.utils.string, "sent_tokenize"):
        monkeypatch.setattr(pipecat.utils.string, "sent_tokenize", _sentences)


def _sentences(text: str, *_: Any, **__: Any) -> list[str]:
    return _SENTENCE_END.split(text)
