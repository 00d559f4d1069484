"""A server on loopback, and a guard that keeps everything else out of reach."""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiohttp import web


class Endpoint(Protocol):
    """What has routes of its own."""

    def add_to(self, app: web.Application) -> None: ...


@asynccontextmanager
async def serve(*endpoints: Endpoint) -> AsyncIterator[str]:
    """Serve endpoints on a free port of loopback.

    Yields:
        The address, such as `127.0.0.1:4711`.
    """
    app = web.Application()
    for endpoint in endpoints:
        endpoint.add_to(app)
    runner = web.AppRunner(app, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        yield f"{host}:{port}"
    finally:
        await runner.cleanup()


@dataclass
class Contacts:
    """Whom this process tried to reach.

    Attributes:
        loopback: Addresses on this machine, which it reached.
        elsewhere: Hosts it was kept from reaching.
    """

    loopback: set[str] = field(default_factory=set)
    elsewhere: list[str] = field(default_factory=list)


@contextmanager
def only_loopback() -> Iterator[Contacts]:
    """Refuse every connection, datagram and name look-up that leaves this machine, in all threads.

    Yields:
        Whom the process tried to reach meanwhile.
    """
    _watch()
    contacts = Contacts()
    _watching.append(contacts)
    try:
        yield contacts
    finally:
        _watching.remove(contacts)


# An audit hook sees sockets whoever opens them, also from C, but can never be taken off again.
_watching: list[Contacts] = []
_hooked: list[bool] = []
_EVENTS = {"socket.connect": 1, "socket.sendto": 1, "socket.getaddrinfo": 0, "socket.gethostbyname": 0}


def _watch() -> None:
    if not _hooked:
        sys.addaudithook(_audit)
        _hooked.append(True)


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watching or event not in _EVENTS:
        return
    address = arguments[_EVENTS[event]]
    host = address[0] if isinstance(address, tuple) else address
    if event in ("socket.connect", "socket.sendto") and not isinstance(address, tuple):
        return  # a socket in the file system
    for contacts in _watching:
        if _is_loopback(host):
            contacts.loopback.add(str(host))
        else:
            contacts.elsewhere.append(str(host))
    if not _is_loopback(host):
        raise ConnectionRefusedError(f"this test stays on loopback, not {host}")


def _is_loopback(host: Any) -> bool:
    if isinstance(host, bytes):
        host = host.decode()
    if host in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
