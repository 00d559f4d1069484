"""When to try again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """Exponential backoff with full jitter: the wait is anywhere between nothing and a ceiling that doubles.

    Attributes:
        first_secs: The ceiling after the first attempt, in seconds.
        longest_secs: The highest ceiling, in seconds.
        longest_asked_secs: The longest wait that a receiver can ask for, in seconds.
    """

    first_secs: float = 1.0
    longest_secs: float = 3600.0
    longest_asked_secs: float = 86_400.0

    def ceiling_secs(self, attempts: int) -> float:
        """Say how long the next wait can be.

        Args:
            attempts: How many attempts failed, at least 1.

        Returns:
            Seconds.
        """
        # Doubling stops long before a float overflows.
        return min(self.longest_secs, self.first_secs * 2.0 ** min(max(attempts - 1, 0), 64))

    def wait_secs(self, attempts: int, *, dice: float, asked_secs: float | None = None) -> float:
        """Say how long to wait.

        Args:
            attempts: How many attempts failed, at least 1.
            dice: A random number from 0 to 1.
            asked_secs: How long the receiver asks to wait; None if it does not. The wait is never shorter, and a
                little longer, so that not everybody who was told the same comes back at the same moment.

        Returns:
            Seconds.
        """
        wait = dice * self.ceiling_secs(attempts)
        return wait if asked_secs is None else max(wait, self.asked_wait_secs(asked_secs, dice=dice))

    def asked_wait_secs(self, asked_secs: float, *, dice: float) -> float:
        """Say how long a receiver that asks for it is left alone, whatever else waits for it.

        Args:
            asked_secs: How long it asks to wait.
            dice: A random number from 0 to 1.

        Returns:
            Seconds: a little more than it asks for, a day and a little at most.
        """
        return min(asked_secs, self.longest_asked_secs) + dice * self.first_secs

    def longest_wait_secs(self, *, asked: bool) -> float:
        """Say how long any wait can be; what lies further ahead was written by another clock.

        Args:
            asked: Whether the receiver asked for it.

        Returns:
            Seconds.
        """
        return max(self.longest_secs, self.longest_asked_secs + self.first_secs) if asked else self.longest_secs
