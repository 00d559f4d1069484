"""The one guard at the edge: what goes wrong in a recording never reaches the call."""

from __future__ import annotations

from collections.abc import Callable

from loguru import logger


class Guard:
    """Catches the recording's own exceptions, says each kind once, and counts them all.

    Args:
        call_id: The call, named in the log.
        lose: Takes a loss's code and reason.
        strict: Raise instead, for tests of the recorder itself.
    """

    def __init__(self, call_id: str, lose: Callable[[str, str], None], *, strict: bool) -> None:
        self._call_id = call_id
        self._lose = lose
        self._strict = strict
        self._said: set[str] = set()

    def caught(self, where: str, error: BaseException, code: str = "guarded_error") -> None:
        """Take note of an exception. Call it from the handler that caught it.

        Args:
            where: What was being recorded, in plain words.
            error: The exception. Its message may quote what was said, so only its class is repeated.
            code: The code of the loss (see `Health`).

        Raises:
            Exception: The same one, if strict.
        """
        what = f"{type(error).__name__} while recording {where}"
        self._lose(code, what)
        self.say(f"{what}; the call goes on")
        if self._strict:
            raise error

    def say(self, message: str) -> None:
        """Log a warning, once for each message.

        Args:
            message: The message, without any content of the call.
        """
        if message not in self._said:
            self._said.add(message)
            logger.warning(f"flows_analytics: call {self._call_id!r}: {message}")
