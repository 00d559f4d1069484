"""File names that no call id can abuse."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows_analytics.files.names import safe_name


@pytest.mark.parametrize("call_id", ["abc", "A-1_b.c", "demo-007-food-ordering", "x" * 100])
def test_an_ordinary_id_is_its_own_name(call_id):
    assert safe_name(call_id) == call_id


@pytest.mark.parametrize(
    "call_id",
    [
        "../../x",
        "",
        ".",
        "..",
        ".hidden",
        "a/b",
        "a\\b",
        "con",
        "NUL.txt",
        "a~2",
        "x" * 101,
        "a\x00b",
        "a.",
        "</script>",
        "é",
    ],
)
def test_any_other_id_gets_a_name_of_its_own(call_id):
    assert safe_name(call_id) != call_id
    assert safe_name(call_id) == safe_name(call_id)


@given(st.text(st.characters()))
def test_a_name_is_one_short_component_that_stays_in_its_directory(call_id):
    name = safe_name(call_id)

    assert Path("calls", name).parent == Path("calls")
    assert 0 < len(name) <= 100
    assert not name.startswith(".")
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-=")


def test_an_id_that_is_the_name_of_another_gets_a_name_of_its_own():
    taken = safe_name("../../x")

    assert safe_name(taken) != taken


@given(st.text(st.characters()), st.text(st.characters()))
def test_different_ids_have_different_names(one, other):
    assert (safe_name(one) == safe_name(other)) == (one == other)
