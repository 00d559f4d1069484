"""What is hidden in texts, in values, and in the pieces in which a text is said."""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows_analytics.calls.values import MAX_TEXT
from flows_analytics.redaction import PatternRedactor
from flows_analytics.redaction.digits import passes_luhn
from flows_analytics.redaction.redaction import NOT_REDACTED, Redaction
from flows_analytics.redaction.written import WITHHELD, WrittenText

CARD = "4111 1111 1111 1111"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (f"It is {CARD}, thanks.", "It is <card>, thanks."),
        ("4111-1111-1111-1111", "<card>"),
        ("4111, 1111, 1111, 1111.", "<card>."),
        ("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "<card>"),
        ("amex 3782 822463 10005", "amex <card>"),
        ("4111 1111 1111 1111 12/27 123", "<card> <phone>"),
        ("4111 1111 1111 1111 12/27", "<card>"),
        ("415 555 2671 415 555 2672", "<phone>"),
        ("(415) 555-2671 4111 1111 1111 1111", "<card>"),
        (f"call 4155552671 {CARD} now", "call <phone> <card> now"),
        ("4111 1111 1111 1112 is none", "4111 1111 1111 1112 is none"),
        ("order 1234567890123456", "order 1234567890123456"),
        ("(415) 555-2671.", "<phone>."),
        ("+1 415.555.2671", "<phone>"),
        ("+44 20 7946 0958", "<phone>"),
        ("555 0199 or 06 12 34 56 78", "<phone> or <phone>"),
        ("sip:+14155552671@carrier.example", "sip:<email>"),
        ("tel:4155552671;ext=1", "tel:<phone>;ext=1"),
        ("٤١٥٥٥٥٢٦٧١", "<phone>"),
        ("mail anna.b+c@mail.example.co.uk.", "mail <email>."),
        ("nobody@nowhere", "nobody@nowhere"),
        ("2026-11-21T10:00:00Z, 21/11/2026 10:30", "2026-11-21T10:00:00Z, 21/11/2026 10:30"),
        ("550e8400-e29b-41d4-a716-446655440000", "550e8400-e29b-41d4-a716-446655440000"),
        ("1,234,567 at 0.87654321", "1,234,567 at 0.87654321"),
        ("ORD12345678", "ORD12345678"),
        ("table 4 at 7 30 for 12", "table 4 at 7 30 for 12"),
        ("", ""),
    ],
)
def test_what_has_a_known_form_becomes_its_label_and_nothing_else_changes(text, hidden):
    assert PatternRedactor()(text) == hidden
    assert PatternRedactor()(hidden) == hidden


def test_each_kind_can_be_left_and_patterns_of_ones_own_come_first():
    text = f"a@b.co 4155552671 {CARD} Jane Roe"
    kept = PatternRedactor(emails=False, phones=False, cards=False, patterns={r"<name\1>": "Jane Roe"})

    assert kept(text) == rf"a@b.co 4155552671 {CARD} <name\1>"
    assert PatternRedactor(phones=False)(text) == "<email> 4155552671 <card> Jane Roe"
    assert PatternRedactor(patterns={"<mail>": r"\S+@\S+"})(text) == "<mail> <phone> <card> Jane Roe"


def test_the_patterns_themselves_are_not_shown():
    shown = repr(PatternRedactor(patterns={"<name>": "Jane Roe"}))
    assert shown == "PatternRedactor(<email> <phone> <card> <name>)"


def test_a_pattern_that_is_none_is_refused():
    with pytest.raises(re.error):
        PatternRedactor(patterns={"<x>": "("})


@given(st.text(alphabet="0123456789", min_size=12, max_size=18))
def test_of_all_last_digits_one_passes_the_luhn_check(digits):
    assert sum(passes_luhn(digits + last) for last in "0123456789") == 1


@pytest.mark.parametrize("hostile", ["a" * 50_000, "1 " * 25_000, "a." * 25_000, "1." * 25_000, "a@" * 25_000])
def test_a_hostile_text_takes_time_in_proportion_to_its_length(hostile):
    import time

    began = time.process_time()
    PatternRedactor()(hostile)
    # A search that begins anew at every letter takes minutes.
    assert time.process_time() - began < 5


# --- values


class Clock:
    def __init__(self):
        self.now = 0

    def __call__(self):
        self.now += 500
        return self.now


def redaction(redactor):
    failures = []
    return Redaction(redactor, failed=failures.append, clock_ns=Clock()), failures


def test_nested_values_are_searched_with_their_keys_and_numbers():
    hide, _ = redaction(PatternRedactor())
    value = {
        "a@b.co": [4155552671, {"deep": ("mail a@b.co", Decimal("4111111111111111"))}],
        "c@d.co": {"n": 4111111111111111.0, "ok": True, "none": None, "price": 15.5, "size": 12},
    }

    assert hide.value(value) == {
        "<email>": ["<phone>", {"deep": ["mail <email>", "<card>"]}],
        "<email> 2": {"n": "<card>", "ok": True, "none": None, "price": 15.5, "size": 12},
    }


class Boom(Exception):
    pass


def raises(text):
    raise Boom(text)


async def later(text):
    return text


@pytest.mark.parametrize(
    ("redactor", "why"),
    [
        (raises, "Boom"),
        (lambda text: None, "it returned a NoneType"),
        (lambda text: text.encode(), "it returned a bytes"),
        (later, "it returned a coroutine"),
    ],
    ids=["raises", "none", "bytes", "coroutine"],
)
def test_what_a_redactor_fails_on_is_dropped_and_told_without_its_words(redactor, why):
    hide, failures = redaction(redactor)

    assert hide.value({"card": ["4111"]}) == {NOT_REDACTED: [NOT_REDACTED]}
    assert failures == [why, why]


def test_what_a_redactor_takes_is_measured_and_a_text_is_asked_for_once():
    asked = []
    hide, _ = redaction(lambda text: asked.append(text) or text)
    for text in ("one", "two", "one"):
        hide.text(text)
    hide.text(hide.text("two"))

    assert asked == ["one", "two"]
    assert (hide.spent_ns, hide.slowest_ns) == (1000, 500)


def test_a_secret_that_the_cut_of_an_endless_text_divides_is_dropped():
    hide, _ = redaction(PatternRedactor())
    for before in range(MAX_TEXT - 2030, MAX_TEXT + 10, 10):
        kept = hide.text("x" * before + f" {CARD} " + "y" * 5000)
        assert not re.search(r"\d{4}", kept.rpartition("…")[0] or kept)
        assert len(kept) <= MAX_TEXT + 50


def test_a_lone_surrogate_in_what_a_redactor_returns_can_be_stored():
    hide, _ = redaction(lambda text: text + "\ud800")
    assert set(hide.text("x").encode().decode()) == {"x", "\N{REPLACEMENT CHARACTER}"}


# --- pieces


def told(text, pieces, redactor=None):
    written = WrittenText(text, (redactor or PatternRedactor())(text))
    return [written.take(piece) for piece in pieces]


def test_the_first_word_of_a_hidden_part_becomes_the_label_and_the_others_are_empty():
    text = f"Your card {CARD}. Right?"
    assert told(text, text.split()) == ["Your", "card", "<card>.", "", "", "", "Right?"]


def test_words_are_found_whatever_their_spaces_marks_and_case():
    text = f"✓ Your **card** is {CARD}, Anna."
    pieces = ["your", "CARD", "is", "4111111111111111", "anna"]
    assert told(text, pieces) == ["your", "CARD", "is", "<card>,", "anna"]


def test_pieces_that_bring_their_own_spaces_keep_them():
    assert told(f"It is {CARD} now", ["It", " is", " 4111 1111", " 1111 1111", " now"]) == [
        "It",
        " is",
        " <card>",
        "",
        " now",
    ]


def test_a_sentence_that_is_one_piece_is_told_as_it_is_redacted():
    assert told(f"It is {CARD}. Right?", [f"It is {CARD}.", "Right?"]) == ["It is <card>.", "Right?"]


def test_a_hidden_part_said_in_other_words_is_withheld():
    text = f"It is {CARD} for five dollars"
    said = ["It", "is", "four", "one", "one", "one", "for", "5", "dollars"]
    assert told(text, said) == ["It", "is", "<card>", "", "", "", "for", WITHHELD, "dollars"]


def test_a_word_that_is_not_written_is_left_open_where_nothing_is_hidden():
    assert told("It costs $5", ["It", "costs", "five", "dollars"]) == ["It", "costs", None, None]


def test_a_redactor_that_fails_leaves_one_stand_in_for_all_words():
    assert told("It is so", ["It", "is", "so"], lambda text: NOT_REDACTED) == [NOT_REDACTED, "", ""]


def test_a_mask_with_the_last_digits_comes_out_word_by_word():
    def mask(text):
        return re.sub(r"\d{4} \d{4} \d{4} (\d{4})", r"**** **** **** \1", text)

    pieces = told("It is 4111 2222 3333 4444 now", ["It", "is", "4111", "2222", "3333", "4444", "now"], mask)
    assert " ".join(filter(None, pieces)) == "It is **** **** **** 4444 now"


WORDS = st.sampled_from(["so", "your", "card", "is", "the", "number", "and", "to", "a", "of", "ok", "Ünder", "ß"])
SECRETS = st.sampled_from(
    [
        CARD,
        "4155552671",
        "(415) 555-2671",
        "3782 822463 10005",
        "a1@b2.co",
        "x9@y9.example.org",
        "5555555555554444",
    ]
)
TEXTS = st.lists(st.one_of(WORDS, WORDS, WORDS, SECRETS), max_size=25).map(" ".join)


def letters(text):
    return [letter.lower() for letter in text if letter.isalnum()]


@st.composite
def cut_texts(draw, texts=TEXTS):
    """A text, and pieces of its beginning: words, or cut anywhere."""
    text = draw(texts)
    said = text[: draw(st.integers(0, len(text)))] if draw(st.booleans()) else text
    if draw(st.booleans()):
        return text, said.split()
    cuts = sorted(draw(st.sets(st.integers(0, len(said)), max_size=12)) | {0, len(said)})
    return text, [said[a:b] for a, b in pairwise(cuts)]


@settings(max_examples=200, deadline=None)
@given(cut_texts())
def test_the_pieces_of_a_text_join_to_the_beginning_of_the_redacted_text(cut):
    text, pieces = cut
    redacted = PatternRedactor()(text)
    shown = told(text, pieces)

    assert not re.search(r"[\d@]", "".join(shown))
    joined = letters("".join(shown))
    assert joined == letters(redacted)[: len(joined)]
    if "".join(letters("".join(pieces))) == "".join(letters(text)):
        assert joined == letters(redacted)


@settings(max_examples=200, deadline=None)
@given(cut_texts(), st.data())
def test_nothing_hidden_comes_out_however_the_pieces_are_garbled(cut, data):
    text, pieces = cut
    noise = st.one_of(
        st.sampled_from(pieces or ["um"]), st.sampled_from(["um", "four", "1111", "555", "b2", "..."])
    )
    for _ in range(data.draw(st.integers(0, 5))):
        place = data.draw(st.integers(0, len(pieces)))
        pieces = [*pieces[:place], data.draw(noise), *pieces[place + data.draw(st.integers(0, 2)) :]]
    redacted = PatternRedactor()(text)
    shown = told(text, pieces)

    if redacted == text:
        # Then what is not found is redacted with what else was heard.
        assert all(
            piece is None or letters(piece) == letters(said) for piece, said in zip(shown, pieces, strict=True)
        )
    else:
        assert not re.search(r"[\d@]", "".join(shown))
        left = iter(letters(redacted))
        assert all(letter in left for letter in letters("".join(shown).replace(WITHHELD, "")))


PLAIN_WORDS = ["so", "it", "is", "the", "one", "and"]
SECRET_WORDS = ["jane", "roe", "mainstreet", "nineteen"]
STORIES = st.lists(st.sampled_from(PLAIN_WORDS + SECRET_WORDS), max_size=25).map(" ".join)


@settings(max_examples=200, deadline=None)
@given(
    cut_texts(STORIES),
    st.sampled_from(["<name>", "", "█", "[NAME HIDDEN]", "so", "the one and only"]),
    st.sampled_from(["so ", "", "<redacted> "]),
)
def test_any_function_may_hide_anything(cut, label, before):
    text, pieces = cut

    def redactor(said):
        return before + re.sub("|".join(SECRET_WORDS), label, said)

    shown = [piece or "" for piece in told(text, pieces, redactor)]
    assert not any(word in " ".join(shown) for word in SECRET_WORDS)
    left = iter(letters(redactor(text)))
    assert all(letter in left for letter in letters("".join(shown).replace(WITHHELD, "")))
