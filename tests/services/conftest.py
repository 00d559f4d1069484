"""The call, held once for all tests of this room: it takes real time."""

from __future__ import annotations

import asyncio

import pytest

from tests.services.bot import HeldCall, hold_call
from tests.services.loopback import Contacts, only_loopback
from tests.services.pipecat_line import cut_sentences_without_downloads


@pytest.fixture(scope="session")
def held() -> tuple[HeldCall, Contacts]:
    with pytest.MonkeyPatch.context() as monkeypatch, only_loopback() as contacts:
        # A proxy of the environment would stand between the services and loopback.
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        cut_sentences_without_downloads(monkeypatch)
        return asyncio.run(hold_call()), contacts


@pytest.fixture(scope="session")
def call(held: tuple[HeldCall, Contacts]) -> HeldCall:
    return held[0]


@pytest.fixture(scope="session")
def contacts(held: tuple[HeldCall, Contacts]) -> Contacts:
    return held[1]
