"""The name of the file that keeps a snapshot: that of its test, as far as file systems take it."""

from __future__ import annotations

import hashlib
import re
import unicodedata

# What no name of a file may hold on one system or another.
_REFUSED = re.compile(r'[\\/?*:|"<>]')
# Names of files end at 255 bytes nearly everywhere; what ends them, such as ".json", is not counted here.
_LONGEST = 255 - len(".json")
# Which of the test's comparisons it is: a number, or the name it was given.
_WHICH = re.compile(r"(?:\.\d{1,6}|\[.*)?", re.DOTALL)
_LONGEST_GIVEN = 80


def snapshot_stem(test: str, index: int | str = 0) -> str:
    """Name the file of a snapshot, without its extension.

    Ordinary names are those of their tests. A name of which something had to be left out gets a short hash of the
    whole, so that no two tests share a file. So does a value in a name (a parameter, or the name of a comparison)
    with capital letters: ``[A]`` and ``[a]`` are one file to macOS and Windows. Functions and classes keep their
    capitals without a hash, because nobody has two that differ in these only.

    Args:
        test: Name of the test, with its class and parameters.
        index: Which of the test's comparisons it is: its number, or the name that was given to it.

    Returns:
        The name, at most 250 bytes long.
    """
    given = _safe(f"[{index}]", _LONGEST_GIVEN) if isinstance(index, str) else f".{index}" if index else ""
    return _safe(test, _LONGEST - len(given.encode())) + given


def is_stem_of(stem: str, test: str) -> bool:
    """Say whether a file may keep a snapshot of a test.

    Args:
        stem: Name of the file, without its extension.
        test: Name of the test, with its class and parameters.
    """
    return any(
        _WHICH.fullmatch(stem, cut) and _safe(test, _LONGEST - len(stem[cut:].encode())) == stem[:cut]
        for cut in range(len(stem), 0, -1)
    )


def _safe(name: str, limit: int) -> str:
    kept = "".join(char for char in name if unicodedata.category(char)[0] != "C")
    safe = _cut(_REFUSED.sub("", kept), limit)
    values = name[name.find("[") :] if "[" in name else ""
    if safe == name and _one_of_its_kind(values):
        return name
    digest = f".{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
    return _cut(safe, limit - len(digest)) + digest


def _one_of_its_kind(values: str) -> bool:
    """Whether file systems that overlook capitals, and how accents are written, take no other text for it."""
    return unicodedata.normalize("NFC", values).casefold() == values


def _cut(text: str, limit: int) -> str:
    return text.encode()[:limit].decode(errors="ignore")
