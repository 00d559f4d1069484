"""HTTP as the sinks need it: one session, bounded waits, and answers that say whether to try again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp

from flows_analytics.delivery.upload import UploadError

_RETRIED = frozenset({408, 425, 429})
_BODY_KEPT = 2000


@dataclass(frozen=True)
class Answer:
    """What a server answered.

    Attributes:
        status: The HTTP status: a success, or 409, which says that the server has it already.
        body: The body.
    """

    status: int
    body: bytes


class HTTPClient:
    """Sends requests over one session, which is opened with the first.

    Args:
        timeout_secs: How long one request may take.
    """

    def __init__(self, *, timeout_secs: float) -> None:
        self._timeout_secs = timeout_secs
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def send(
        self,
        method: str,
        url: str,
        *,
        body: bytes,
        headers: Mapping[str, str],
    ) -> Answer:
        """Send a request.

        Args:
            method: The HTTP method.
            url: Where; already encoded.
            body: What.
            headers: Its headers.

        Returns:
            The answer.

        Raises:
            UploadError: ``not_reached`` if no whole answer came; ``refused`` with the status otherwise. Neither
                repeats headers, the query of the URL or what was sent.
        """
        where = url.partition("?")[0]
        try:
            session = self._open()
            async with session.request(method, url, data=body, headers=headers, allow_redirects=False) as response:
                content = await response.read()
                status, told = response.status, response.headers
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise UploadError("not_reached", f"{where}: {type(error).__name__}", retry=True) from None
        if status == 409 or 200 <= status < 300:
            return Answer(status, content)
        retry = status in _RETRIED or status >= 500
        after_secs = _retry_after(told.get("Retry-After")) if retry else None
        raise UploadError("refused", f"{where}: HTTP {status}{_said(content)}", retry=retry, after_secs=after_secs)

    async def close(self) -> None:
        """Close the session; the next request opens another."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        if self._session is None or self._session.closed or self._loop is not loop:
            # A session belongs to the loop it was opened in; sinks outlive loops.
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self._timeout_secs))
            self._loop = loop
        return self._session


def _said(content: bytes) -> str:
    text = " ".join(content[:_BODY_KEPT].decode("utf-8", "replace").split())
    return f": {text}" if text else ""


def _retry_after(value: Any) -> float | None:
    """Read a Retry-After header: seconds, or an HTTP date."""
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (at - datetime.now(UTC)).total_seconds())
