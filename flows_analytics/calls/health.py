"""What a recording lost, and why."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from flows_analytics.calls.values import Text


class Loss(BaseModel):
    """One way in which something was lost.

    Attributes:
        count: How often.
        why: The reason, in plain words, without any content of the call.
    """

    model_config = ConfigDict(frozen=True)

    count: int
    why: Text


class Health(BaseModel):
    """What a recording lost, by a stable code.

    Codes:

    - ``guarded_error``: an exception of ours, caught so that the call goes on.
    - ``not_attached``: a function moved a FlowManager that was never attached.
    - ``after_detach``: a FlowManager moved after it was detached.
    - ``after_end``: a moment came after the recording was closed.
    - ``hook_missing``: this Pipecat lacks what the hook stands on; transitions are inferred.
    - ``reused``: the observer was given to a second call; the recording stops there.
    - ``recording_failed``: the sound of the call, or the end of it, is missing.
    - ``cost_failed``: the ``cost_calculator`` raised, or gave no finite number; the call has no cost.
    - ``clock_set_back``: a service measured a time that is less than nothing, because the wall clock was set back
      meanwhile; the measurement is missing. The times of the call are those of another clock.
    - ``redaction_failed``: the ``redactor`` raised, or returned no text; what it was given is not in the record.
    - ``resolver_failed``: the ``disconnection_reason_resolver`` raised, or took too long.
    - ``journal_failed``: the disk did not take the journal for a while, or moments were left out of it because too
      many waited. The record has them; one recovered from the journal may not.
    - ``journal_torn``: a journal that a dead process left behind had lines that could not be read, such as a last
      one that was never finished.
    - ``sink_failed``, ``sink_timeout``: a sink did not take the call, or not in time. A call that the outbox keeps
      is not lost.

    Attributes:
        losses: The losses by code; empty if nothing was lost.
    """

    model_config = ConfigDict(frozen=True)

    losses: dict[str, Loss] = {}

    @property
    def ok(self) -> bool:
        """Whether nothing was lost."""
        return not self.losses

    def count(self, code: str) -> int:
        """How often something of this kind was lost.

        Args:
            code: A code of the list above.

        Returns:
            The count; 0 if it never happened.
        """
        loss = self.losses.get(code)
        return loss.count if loss else 0

    def with_loss(self, code: str, why: str, *, times: int = 1) -> Health:
        """Count one more loss.

        Args:
            code: Its code.
            why: Its reason; the first reason given for a code is kept.
            times: How many there were.

        Returns:
            The new health.
        """
        before = self.losses.get(code)
        loss = Loss(count=before.count + times, why=before.why) if before else Loss(count=times, why=why)
        return Health(losses={**self.losses, code: loss})
