"""Telephony of an observed call: which call of the carrier's it is, as the bot and the carrier tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from flows_analytics.calls.telephony import Telephony
from flows_analytics.observer.guard import Guard
from flows_analytics.recording.recorder import CallRecorder
from flows_analytics.telephony.attached import Attached
from flows_analytics.telephony.context import read_context
from flows_analytics.telephony.daily import extract_daily
from flows_analytics.telephony.extractor import telephony_of
from flows_analytics.telephony.headers import collect
from flows_analytics.telephony.providers import CallExtractor, extract_telephony


class CallContext(Protocol):
    """What `attach_sip_from_context` reads, such as a `TwilioCallContext` or a `JambonzCallContext`."""

    @property
    def sip_call_id(self) -> str | None:
        """The SIP Call-ID, or the carrier's own id in its place."""
        ...

    @property
    def raw_headers(self) -> Mapping[str, str] | None:
        """The SIP headers; None if there are none."""
        ...


class CallTelephony:
    """Collects what is told of a call's telephony.

    Args:
        recorder: Where it is kept.
        guard: Where what goes wrong goes.
    """

    def __init__(self, recorder: CallRecorder, guard: Guard) -> None:
        self._recorder = recorder
        self._guard = guard
        self._attached = Attached()

    def give(self, ask: Callable[[], Telephony | None], *, derived: bool) -> None:
        """Add what was told.

        Args:
            ask: Gives the values; None adds nothing.
            derived: Whether they were read out of a payload, rather than given by the bot itself.
        """
        try:
            telephony = ask()
            if telephony is None:
                return
            add = self._attached.with_derived if derived else self._attached.with_given
            self._attached = add(telephony)
            if self._recorder.closed:
                self._guard.say("ids of the carrier came after the end of the call, and are not in its record")
            if (known := self._attached.known) is not None:
                self._recorder.keep_telephony(known)
        except Exception as error:
            self._guard.caught("the ids of the carrier", error)


class TelephonyAttachments:
    """The ways to tell an observer which call of the carrier's it records.

    They may be called in any order, before the call, in it, and again. Each value is kept as first told, except
    that what the bot gives itself beats what is read out of a payload. SIP Call-ID and the carrier's own id are
    kept apart, so that a real SIP Call-ID takes the place of the other as the record's ``telephony.id``, and is
    itself never replaced by another that is derived. Headers are put together: the first value of each name that
    is not empty. What is not understood is ignored, with a line in the debug log; after the end of the call
    everything is.
    """

    _telephony: CallTelephony

    def attach_sip_info(
        self,
        sip_call_id: str | None = None,
        sip_headers: Mapping[str, str] | None = None,
        *,
        carrier_call_id: str | None = None,
        from_number: str | None = None,
        to_number: str | None = None,
        direction: str | None = None,
        stream_id: str | None = None,
        provider: str | None = None,
    ) -> None:
        """Tell the ids and headers of the call yourself, as of a SIP trunk of your own.

        Args:
            sip_call_id: The Call-ID of the SIP dialogue; None tells nothing, here and below.
            sip_headers: Its headers: a mapping, or a list of ``{"name": ..., "value": ...}``.
            carrier_call_id: The carrier's own id of the call.
            from_number: Who called.
            to_number: Who was called.
            direction: ``inbound`` or ``outbound``.
            stream_id: The id of the media stream.
            provider: Name of the carrier.
        """

        def given() -> Telephony:
            return telephony_of(
                provider,
                sip_call_id=sip_call_id,
                carrier_call_id=carrier_call_id,
                sip_headers=collect(sip_headers),
                from_number=from_number,
                to_number=to_number,
                direction=direction,
                stream_id=stream_id,
            )

        self._telephony.give(given, derived=False)

    def attach_sip_from_telephony(
        self,
        payload: Any,
        *,
        provider: str | CallExtractor,
        sip_headers: Mapping[str, str] | None = None,
    ) -> None:
        """Read the ids and headers out of what the carrier sent.

        Args:
            payload: What the server holds of the call: the ``CallData`` of Pipecat's
                ``parse_telephony_websocket``, the start message itself, the form or JSON of a webhook, or a query
                string.
            provider: ``twilio``, ``telnyx``, ``plivo``, ``exotel``, ``jambonz``, ``daily``, a name given to
                ``register_provider``, or a function that takes the payload and returns the SIP Call-ID and its
                headers.
            sip_headers: Headers that beat those of the payload.

        Raises:
            TelephonyError: ``provider_unknown``, naming those that are known. It is a ValueError.
        """
        found = extract_telephony(payload, provider)
        self._telephony.give(lambda: telephony_of(None, sip_headers=collect(sip_headers)), derived=False)
        self._telephony.give(lambda: found, derived=True)

    def attach_sip_from_dialin(self, settings: Any) -> None:
        """Read the id and headers of a call that was dialled in to Daily.

        Args:
            settings: Pipecat's ``DialinSettings``, its fields as a mapping, or the ``runner_args.body`` that holds
                it: ``call_id`` and ``sip_headers`` are kept as they are.
        """
        self._telephony.give(lambda: extract_daily(settings), derived=True)

    def attach_sip_from_context(self, ctx: CallContext | None) -> None:
        """Take over the ids and headers of a call context.

        Args:
            ctx: A `TwilioCallContext`, a `JambonzCallContext`, or any object with ``sip_call_id`` and
                ``raw_headers``; further attributes of theirs are read if they are there. None tells nothing.
        """
        self._telephony.give(lambda: read_context(ctx), derived=True)
