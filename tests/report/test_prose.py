"""Sentences with names of another direction."""

from __future__ import annotations

import pytest

from flows_analytics.report.prose import prose


@pytest.mark.parametrize(
    ("sentence", "set_"),
    [
        ("Most end at a < b: 3.", "Most end at a &lt; b: 3."),
        ("Most end at שלום: 12 of 34.", "Most end at <bdi>שלום</bdi>: 12 of 34."),
        ("At שלום עולם (3).", "At <bdi>שלום עולם</bdi> (3)."),
        ("From א, ב to ג → ד.", "From <bdi>א</bdi>, <bdi>ב</bdi> to <bdi>ג</bdi> → <bdi>ד</bdi>."),
        ("Größe stays − as it is.", "Größe stays − as it is."),
        ("At <ש>.", "At <bdi>&lt;ש&gt;</bdi>."),
        ("", ""),
    ],
)
def test_words_from_right_to_left_get_a_context_of_their_own(sentence, set_):
    assert prose(sentence) == set_
