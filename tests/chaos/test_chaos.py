"""The proof, smaller: the whole is ``python -m tests.chaos``."""

from __future__ import annotations

import asyncio
import signal

import pytest

from tests.chaos.run import Run


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kills as only POSIX systems can")
def test_no_acknowledged_moment_is_lost_and_no_call_doubled_whenever_a_bot_is_killed_and_however_its_server_fails(
    tmp_path,
):
    result = asyncio.run(Run(tmp_path, calls=12, kills=4, seed=1).hold())

    print(result)
    assert result.faults == []
    assert result.counts["calls started"] >= 12
    assert result.counts["kills"] == 4
    assert result.counts["calls recovered"] > 0
    assert result.counts["retried"] > 0
    assert result.counts["acknowledged moments"] > 100
