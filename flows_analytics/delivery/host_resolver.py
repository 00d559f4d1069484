"""Finding the addresses of a host, without a process that cannot exit while a name server is silent."""

from __future__ import annotations

import socket

from aiohttp.abc import AbstractResolver, ResolveResult

from flows_analytics.files.threads import in_daemon_thread


class HostResolver(AbstractResolver):
    """Asks the operating system, as aiohttp does, but in a thread that may be abandoned.

    The loop's own threads are waited for when the loop is closed, as long as the name server hangs: far beyond any
    deadline of ours.
    """

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Find the addresses of a host.

        Args:
            host: Its name.
            port: Its port.
            family: Which kind of addresses.

        Returns:
            The addresses, in the order of the operating system.

        Raises:
            OSError: If it has none.
        """
        return await in_daemon_thread(lambda: _addresses(host, port, family))

    async def close(self) -> None:
        """Nothing is held open."""


def _addresses(host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
    # Of a machine without a network, the flag would leave out its own name.
    flags = 0 if host == "localhost" else socket.AI_ADDRCONFIG
    numeric = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return [
        ResolveResult(
            hostname=host,
            # With the zone of a link-local address, which stands beside it.
            host=socket.getnameinfo(address, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)[0],
            port=port,
            family=found,
            proto=protocol,
            flags=numeric,
        )
        for found, _, protocol, _, address in socket.getaddrinfo(
            host, port, family=family, type=socket.SOCK_STREAM, flags=flags
        )
    ]
