"""Pipecat's log, kept out of what the demo shows."""

import warnings
from collections.abc import Generator
from contextlib import contextmanager

from loguru import logger

_PACKAGES = ("pipecat", "pipecat_flows")


@contextmanager
def quiet_pipecat() -> Generator[None]:
    """Silence Pipecat until the block ends.

    The demo's bots fail on purpose, and Pipecat rightly logs it. Its built-in actions also warn that they
    themselves are deprecated, whatever filters are set. What this library logs is heard.

    Yields:
        Nothing; the silence holds inside the block.
    """
    for package in _PACKAGES:
        logger.disable(package)
    try:
        with warnings.catch_warnings(record=True):
            yield
    finally:
        for package in _PACKAGES:
            logger.enable(package)
