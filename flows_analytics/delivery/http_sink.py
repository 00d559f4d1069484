"""HTTPSink: each call as one POST to a server of yours."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, quote, urlsplit

from pydantic import BaseModel
from pydantic_core import to_json

from flows_analytics.calls.record import CallRecord
from flows_analytics.delivery.http_client import HTTPClient, PrivateHeaders
from flows_analytics.delivery.service_settings import is_text
from flows_analytics.delivery.upload import Upload, UploadError, key_of
from flows_analytics.errors import SinkError
from flows_analytics.files.threads import in_daemon_thread

TOKEN_VARIABLE = "FLOWS_ANALYTICS_HTTP_TOKEN"  # noqa: S105  # the name of a variable
"""The environment variable that holds the token for ``flows-analytics deliver``."""

Schema = Literal["record"] | Callable[[CallRecord], Any]

_CALL_ID = "{call_id}"
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")

_SHORTEST_SECRET = 8
"""What is shorter is no secret, and stands in many an answer that has nothing to do with it, such as ``1``."""


class HTTPSink:
    """Sends each finished call to a server, as one POST.

    With an outbox (see `FlowsObserver`) a call is on disk before it is sent, and is sent again until the server
    has taken it. Without one it is sent once. Every attempt carries the same ``Idempotency-Key``; 409 says that
    the server has the call already, and counts as success. Redirects are not followed.

    One sink may serve many calls, loops and threads at once.

    Args:
        url: Where, http or https. ``{call_id}`` in its path stands for the call's id, encoded.
        token: Sent as ``Authorization: Bearer``; None sends none.
        headers: More headers.
        compress: Send the body gzipped.
        schema: What is sent: the record's JSON (docs/call-record.schema.json), or what a function makes of the
            record, which is called in a thread: bytes and str are sent as they are, anything else as JSON. A call
            for which it raises is put aside, not tried again.
        timeout_secs: How long one attempt may take.
        name: Names the receiver in the outbox; None makes a name from the host and the URL. Give one if the URL
            may change while calls wait, or if two sinks send to one URL.
        secret_url: Whether the path of the URL is a secret, as a webhook's is. The outbox then keeps nothing of
            the URL but the host, and ``flows-analytics deliver`` is told of the sink by ``--sinks``. A query is
            always taken for a secret.

    Raises:
        SinkError: ``bad_url``, ``bad_header`` or ``bad_schema``.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        compress: bool = True,
        schema: Schema = "record",
        timeout_secs: float = 30.0,
        name: str | None = None,
        secret_url: bool = False,
    ) -> None:
        if schema != "record" and not callable(schema):
            raise SinkError("bad_schema", "the schema of an HTTPSink is 'record' or a function of the record")
        self._url = url
        self._host = _host(url)
        self._url_is_secret = secret_url or bool(urlsplit(url).query)
        self._headers = _headers(token, headers or {})
        self._own_headers = tuple(sorted(headers or {}))
        self._has_token = bool(token)
        self._compress = compress
        self._schema: Schema = schema
        self._timeout_secs = timeout_secs
        self._client = HTTPClient(
            timeout_secs=timeout_secs, secrets=_secrets(token, headers or {}, url, in_path=secret_url)
        )
        digest = hashlib.sha256(url.encode()).hexdigest()[:8]
        self.name = name or f"http-{urlsplit(url).hostname}-{digest}"

    def __repr__(self) -> str:
        return f"HTTPSink({self._host!r}, name={self.name!r})"

    @property
    def reads_file(self) -> bool:
        """Whether the record is sent as it lies on disk."""
        return self._schema == "record"

    @property
    def target(self) -> dict[str, Any]:
        """Its settings without secrets, for a later process; see `from_target`."""
        return {
            "sink": "HTTPSink",
            "name": self.name,
            "url": None if self._url_is_secret else self._url,
            "compress": self._compress,
            "timeout_secs": self._timeout_secs,
            "token": self._has_token,
            "headers": list(self._own_headers),
            "schema": "record" if self._schema == "record" else "function",
        }

    @classmethod
    def from_target(cls, target: Mapping[str, Any], environment: Mapping[str, str]) -> Self:
        """Make the sink that an earlier process had.

        Args:
            target: What `target` said.
            environment: Where the token is, as ``FLOWS_ANALYTICS_HTTP_TOKEN``.

        Returns:
            The sink.

        Raises:
            SinkError: ``sink_not_known`` if the settings or the environment do not suffice; the message says what
                is missing.
        """
        lacking: list[str] = []
        if not isinstance(target.get("url"), str):
            lacking.append("its URL, which may be a secret")
        if target.get("headers"):
            lacking.append(f"its headers ({', '.join(map(str, target['headers']))})")
        if target.get("schema") != "record":
            lacking.append("its schema function")
        if lacking:
            raise SinkError("sink_not_known", f"the outbox does not hold {' and '.join(lacking)}: use --sinks")
        token = environment.get(TOKEN_VARIABLE) if target.get("token") else None
        if target.get("token") and not token:
            raise SinkError("sink_not_known", f"its token is not set: set {TOKEN_VARIABLE}, or use --sinks")
        return cls(
            str(target["url"]),
            token=token,
            compress=bool(target.get("compress", True)),
            timeout_secs=float(target.get("timeout_secs", 30.0)),
            name=str(target["name"]) if target.get("name") else None,
        )

    async def upload(self, upload: Upload) -> None:
        """Send a call.

        Args:
            upload: The call.

        Raises:
            UploadError: ``not_reached`` or ``refused``; ``schema_failed`` if the schema function raised, and
                ``body_not_made`` if the record cannot be written; ``record_not_read`` if the disk fails.
            RecordError: If the record cannot be read.
        """
        # Raised here, where a traceback with local variables shows neither headers nor body.
        failure = await self._send(upload)
        if failure is not None:
            raise failure

    async def deliver(self, record: CallRecord) -> None:
        """Send a call that no outbox holds.

        Args:
            record: The call.

        Raises:
            UploadError: As `upload`.
        """
        await self.upload(Upload(record, key_of(record, self.name)))

    async def close(self) -> None:
        """Close the connections of this loop once the requests under way are through."""
        await self._client.close()

    async def _send(self, upload: Upload) -> UploadError | None:
        body = await in_daemon_thread(lambda: self._body(upload))
        if isinstance(body, UploadError):
            return body
        headers = PrivateHeaders(self._headers)
        if not any(header.lower() == "content-type" for header in headers):
            headers["Content-Type"] = "application/json"
        headers["Idempotency-Key"] = upload.key
        if self._compress:
            headers["Content-Encoding"] = "gzip"
        url = self._url
        if _CALL_ID in url:
            # Dots alone would be resolved as a path, not sent.
            encoded = quote(upload.record.call_id, safe="", errors="replace").replace(".", "%2E")
            url = url.replace(_CALL_ID, encoded)
        outcome = await self._client.send("POST", url, body=body, headers=headers, has_it=(409,))
        return outcome if isinstance(outcome, UploadError) else None

    def _body(self, upload: Upload) -> bytes | UploadError:
        if _CALL_ID in self._url or self._schema != "record":
            _ = upload.record  # read here, in the thread
        content = self._written(upload) if self._schema == "record" else self._shaped(upload.record, self._schema)
        if isinstance(content, UploadError) or not self._compress:
            return content
        return gzip.compress(content, compresslevel=6, mtime=0)

    def _written(self, upload: Upload) -> bytes | UploadError:
        try:
            return upload.file.read_bytes() if upload.file else upload.record.to_json().encode("utf-8")
        except OSError as error:
            return UploadError("record_not_read", f"its record: {error.strerror or 'not read'}", retry=True)
        except ValueError as error:
            told = f"the call cannot be written: {type(error).__name__}"
            return UploadError("body_not_made", told, retry=False)

    def _shaped(self, record: CallRecord, schema: Callable[[CallRecord], Any]) -> bytes | UploadError:
        try:
            return _as_bytes(schema(record))
        except Exception as error:
            told = f"the schema function of {self.name} raised {type(error).__name__}"
            return UploadError("schema_failed", told, retry=False)


def _as_bytes(payload: Any) -> bytes:
    if isinstance(payload, bytes):
        return payload
    if isinstance(payload, str):
        return payload.encode("utf-8")
    if isinstance(payload, BaseModel):
        return payload.model_dump_json().encode("utf-8")
    return to_json(payload, inf_nan_mode="null")


def _secrets(token: str | None, headers: Mapping[str, str], url: str, *, in_path: bool) -> list[str]:
    """What of the settings no error may repeat."""
    parts = urlsplit(url)
    # A value such as "ApiKey 7f…" has its secret in its last word.
    likely = [word for value in headers.values() for word in (value, *value.split()[-1:])]
    likely += [parts.query, *(value for _, value in parse_qsl(parts.query))]
    if in_path:
        likely += [parts.path, *parts.path.split("/")]
    return [*([token.strip()] if token else []), *(secret for secret in likely if len(secret) >= _SHORTEST_SECRET)]


def _host(url: str) -> str:
    """Check a URL, and say where it leads without its path and query: webhooks hide keys in either."""
    if not is_text(url):
        raise SinkError("bad_url", "the URL of an HTTPSink is a text")
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
        whole = bool(parts.hostname) and url.isascii() and url.isprintable() and " " not in url
    except ValueError:
        raise SinkError("bad_url", "the URL of an HTTPSink cannot be read") from None
    if parts.username or parts.password:
        # Not repeated: it holds the password.
        raise SinkError("bad_url", "the URL of an HTTPSink holds a user or password: use token= or headers=")
    if parts.scheme not in ("http", "https") or not whole:
        raise SinkError("bad_url", "the URL of an HTTPSink begins with http:// or https:// and is encoded")
    if _CALL_ID in parts.query or _CALL_ID in parts.netloc:
        raise SinkError("bad_url", f"{_CALL_ID} can stand in the path of an HTTPSink's URL only")
    return f"{parts.scheme}://{parts.hostname}{port}"


def _headers(token: str | None, headers: Mapping[str, str]) -> PrivateHeaders:
    checked = PrivateHeaders()
    for header, value in headers.items():
        if not is_text(header) or not _HEADER_NAME.fullmatch(header):
            raise SinkError("bad_header", "the name of a header of an HTTPSink is not one")
        if header.lower() in {"idempotency-key", "content-encoding", "content-length"}:
            raise SinkError("bad_header", f"HTTPSink sets the header {header} itself")
        checked[header] = _value(header, value)
    if token is not None and not is_text(token):
        raise SinkError("bad_header", "the token of an HTTPSink is a text")
    if token:
        if any(header.lower() == "authorization" for header in headers):
            raise SinkError("bad_header", "an HTTPSink takes token= or an Authorization header, not both")
        checked["Authorization"] = _value("Authorization", f"Bearer {token.strip()}")
    return checked


def _value(header: str, value: str) -> str:
    if not is_text(value) or not value.isprintable() or not value.isascii():
        raise SinkError("bad_header", f"the value of the header {header} of an HTTPSink holds what no header can")
    return value
