"""TwiML: what to answer Twilio's voice webhook, so that the bot learns which call it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from flows_analytics.errors import TelephonyError
from flows_analytics.telephony.forwarded import forwarded
from flows_analytics.telephony.stream_url import checked_stream_url
from flows_analytics.telephony.twilio import FORWARDED_FIELDS


def build_sip_forwarding_twiml(
    form: Any,
    *,
    ws_url: str,
    forwarded_fields: Sequence[str] = FORWARDED_FIELDS,
    extra_params: Mapping[str, Any] | None = None,
    pause_seconds: int = 40,
) -> str:
    """Answer Twilio's voice webhook: stream the call to the bot, with the ids and SIP headers of the webhook.

    Media Streams drop what the webhook tells; a ``<Parameter>`` is the only way it reaches the bot. Verify the
    webhook's signature first: whoever can post a form to you chooses what is forwarded.

    Args:
        form: The webhook's form, in any form that `read_payload` takes; one that is not understood forwards
            nothing, and the call goes on.
        ws_url: Where the bot listens: ``wss://`` or, where nobody listens in, ``ws://``. Twilio itself takes
            ``wss://`` without a query only.
        forwarded_fields: Fields of the form to forward; each ``SipHeader_...`` is forwarded too.
        extra_params: What else to forward; it counts more than a field of the same name.
        pause_seconds: How long the call stays open after the stream has ended; 0 not at all.

    Returns:
        The TwiML document. Values are on one line each, and escaped.

    Raises:
        TelephonyError: ``stream_url_not_valid``; ``pause_not_valid``. It is a ValueError.
    """
    response = Element("Response")
    stream = SubElement(SubElement(response, "Connect"), "Stream", {"url": checked_stream_url(ws_url)})
    add_parameters(stream, forwarded(form, forwarded_fields, extra_params))
    add_pause(response, pause_seconds)
    return document(response)


def add_parameters(stream: Element, parameters: Mapping[str, str]) -> None:
    """Write parameters into a stream.

    Args:
        stream: The ``<Stream>``.
        parameters: Their names and values.
    """
    for name, value in parameters.items():
        SubElement(stream, "Parameter", {"name": name, "value": value})


def add_pause(response: Element, seconds: int) -> None:
    """Keep a call open for a while.

    Args:
        response: The ``<Response>``.
        seconds: How long; 0 writes nothing.

    Raises:
        TelephonyError: ``pause_not_valid`` if it is no whole number, or negative.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int) or seconds < 0:  # pyright: ignore[reportUnnecessaryIsInstance]  # it often comes from settings
        raise TelephonyError("pause_not_valid", f"pause_seconds= is a whole number from 0 on, not {seconds!r}")
    if seconds:
        SubElement(response, "Pause", {"length": str(seconds)})


def document(root: Element) -> str:
    """Write an XML document.

    Args:
        root: Its root.

    Returns:
        The document, with its declaration.
    """
    return '<?xml version="1.0" encoding="UTF-8"?>' + tostring(root, encoding="unicode")
