"""Pipecat's log in tests: what is wrong, and not every step."""

import os
import sys

from loguru import logger


def quiet_default_log() -> None:
    """Let loguru's default handler show warnings and errors only.

    Pipecat logs hundreds of lines a call, which pytest would show with every failure, before the message that
    matters. Whoever has a handler of his own, or sets ``LOGURU_LEVEL``, keeps what he has.
    """
    if "LOGURU_LEVEL" in os.environ:
        return
    try:
        logger.remove(0)
    except ValueError:
        return
    # Looked up for each message: pytest puts another stream there for each test.
    logger.add(lambda message: print(message, end="", file=sys.stderr), level="WARNING")
