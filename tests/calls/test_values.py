"""Anything a bot hands us becomes something JSON can hold."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from flows_analytics.calls.values import MAX_PARTS, MAX_TEXT, Text, clean_text, plain, text_of


class Colour(Enum):
    RED = "red"


@dataclass
class Point:
    x: int
    y: object


class Model(BaseModel):
    when: datetime


class Hostile:
    def __repr__(self):
        raise RuntimeError("no")

    __str__ = __repr__


class HostileDict(dict):
    def __getitem__(self, key):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (7, 7),
        (1.5, 1.5),
        ("text", "text"),
        ((1, 2), [1, 2]),
        ({1: "a"}, {"1": "a"}),
        ({"b", "a"}, ["a", "b"]),
        (datetime(2026, 1, 2, 3, 4, tzinfo=UTC), "2026-01-02T03:04:00+00:00"),
        (date(2026, 1, 2), "2026-01-02"),
        (timedelta(seconds=1.5), 1.5),
        (Decimal("1.20"), "1.20"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Colour.RED, "red"),
        (Point(1, Point(2, None)), {"x": 1, "y": {"x": 2, "y": None}}),
        (Model(when=datetime(2026, 1, 1, tzinfo=UTC)), {"when": "2026-01-01T00:00:00+00:00"}),
        (float("nan"), "<float: nan>"),
        (float("-inf"), "<float: -inf>"),
        (b"secret", "<bytes: 6 bytes>"),
        (object(), "<object>"),
        (Hostile(), "<Hostile>"),
        (HostileDict(a=1), {"a": "<unreadable>"}),
        (10**400, "<int: 1329 bits>"),
    ],
)
def test_a_value_keeps_its_meaning_or_gets_a_labelled_stand_in(value, expected):
    assert plain(value) == expected


class Open(BaseModel, extra="allow"):
    a: int = 1


@dataclass
class Unset:
    a: int = 1
    b: int = field(init=False)


class StopsHalfWay(list):
    def __iter__(self):
        yield 1
        raise RuntimeError


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Open(b=2), {"a": 1, "b": 2}),
        (Open.model_construct(), {"a": 1}),
        (Unset(), {"a": 1}),
        (StopsHalfWay(), [1, "<unreadable from here on>"]),
    ],
)
def test_what_can_be_read_of_a_value_is_kept_also_if_the_rest_cannot(value, expected):
    assert plain(value) == expected


def test_a_field_that_raises_costs_no_other():
    class Half(BaseModel):
        a: int = 1
        b: int = 2

        def __getattribute__(self, name):
            if name == "b":
                raise RuntimeError
            return super().__getattribute__(name)

    assert plain(Half()) == {"a": 1, "b": "<unreadable>"}


def test_an_endless_text_costs_nothing_that_stands_beside_it():
    reduced = plain({"words": "x" * 10_000_000, "order": {"id": 5}})

    assert len(reduced["words"]) == MAX_TEXT
    assert reduced["order"] == {"id": 5}


def test_the_length_of_keys_and_of_numbers_is_bounded_like_that_of_text():
    assert len(json.dumps(plain({"k" * MAX_TEXT + str(number): 1 for number in range(300)}))) < 2_000_000
    assert len(plain(Decimal("1" * 1_000_000))) <= MAX_TEXT


def test_keys_that_look_alike_as_text_are_all_kept():
    assert list(plain({(1, 2): "a", (3, 4): "b", (5, 6): "c", (7, 8): "d"}).values()) == ["a", "b", "c", "d"]
    assert len(plain({object(): 1 for _ in range(5_000)})) == 5_000


def test_a_cycle_is_cut_where_it_closes():
    loop: dict[str, object] = {"a": 1}
    loop["self"] = [loop]

    assert plain(loop) == {"a": 1, "self": ["<cycle: dict>"]}


def test_the_same_object_twice_side_by_side_is_no_cycle():
    shared = {"x": 1}

    assert plain([shared, shared]) == [{"x": 1}, {"x": 1}]


def test_endless_nesting_text_and_lists_are_cut_and_say_so():
    deep: list[object] = []
    for _ in range(10_000):
        deep = [deep]

    assert "<too deep: list>" in json.dumps(plain(deep))
    assert plain("x" * (MAX_TEXT + 1)).endswith("… <cut: 100,001 characters in all>")
    assert plain([0] * (MAX_PARTS + 1))[-1] == "<cut: 10,001 items in all>"
    assert plain(dict.fromkeys(range(MAX_PARTS + 1)))["<cut>"] == "10,001 entries in all"


def count(value):
    if isinstance(value, dict):
        return 1 + sum(count(item) for item in value.values())
    return 1 + sum(count(item) for item in value) if isinstance(value, list) else 1


def test_the_size_of_a_value_is_bounded_however_it_is_nested():
    shared: list[object] = []
    for _ in range(20):
        shared = [shared, shared]
    rows = [dict.fromkeys("abcdefghijklmno", 0)] * 10_000

    assert count(plain(shared)) < 2 * MAX_PARTS
    assert count(plain(rows)) < 2 * MAX_PARTS
    assert plain(rows)[-1] == "<cut: 10,000 items in all>"
    assert len(json.dumps(plain(["x" * MAX_TEXT] * 1000))) < 2_000_000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x", "x"),
        (Colour.RED, "red"),
        (7, "7"),
        (("a", 1), '["a", 1]'),
        (b"ab", "<bytes: 2 bytes>"),
        (ValueError("gone"), "gone"),
        (ValueError(), "ValueError"),
        (Hostile(), "<Hostile>"),
        (object(), "<object>"),
    ],
)
def test_anything_can_be_said_as_text(value, text):
    assert text_of(value) == text


def test_a_scalar_whose_own_code_fails_is_named_by_its_type():
    class Unsizeable(int):
        def bit_length(self):
            raise RuntimeError

    assert plain(Unsizeable(3)) == "<unreadable: Unsizeable>"


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("a\ud800b", "a\ufffdb"),
        ("\ud800", "\ufffd"),
        ("\udc00\ud800", "\ufffd\ufffd"),
        # A pair is the character it stands for.
        ("\ud83d\ude00!", "\U0001f600!"),
        ("\ufeffa\udfff", "\ufeffa\ufffd"),
    ],
)
def test_each_lone_surrogate_becomes_one_replacement_character(text, stored):
    assert clean_text(text) == stored


def test_a_stand_in_never_shows_a_memory_address():
    assert "0x" not in plain(lambda: None)


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.binary()
    | st.datetimes(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner, inner),
    max_leaves=20,
)


@given(anything)
def test_any_value_becomes_json_and_stays_as_it_is_from_then_on(value):
    reduced = plain(value)

    assert json.loads(json.dumps(reduced, allow_nan=False)) == reduced
    assert plain(reduced) == reduced


class Said(BaseModel):
    text: Text | None = None
    by_name: dict[Text, int] = {}


def test_text_from_a_file_is_cut_like_text_from_a_bot():
    endless = "x" * (MAX_TEXT + 1)
    read = Said.model_validate_json(json.dumps({"text": endless, "by_name": {endless: 1}}))
    assert read == Said(text=endless, by_name={endless: 1})
    assert len(read.text or "") == MAX_TEXT
    assert Said.model_validate_json(read.model_dump_json()) == read


@pytest.mark.parametrize("value", [5, True, ["a"], {"a": 1}])
def test_what_is_no_text_is_refused_from_a_file_and_taken_from_a_bot(value):
    with pytest.raises(ValidationError) as refused:
        Said.model_validate_json(json.dumps({"text": value}))
    (fault,) = refused.value.errors()
    assert (fault["loc"], fault["msg"]) == (("text",), "Input should be a valid string")
    assert Said(text=value).text == text_of(value)


def test_text_is_a_plain_string_to_those_who_read_the_schema():
    assert Said.model_json_schema()["properties"]["text"]["anyOf"] == [{"type": "string"}, {"type": "null"}]
