import asyncio

import pytest

from flows_analytics.testing.sentences import SentenceAggregator


def sentences_of(*pieces: str) -> list[str]:
    async def main() -> list[str]:
        aggregator = SentenceAggregator()
        found = [sentence.text for piece in pieces async for sentence in aggregator.aggregate(piece)]
        rest = await aggregator.flush()
        assert await aggregator.flush() is None
        return found + ([rest.text] if rest else [])

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", []),
        ("  \n", []),
        ("Hello", ["Hello"]),
        ("Hello! How are you? Fine.", ["Hello!", "How are you?", "Fine."]),
        ("That is $4.50 each. Well… yes.", ["That is $4.50 each.", "Well…", "yes."]),
        ("Really?! Yes.\n\nGood.", ["Really?!", "Yes.", "Good."]),
    ],
)
def test_a_text_is_cut_where_its_sentences_end(text: str, sentences: list[str]):
    assert sentences_of(text) == sentences
    assert sentences_of(*text) == sentences


def test_an_interruption_drops_what_is_buffered():
    async def main() -> list[str]:
        aggregator = SentenceAggregator()
        assert [sentence async for sentence in aggregator.aggregate("Half a")] == []
        assert aggregator.text.text == "Half a"
        await aggregator.handle_interruption()
        return [sentence.text async for sentence in aggregator.aggregate("Whole. N")]

    assert asyncio.run(main()) == ["Whole."]
