"""What the whole suite shares."""

from __future__ import annotations

import logging
from importlib.metadata import entry_points

import pytest
from hypothesis import settings
from loguru import logger

# A first example loads libraries, and a busy machine is slow at times: neither says anything about a property.
settings.register_profile("no_deadline", deadline=None, max_examples=50)
settings.load_profile("no_deadline")

_PLUGIN = "flows_analytics.testing.plugin"
_INSTALLED = any(point.value == _PLUGIN for point in entry_points(group="pytest11"))
# Where the library is on the path only, or was installed before it had a plugin, pytest is told of it.
pytest_plugins = ["pytester"] if _INSTALLED else ["pytester", _PLUGIN]


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """Run the whole suite on all processors, and a part of it, which somebody is looking at, in one process."""
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS and not config.option.collectonly
    alone = hasattr(config, "workerinput") or config.option.usepdb or config.option.capture == "no"
    if whole and not alone and getattr(config.option, "numprocesses", 0) is None:
        config.option.numprocesses = "auto"
    if getattr(config.option, "numprocesses", 0) and config.option.dist == "no":
        # Each processor takes a stretch of files in their order, so that what a file's tests share is made once.
        config.option.dist = "worksteal"


@pytest.fixture(autouse=True)
def quiet_pipecat():
    """Pipecat logs every frame of interest at DEBUG; a failing test is read better without."""
    logger.remove()
    logger.add(lambda message: logging.getLogger("pipecat").warning(message), level="WARNING")
    yield
    logger.remove()
