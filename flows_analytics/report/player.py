"""The sound of a call: what the page may play, and what its policy must allow for that."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from flows_analytics.calls.record import CallRecord
from flows_analytics.report.times import Duration, duration
from flows_analytics.report.visible import PageText, page_text

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_MOST = 4_000


@dataclass(frozen=True)
class Player:
    """A recording that the page can play, or at least names.

    Attributes:
        src: Where it is, as a URL of ASCII characters; None if the page cannot play it.
        media: What the Content-Security-Policy must allow as a source of media; None without ``src``.
        remote: Whether playing it asks the network.
        named: The file or URL that the record names.
        lasted: Its length; None if that is not known.
        began_ms: Time of the call at which it begins, in milliseconds; None if that is not known, so that no place
            in it can be found.
    """

    src: str | None
    media: str | None
    remote: bool
    named: PageText
    lasted: Duration | None
    began_ms: float | None = None


def player(record: CallRecord, record_dir: str | None) -> Player | None:
    """Decide how the page offers the sound of a call.

    A file beside the record goes before a URL: it is here, and its times are the call's.

    Args:
        record: The call.
        record_dir: Where the folder of the record and of its recording is, as seen from the page: a relative path
            with forward slashes, empty for the folder of the page. None if the file cannot be reached from there.

    Returns:
        The player; None if there is no recording.
    """
    recording = record.recording
    if recording is None:
        return None
    if recording.file and (record_dir is not None or not recording.url):
        src = None if record_dir is None else _beside(record_dir, recording.file)
        lasted = duration(recording.duration_ms)
        began_ms = recording.began_ms if lasted else None
        return Player(
            src,
            "'self'" if src else None,
            remote=False,
            named=page_text(recording.file),
            lasted=lasted,
            began_ms=began_ms,
        )
    if recording.url:
        src, media = _elsewhere(recording.url)
        return Player(src, media, remote=src is not None, named=page_text(recording.url), lasted=None)
    return None


def _beside(record_dir: str, file: str) -> str | None:
    """Name a file relative to the page; None if it is not the bare name of a file."""
    if file in (".", "..") or len(file) > _MOST or re.search(r"[/\\\x00]", file):
        return None
    # Everything but letters and digits is encoded, so no name can be a scheme or begin another folder.
    folder = quote(record_dir.strip("/"), safe="/", errors="replace")
    return f"./{folder}/{_encoded(file)}" if folder else f"./{_encoded(file)}"


def _encoded(text: str, safe: str = "") -> str:
    return quote(text, safe=safe, errors="replace")


def _elsewhere(url: str) -> tuple[str | None, str | None]:
    """Check a URL, and say what a policy must allow for it: that very address, for a source knows no query."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None, None
    plain = parts.scheme in ("http", "https") and host is not None and _HOST.fullmatch(host)
    if not plain or len(url) > _MOST or "@" in parts.netloc:
        return None, None
    origin = f"{parts.scheme}://{host}{f':{port}' if port else ''}"
    path = _encoded(parts.path or "/", safe="/%:@!$&'()*+=~")
    query = _encoded(f"?{parts.query}", safe="/%:@!$&'()*+,;=~?") if parts.query else ""
    # In a policy, a quote is safe inside a URL; a semicolon or a comma would begin something else.
    return f"{origin}{path}{query}", f"{origin}{path}"
