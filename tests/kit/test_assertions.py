"""Assertions on paths, and the drawings in their messages."""

from __future__ import annotations

import pytest

from flows_analytics.testing import assert_never, assert_path, assert_reaches, assert_transition
from flows_analytics.testing.assertions import read_written_path
from tests.bots import PIZZA_PATH, hold_pizza_call

DRAWING = """\
    initial
    │
    ▼ choose_pizza()
    choose_pizza
    │
    ▼ select_pizza_order(size="large", pizza_type="pepperoni")
{} confirm
    │
    ▼ complete_order()
    end
    │
    ■ the bot ended the call"""


@pytest.fixture(scope="module")
def call():
    return hold_pizza_call().record


def failure_of(assertion, *arguments, **options):
    with pytest.raises(AssertionError) as failure:
        assertion(*arguments, **options)
    return str(failure.value)


def test_what_is_true_passes(call):
    assert_path(call, list(PIZZA_PATH))
    assert_path(call, " > ".join(PIZZA_PATH))
    assert_reaches(call, "confirm")
    assert_never(call, "transfer")
    assert_transition(call, "initial", "choose_pizza")
    assert_transition(call, from_="choose_pizza", to="confirm", via="select_pizza_order")


def test_another_path_is_drawn_with_the_first_difference(call):
    message = failure_of(assert_path, call, "initial > choose_pizza > pay > end")
    head = "the path is another one: visit 3 is 'confirm', not 'pay'\nexpected: initial > choose_pizza > pay > end"
    assert message == f"{head}\n\n{DRAWING.format('  →')}"


def test_a_path_that_is_too_long_or_too_short_is_told_so(call):
    assert "the path goes on to 'end'" in failure_of(assert_path, call, PIZZA_PATH[:3])
    message = failure_of(assert_path, call, [*PIZZA_PATH, "survey"])
    assert "the call ended before 'survey'" in message
    assert message.endswith("  → ■ the bot ended the call")


def test_a_node_that_was_not_reached_is_named(call):
    message = failure_of(assert_reaches, call, "transfer")
    assert message == f"the call never reached 'transfer'\n\n{DRAWING.format('   ')}"


def test_a_node_that_was_reached_is_marked(call):
    message = failure_of(assert_never, call, "confirm")
    assert message == f"the call reached 'confirm'\n\n{DRAWING.format('  →')}"


def test_a_transition_by_another_function_names_the_one_it_was(call):
    message = failure_of(assert_transition, call, "initial", "choose_pizza", via="choose_sushi")
    assert message.startswith(
        "the call never moved from 'initial' to 'choose_pizza' via 'choose_sushi'; it did via 'choose_pizza'\n"
    )
    assert "  → initial\n" in message


def test_a_transition_that_never_was_is_told(call):
    assert failure_of(assert_transition, call, "end", "initial").startswith(
        "the call never moved from 'end' to 'initial'\n"
    )


def test_a_path_with_a_gap_is_refused():
    with pytest.raises(ValueError, match="a node is missing in 'initial >  > end'"):
        read_written_path("initial >  > end")
    assert read_written_path(" ") == []


@pytest.mark.parametrize("assertion", [assert_path, assert_reaches, assert_never])
def test_what_is_no_call_is_refused(assertion):
    async def forgotten():
        """A call that nobody awaited."""

    held = forgotten()
    with pytest.raises(TypeError, match="a call that was held or recorded, not coroutine: await flow_call"):
        assertion(held, "end")
    held.close()
    with pytest.raises(TypeError, match=r"a call that was held or recorded, not str$"):
        assertion("end", "end")
