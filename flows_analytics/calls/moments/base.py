"""What all moments have."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Moment(BaseModel):
    """What all moments have.

    Attributes:
        seq: Place in the order of recording, from 0.
        at_ms: When it happened, in milliseconds since the start of the call, to the microsecond.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    seq: int
    at_ms: float
