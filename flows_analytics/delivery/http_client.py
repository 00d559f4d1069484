"""HTTP as the sinks need it: one session a loop, bounded waits, and answers that say whether to try again."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime

import aiohttp
from yarl import URL

from flows_analytics.delivery.host_resolver import HostResolver
from flows_analytics.delivery.upload import UploadError

_RETRIED = frozenset({408, 425, 429})
_ANSWER_KEPT = 2000
_LARGEST_ANSWER = 1024 * 1024
_HIDDEN = "<hidden>"


class PrivateHeaders(dict[str, str]):
    """Headers whose values no repr and so no traceback shows."""

    def __repr__(self) -> str:
        return f"<headers {', '.join(sorted(self))}>"

    __str__ = __repr__


@dataclass(frozen=True)
class Answer:
    """What a server answered.

    Attributes:
        status: The HTTP status: a success, or 409 if that counts as one.
        body: The body, its first megabyte.
    """

    status: int
    body: bytes = field(repr=False)


@dataclass
class _Session:
    session: aiohttp.ClientSession
    users: int = 0
    closing: bool = False


class HTTPClient:
    """Sends requests over one session for each event loop, which is opened with the first request.

    Several calls share it. `close` lets the requests that are under way come to their end.

    Args:
        timeout_secs: How long one request may take.
        secrets: What no error may repeat, such as the API key in the headers: servers like to quote it.
        now: The wall clock, in seconds since 1970, for a Retry-After that is a date.
    """

    def __init__(
        self, *, timeout_secs: float, secrets: Collection[str] = (), now: Callable[[], float] = time.time
    ) -> None:
        self._timeout_secs = timeout_secs
        # A secret may be part of another.
        self._secrets = sorted((secret for secret in secrets if secret), key=len, reverse=True)
        self._now = now
        # A session belongs to the loop it was opened in; sinks outlive loops, and serve several threads.
        self._sessions: dict[asyncio.AbstractEventLoop, _Session] = {}

    async def send(
        self,
        method: str,
        url: str,
        *,
        body: bytes,
        headers: Mapping[str, str],
        has_it: Collection[int] = (),
    ) -> Answer | UploadError:
        """Send a request. Redirects are not followed: they would take the call, and its secrets, elsewhere.

        An error is returned, not raised: no traceback then shows what was sent, or where to.

        Args:
            method: The HTTP method.
            url: Where; already encoded, and sent exactly so.
            body: What.
            headers: Its headers; `PrivateHeaders` keep secrets out of tracebacks.
            has_it: What besides a 2xx counts as success, because it says that the server has it already.

        Returns:
            The answer, or why there is none: ``bad_url`` if nothing can be sent there; ``not_reached`` if no whole
            answer came; ``refused`` with the status otherwise. None repeats headers, the path or query of the URL,
            what was sent or what came back.
        """
        # Not encoded again: yarl would resolve an encoded `..`, and so send the call to the URL of something else.
        try:
            where = URL(url, encoded=True)
            place = f"{where.scheme}://{where.host}{f':{where.explicit_port}' if where.explicit_port else ''}"
        except ValueError:
            return UploadError("bad_url", "what should be a URL is none", retry=False)
        try:
            async with (
                self._use() as session,
                session.request(method, where, data=body, headers=headers, allow_redirects=False) as response,
            ):
                content = await _read(response)
                status, told = response.status, response.headers.get("Retry-After")
        except TimeoutError:
            return UploadError("not_reached", f"{place}: no answer within {self._timeout_secs:g} s", retry=True)
        except Exception as error:
            # Whatever else is raised in there has the URL and the body in its traceback.
            return UploadError("not_reached", f"{place}: {_reason(error)}", retry=True)
        if status in has_it or 200 <= status < 300:
            return Answer(status, content)
        retry = status in _RETRIED or status >= 500
        return UploadError(
            "refused",
            f"{place}: HTTP {status}",
            retry=retry,
            after_secs=retry_after_secs(told, self._now()) if retry and told is not None else None,
            answer=self._hidden(" ".join(content.decode("utf-8", "replace").split()))[:_ANSWER_KEPT],
        )

    def _hidden(self, text: str) -> str:
        # Before the cut, which would leave the beginning of one.
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        return text

    async def close(self) -> None:
        """Close this loop's session as soon as nobody uses it; the next request opens another."""
        loop = asyncio.get_running_loop()
        opened = self._sessions.get(loop)
        if opened is not None:
            opened.closing = True
            await self._close_unused(loop, opened)

    @asynccontextmanager
    async def _use(self) -> AsyncGenerator[aiohttp.ClientSession]:
        loop = asyncio.get_running_loop()
        opened = self._sessions.get(loop)
        if opened is None:
            for other in [other for other in list(self._sessions) if other.is_closed()]:
                self._sessions.pop(other, None)
            # Whatever cookies a receiver sets, one call's answer has no part in the next call's request.
            opened = self._sessions[loop] = _Session(
                aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(resolver=HostResolver()),
                    timeout=aiohttp.ClientTimeout(total=self._timeout_secs),
                    cookie_jar=aiohttp.DummyCookieJar(),
                )
            )
        opened.users += 1
        try:
            yield opened.session
        finally:
            opened.users -= 1
            if opened.closing:
                await self._close_unused(loop, opened)

    async def _close_unused(self, loop: asyncio.AbstractEventLoop, opened: _Session) -> None:
        if opened.users == 0 and self._sessions.get(loop) is opened:
            del self._sessions[loop]
            await opened.session.close()


def retry_after_secs(value: str, now: float) -> float | None:
    """Read a Retry-After header.

    Args:
        value: Seconds, or an HTTP date.
        now: The wall clock, in seconds since 1970.

    Returns:
        Seconds from now, not negative; None if it is neither.
    """
    try:
        secs = float(value)
    except ValueError:
        try:
            when = parsedate_to_datetime(value)
            # A date without a zone is UTC, says RFC 9110.
            secs = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - now
        except (ValueError, OverflowError):
            return None
    return max(0.0, secs) if math.isfinite(secs) else None


async def _read(response: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for piece in response.content.iter_any():
        content += piece
        if len(content) >= _LARGEST_ANSWER:
            response.close()
            break
    return bytes(content[:_LARGEST_ANSWER])


def _reason(error: Exception) -> str:
    # The messages of some quote the URL, its query included.
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "its certificate is not valid"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "no such host"
    if isinstance(error, OSError) and error.strerror:
        return f"{type(error).__name__}: {error.strerror}"
    return type(error).__name__
