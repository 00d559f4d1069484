import pickle

import pytest

from flows_analytics.testing import (
    Script,
    calls,
    fails,
    hangs_up,
    interrupts,
    says,
    several,
    silence,
    user,
)

HELLO, ANSWER, GOODBYE = says("Hello!"), user("Hi."), says("Goodbye!")


def test_each_side_takes_its_own_steps_in_order():
    script = Script([HELLO, ANSWER, GOODBYE])
    assert script.take_caller_step() is None
    assert script.take_llm_step() == HELLO
    assert script.take_llm_step() is None
    assert script.take_caller_step() == ANSWER
    assert script.take_llm_step() == GOODBYE
    assert script.next_step is None
    assert script.leftover == ()


def test_what_was_not_reached_is_left_over():
    script = Script([HELLO, ANSWER, GOODBYE])
    script.take_llm_step()
    assert script.leftover == (ANSWER, GOODBYE)


def test_what_was_passed_over_is_left_over_too_in_the_order_of_the_script():
    script = Script([HELLO, calls("look"), ANSWER, GOODBYE])
    script.pass_over_llm_steps()
    assert script.next_step == ANSWER
    assert script.leftover == (HELLO, calls("look"), ANSWER, GOODBYE)
    script.take_caller_step()
    assert script.leftover == (HELLO, calls("look"), GOODBYE)


def test_a_function_may_have_an_argument_called_name():
    assert calls("choose", name="Margherita").arguments == {"name": "Margherita"}


def test_several_needs_two():
    assert len(several(calls("a"), calls("b")).calls) == 2
    with pytest.raises(ValueError, match="two calls or more"):
        several(calls("a"))


@pytest.mark.parametrize(
    "step",
    [
        HELLO,
        calls("choose", size="large"),
        several(calls("a"), calls("b", c=1)),
        fails("overloaded"),
        ANSWER,
        user("Hm.", after=2),
        silence(5),
        interrupts("Stop!", after=1.5),
        hangs_up(while_bot_speaks=True),
    ],
    ids=lambda step: type(step).__name__,
)
def test_steps_are_equal_by_value_and_survive_pickling(step):
    assert pickle.loads(pickle.dumps(step)) == step  # noqa: S301
