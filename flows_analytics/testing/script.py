"""The cursor over the steps of a call, shared by the scripted LLM and the scripted caller."""

from collections.abc import Iterable

from flows_analytics.testing.steps import CallerStep, LLMStep, Step


class Script:
    """A list of steps and the place the call has got to.

    The list is linear: a step is taken once all steps before it are. The LLM takes LLM steps, the caller
    takes caller steps, and each waits while the next step is the other's.
    """

    def __init__(self, steps: Iterable[Step] = ()) -> None:
        """Put the cursor before the first step.

        Args:
            steps: The steps, in order.
        """
        self._steps = tuple(steps)
        self._next = 0
        self._passed_over: list[Step] = []
        self._given_up: str | None = None

    @property
    def given_up(self) -> str | None:
        """Why the rest of the script was given up; None if it was not."""
        return self._given_up

    @property
    def next_step(self) -> Step | None:
        """The step whose turn it is, or None at the end."""
        if self._given_up is not None:
            return None
        return self._steps[self._next] if self._next < len(self._steps) else None

    @property
    def leftover(self) -> tuple[Step, ...]:
        """The steps nobody took, in order: those passed over, and those the call did not reach."""
        return (*self._passed_over, *self._steps[self._next :])

    def take_llm_step(self) -> LLMStep | None:
        """Take the next step if it is the LLM's.

        Returns:
            The step, or None, and nothing is taken, if the caller comes next or the script is at its end.
        """
        step = self.next_step
        if not isinstance(step, LLMStep):
            return None
        self._next += 1
        return step

    def take_caller_step(self) -> CallerStep | None:
        """Take the next step if it is the caller's.

        Returns:
            The step, or None, and nothing is taken, if the LLM comes next or the script is at its end.
        """
        step = self.next_step
        if not isinstance(step, CallerStep):
            return None
        self._next += 1
        return step

    def pass_over_llm_steps(self) -> None:
        """Give up the LLM steps before the caller's next one; they count as left over."""
        while (step := self.take_llm_step()) is not None:
            self._passed_over.append(step)

    def give_up(self, why: str) -> None:
        """Give up what is left of the script; it counts as left over, and the call comes to its end.

        Args:
            why: What made it impossible. The first reason stays.
        """
        if self._given_up is None:
            self._given_up = why
