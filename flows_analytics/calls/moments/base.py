"""What all moments have."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Milliseconds = Annotated[float, Field(ge=-1e12, le=1e12)]
"""A time or duration that can be computed with: finite, and no longer than a lifetime."""


class Moment(BaseModel):
    """What all moments have.

    Attributes:
        seq: Place in the order of recording, from 0.
        at_ms: When it happened, in milliseconds since the start of the call, to the microsecond.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    seq: int
    at_ms: Milliseconds
