"""Recording: where a call can be heard, and where in the sound each moment of the call is."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from flows_analytics.calls.moments.base import Milliseconds
from flows_analytics.calls.values import Text


class Recording(BaseModel):
    """The sound of a call.

    The file that flows_analytics writes has two channels, the caller on the left and the bot on the right, and
    runs as the call's own clock does: one offset maps any time of the call to a place in it.

    Attributes:
        url: Where a recording made elsewhere is; None if none was named. Nothing is known of its timeline.
        file: Name of the file beside the record; None if none was written. Then the fields below are None too, and
            also if the disk was too slow to tell what it took.
        sample_rate: Samples a second of each channel.
        channels: Number of channels.
        began_ms: Time of the call at which the file begins, in milliseconds.
        duration_ms: Length of the file in milliseconds.
        peak_ms: How long each peak stands for, in milliseconds.
        peaks: The waveform, channel by channel: the loudest sample of each stretch of ``peak_ms``, from 0 to 1.
            The last stretch may be shorter.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    url: Text | None = None
    file: Text | None = None
    sample_rate: int | None = None
    channels: int | None = None
    began_ms: Milliseconds | None = None
    duration_ms: Milliseconds | None = None
    peak_ms: Milliseconds | None = None
    peaks: tuple[tuple[float, ...], ...] = ()

    def offset_ms(self, at_ms: float | None) -> float | None:
        """Find a time of the call in the file.

        Args:
            at_ms: Milliseconds since the start of the call, such as a turn's ``start_ms``; None is nowhere.

        Returns:
            Milliseconds since the start of the file; None if the file does not hold that time, or if there is
            no file.
        """
        if at_ms is None or self.began_ms is None or self.duration_ms is None:
            return None
        offset = round(at_ms - self.began_ms, 3)
        return offset if 0 <= offset <= self.duration_ms else None
