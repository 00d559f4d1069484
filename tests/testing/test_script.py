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
    slow,
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


def choose_pizza():
    """A function in the place of its name."""


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: calls(choose_pizza), "calls takes the name of a function as a text, not <function choose_pizza"),
        (lambda: several("a", "b"), r"several takes calls\(\.\.\.\), not 'a'"),
        (lambda: several(calls("a"), HELLO), r"several takes calls\(\.\.\.\), not Says"),
        (lambda: says(None), "says takes a text, not None"),
        (lambda: fails(7), "fails takes a text, not 7"),
        (lambda: user(7), "user takes a text, not 7"),
        (lambda: interrupts(None, after=1), "interrupts takes a text, not None"),
        (lambda: silence("10"), "silence takes a number of seconds from 0 on, not '10'"),
        (lambda: silence(-1), "silence takes a number of seconds from 0 on, not -1"),
        (lambda: silence(float("nan")), "silence takes a number of seconds from 0 on, not nan"),
        (lambda: user("Hi.", after=-1), "user takes a number of seconds from 0 on, not -1"),
        (lambda: slow(HELLO, secs=float("inf")), "slow takes a number of seconds from 0 on, not inf"),
    ],
)
def test_a_step_that_could_never_be_taken_is_refused_where_it_is_written(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


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
