"""What the whole suite shares."""

from __future__ import annotations

import logging

import pytest
from loguru import logger


@pytest.fixture(autouse=True)
def quiet_pipecat():
    """Pipecat logs every frame of interest at DEBUG; a failing test is read better without."""
    logger.remove()
    logger.add(lambda message: logging.getLogger("pipecat").warning(message), level="WARNING")
    yield
    logger.remove()
