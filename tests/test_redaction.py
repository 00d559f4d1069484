"""What is hidden in texts, in values, and in the pieces in which a text is said."""

from __future__ import annotations

import json
import re
import time
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows_analytics.calls.values import MAX_TEXT
from flows_analytics.redaction import PatternRedactor
from flows_analytics.redaction.cards import find_cards
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
        ("4111 1111 1111 1112 was misheard", "<card> was misheard"),
        ("9792 0000 0000 0001, 8600123456789012", "<card>"),
        ("3782 822463 10006", "<card>"),
        ("order 1234567890123456", "order <card>"),
        ("0004111111111111111", "<card>"),
        ("4111:1111:1111:1111 and 4111|11|11|11|11|11|11", "<card> and <card>"),
        ("4111... 1111... 1111... 1111", "<card>"),
        ("4111*1111*1111*1111#", "<card>#"),
        ("4111,1111\n1111_1111", "<card>"),
        ("4111\u20091111\u30001111\u200b1111", "<card>"),
        ("2026-11-21 4111111111111111", "2026-11-21 <card>"),
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
        ("ORD12345678 GB29NWBK60161331926819", "ORD12345678 GB29NWBK60161331926819"),
        ("card4111111111111111", "card<card>"),
        ("table 4 at 7 30 for 12", "table 4 at 7 30 for 12"),
        ("", ""),
    ],
)
def test_what_has_a_known_form_becomes_its_label_and_nothing_else_changes(text, hidden):
    assert PatternRedactor()(text) == hidden
    assert PatternRedactor()(hidden) == hidden


@pytest.mark.parametrize(
    "number",
    [
        *("5551234567", "555_123_4567", "555*123*4567", "555,123,4567", "415, 555, 2671", "555\n123\n4567"),
        *("555\u2009123\u20094567", "555\u3000123\u30004567", "555\u200b123\u200b4567", "555... 123... 4567"),
        *("4852-12-34-56", "0123-45-67-89", "12.34.5678", "0664.1234567", "079.1234567", "415.5552671"),
        *("12.34.56.78", "612 345 678", "4155552671.50", "06.12.20.34.56", "20.13.2026", "1.415.555.2671"),
    ],
)
def test_a_phone_number_is_found_with_whatever_is_between_its_groups(number):
    for around in (
        "{}",
        "so {} ok",
        "({}).",
        "我的电话是{}",
        "電話番号は{}です",
        "전화번호는{}입니다",
        "tel{}",
        r"\n{}",
    ):
        shown = PatternRedactor()(around.format(number))
        assert shown.replace("(", "") == around.format("<phone>").replace("(", "")


@pytest.mark.parametrize(
    "text",
    [
        *("21-11-2026", "2026/11/21", "2026.11.21", "11/21/2026 10:30", "2026-11-21, 10:30 - 2026-11-22, 11:45"),
        *(
            "2019, 2020",
            "rooms 101, 102, 103",
            "10, 20, 30, 40",
            "8, 9, 10, 11, 12",
            "open 08:00, 12:30, 14:45, 18:30",
        ),
        *("1 234 567 euros", "1.234.567,00 €", "€ 1.234.567", "$1,234,567.89", "1.234.567,00", "CHF 1,234,567"),
        *("192.168.100.200", "10.20.30.40", "3.14159265", "SKU A1234567", "[2026-11-21T10:30:00.123456+01:00]"),
    ],
)
def test_everyday_numbers_that_say_what_they_are_stay(text):
    assert PatternRedactor()(text) == text


@pytest.mark.parametrize(
    "around", ["$20 {}", "20 € {}", "{}, $20", "{} $20", "at 10:30 {}", "on 2026-11-21, {}", "3.14 {}"]
)
@pytest.mark.parametrize("number", ["612 345 678", "415 555 2671", CARD])
def test_an_amount_a_time_or_a_date_beside_a_number_does_not_show_it(around, number):
    shown = PatternRedactor()(around.format(number))
    assert not any(group in shown for group in number.split())


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


def passes_luhn(digits):
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


@given(st.lists(st.text(alphabet="0123456789", min_size=1, max_size=9), max_size=20))
def test_cards_are_found_where_a_search_of_every_stretch_of_groups_finds_them(groups):
    digits = "".join(groups)
    places = [sum(map(len, groups[:count])) for count in range(len(groups) + 1)]
    found = {}
    for start, end in ((a, b) for a in places for b in places if 13 <= b - a <= 19):
        if digits[start] > "1" and passes_luhn(digits[start:end]):
            found[start] = max(end, found.get(start, 0))

    values = bytes(map(int, digits))
    assert dict(find_cards(values, places[:-1], places[1:])) == found


@given(
    st.sampled_from(
        ["4111111111111111", "378282246310005", "5555555555554444", "30569309025904", "6011000990139424"]
    ),
    st.lists(
        st.text(st.characters(exclude_categories=["L", "N", "Sc", "Cs"]), min_size=1, max_size=4),
        min_size=18,
        max_size=18,
    ),
    st.sets(st.integers(1, 14), max_size=14),
)
def test_a_card_is_found_in_groups_of_any_size_whatever_is_between_them(card, between, cuts):
    # Times of day, and amounts in groups of three by commas or beside a currency, are no cards.
    between = ["/" if part in (":", ",", ".") else part for part in between]
    cuts = sorted({0, *cuts, len(card)} - {len(card) - 1, len(card) + 1})
    groups = [card[a:b] for a, b in pairwise(cuts) if a < b <= len(card)]
    text = "".join(group + part for group, part in zip(groups, between, strict=False))
    assert not re.search(r"\d", PatternRedactor()(f"it is {text} ok"))


NUMBERS = st.text(alphabet="0123456789 .,-/:()+x€", max_size=60)


@settings(max_examples=500, deadline=None)
@given(NUMBERS)
def test_what_was_redacted_stays_as_it_is_and_seven_digits_without_a_gap_never_stand_alone(text):
    shown = PatternRedactor()(text)
    assert PatternRedactor()(shown) == shown
    assert not re.search(r"(?<![\dx.])\d{7,}(?![\d.])", shown)


HOSTILE = [
    *("a", "4", "4 ", "444 ", "1 ", "a.", "1.", "1,", "a@", "+1(", "4" * 7 + "x", "9 8 7 6 5 4 3 2 " * 9 + "y"),
    *("1 234 567 ", "2026-11-21 ", "10, 11, ", "a1234567 ", "12345678-1234-", "1 1 1 1 1 1 x", "4 " * 90 + "x "),
]


def secs_for(*texts):
    """The least that redacting took in three rounds, in seconds of the processor."""
    took = []
    for _ in range(3):
        redactor = PatternRedactor()
        began = time.process_time()
        for text in texts:
            redactor(text)
        took.append(time.process_time() - began)
    return min(took)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_text_takes_no_more_than_some_times_what_plain_words_take(hostile):
    plain = ("I would like a large pizza. " * MAX_TEXT)[:MAX_TEXT]
    # Two to five times; a close look at every group takes seventy.
    assert secs_for((hostile * MAX_TEXT)[:MAX_TEXT]) < 20 * secs_for(plain)


def test_many_long_texts_of_numbers_are_each_read_once():
    texts = [f"{n} " + "4 " * 40_000 for n in range(20)]
    words = [f"{n} " + "go " * 27_000 for n in range(20)]
    assert secs_for(*texts) < 20 * secs_for(*words)
    assert {PatternRedactor()(text) for text in texts} == {"<phone> "}


@pytest.mark.parametrize("text", ["4155552671x " * 2000, f"{CARD} x " * 2000, "1 " * 300, "4" * 5000])
def test_however_many_numbers_a_text_has_all_are_hidden(text):
    assert not re.search(r"\d", PatternRedactor()(text))


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


KEPT = {
    "ts": 1763737322,
    "createdAt": 1763737322123,
    "timestamps": {"timestamp": [1763737322, 1763737323.5]},
    "amount_cents": 12345678,
    "lat": 52.5200066,
    "lng": -122.4194155,
    "sip_call_id": "a84b4c76e66710@10.20.30.40",
    "headers": {"Call-ID": "550e8400-e29b-41d4-a716-446655440000@pbx.example.com"},
    "CallSid": "CA01234567890123456789abcdef012345",
    "stream_id": "MZ01234567890123456789abcdef012345",
    "X-CID": "dae8845526bf7fe640ad0162238473e4@0.0.0.0",
}


def test_times_amounts_and_call_ids_are_left_when_their_key_says_so():
    hide, _ = redaction(PatternRedactor())
    assert hide.value(KEPT) == KEPT


@pytest.mark.parametrize(
    "value",
    [
        {"phone": 4155552671},
        {"ts": 4155552671},
        {"amount": 4155552671},
        {"call_me_at": 1632960123},
        {"phone_updated": 1632960123},
        {"id": 1763737322},
        {"timestamp": "4155552671"},
        {"sip_call_id": "4155552671@carrier.example"},
        {"sip_call_id": "anna@example.com"},
        {"X-CID": "4155552671@carrier.example"},
        {"sip_call_id": f"4155552671 {CARD}"},
        {"from": "a84b4c76e66710@example.com"},
    ],
)
def test_a_key_does_not_let_through_what_looks_like_a_person(value):
    hide, _ = redaction(PatternRedactor())
    assert not re.search(r"\d|@", json.dumps(list(hide.value(value).values())))


def test_a_pattern_or_a_function_of_ones_own_sees_what_keys_would_have_left():
    hide, _ = redaction(PatternRedactor(patterns={"<time>": r"^17\d{8}$", "<id>": "a84b"}))
    assert hide.value({"ts": 1763737322, "call_id": "a84b4c76e66710@10.20.30.40"})["ts"] == "<time>"
    assert hide.value(KEPT)["sip_call_id"] == "<id><email>"
    hide, _ = redaction(PatternRedactor().__call__)
    assert hide.value({"ts": 1763737322}) == {"ts": "<phone>"}


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


@settings(max_examples=200, deadline=None)
@given(cut_texts(), st.integers(0, 12))
def test_behind_pieces_that_were_told_before_a_hidden_part_that_goes_on_is_told_again(cut, before):
    text, pieces = cut
    redacted = PatternRedactor()(text)
    written = WrittenText(text, redacted)
    for piece in pieces[:before]:
        written.skip(piece)
    shown = [written.take(piece) or "" for piece in pieces[before:]]

    if redacted != text:
        assert not re.search(r"[\d@]", "".join(shown))
    left = iter(letters(redacted))
    assert all(letter in left for letter in letters("".join(shown).replace(WITHHELD, "")))


def test_the_label_of_a_number_that_was_begun_before_stands_where_it_goes_on():
    written = WrittenText(f"So {CARD} ok", "So <card> ok")
    for piece in ("So", "4111"):
        written.skip(piece)
    assert [written.take(piece) for piece in ("1111", "1111 1111", "ok")] == ["<card>", "", "ok"]


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
