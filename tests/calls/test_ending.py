"""From status and reason to the exit kind of the last visit."""

from __future__ import annotations

import pytest

from flows_analytics.calls.ending import (
    DisconnectionReason,
    exit_kind,
    read_disconnection,
    read_ending,
    shown_reason,
)
from flows_analytics.calls.events import (
    BotStarted,
    CallEnded,
    CallerIdle,
    CallerText,
    CallerTurnStarted,
    CallerVoiceStarted,
    ClientConnected,
    ClientDisconnected,
    ErrorSeen,
    KeysPressed,
    NodeEntered,
    TransferRequested,
)


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        ("completed", None, "end"),
        ("completed", "order placed", "end"),
        ("completed", "user_hangup", "hangup"),
        ("cancelled", None, "cancelled"),
        ("cancelled", "runner exiting", "cancelled"),
        ("cancelled", "idle timeout", "timeout"),
        ("cancelled", "Client-Disconnected", "hangup"),
        ("cancelled", "user_hangup", "hangup"),
        ("cancelled", "agent_hangup", "end"),
        ("cancelled", "cold transfer", "transfer"),
        ("cancelled", "transferred to sales", "transfer"),
        ("cancelled", "untransferable", "cancelled"),
        ("error", "idle timeout", "error"),
        ("started", None, "running"),
        ("started", "process_lost", "lost"),
    ],
)
def test_the_table_of_exit_kinds(status, reason, kind):
    assert exit_kind(status, reason) == kind


def test_a_call_without_an_end_is_started():
    assert read_ending(()).status == "started"


def test_a_fatal_error_outweighs_the_frame_that_follows_it():
    events = (
        ErrorSeen(seq=0, at_ms=1, message="x", fatal=True),
        CallEnded(seq=1, at_ms=2, terminal="cancel"),
    )

    assert read_ending(events).status == "error"


def test_an_error_that_is_not_fatal_changes_nothing():
    events = (ErrorSeen(seq=0, at_ms=1, message="x"), CallEnded(seq=1, at_ms=2, terminal="end"))

    assert read_ending(events).status == "completed"


HANGUP, TIMEOUT, TRANSFER = (
    DisconnectionReason.USER_HANGUP,
    DisconnectionReason.TIMEOUT,
    DisconnectionReason.TRANSFER,
)
AGENT, ERROR, UNKNOWN = DisconnectionReason.AGENT_HANGUP, DisconnectionReason.ERROR, DisconnectionReason.UNKNOWN


@pytest.mark.parametrize("status", ["completed", "cancelled"])
@pytest.mark.parametrize(
    ("told", "end_reason", "shown", "kind"),
    [
        # What the resolver says comes first,
        ("user_hangup", "idle timeout", AGENT, "hangup"),
        ("agent_hangup", "client_disconnected", TRANSFER, "end"),
        ("error", None, HANGUP, "error"),
        # unless it names nothing.
        ("unknown", "idle timeout", None, "timeout"),
        ("wrong number", None, HANGUP, "hangup"),
        ("wrong number", "cold transfer", HANGUP, "transfer"),
        # A caller who is passed on leaves, and a bot that nobody tells of it idles.
        (None, "client_disconnected", TRANSFER, "transfer"),
        (None, "idle timeout", TRANSFER, "transfer"),
        (None, "idle timeout", HANGUP, "hangup"),
        # Else the frame knows better than the moments,
        (None, "agent_hangup", HANGUP, "end"),
        (None, "user_hangup", TIMEOUT, "hangup"),
        (None, "idle timeout", AGENT, "timeout"),
        # unless it names nothing.
        (None, "runner exiting", HANGUP, "hangup"),
        (None, "interrupt signal", TIMEOUT, "timeout"),
        (None, None, TRANSFER, "transfer"),
        (None, None, AGENT, "end"),
    ],
)
def test_the_exit_kind_follows_from_the_first_reason_that_names_anything(status, told, end_reason, shown, kind):
    assert exit_kind(status, end_reason, told, shown) == kind


@pytest.mark.parametrize("shown", [None, *DisconnectionReason])
@pytest.mark.parametrize("told", [None, "user_hangup"])
def test_an_error_and_a_call_without_an_end_need_no_reason(told, shown):
    assert exit_kind("error", "runner exiting", told, shown) == "error"
    assert exit_kind("started", None, told, shown) == "running"
    assert exit_kind("started", "process_lost", told, shown) == "lost"


def moments(*kinds):
    return tuple(kind(seq=seq, at_ms=at_ms, **fields) for seq, (kind, at_ms, fields) in enumerate(kinds))


def ended(terminal, at_ms=1000, lag_ms=0.0, **fields):
    return CallEnded, at_ms, {"terminal": terminal, "lag_ms": lag_ms, **fields}


def entered(can_end):
    return NodeEntered, 0, {"flow": "main", "node": "n", "cause": "initial", "can_end": can_end}


GONE, BACK = (ClientDisconnected, 500, {}), (ClientConnected, 600, {})
TRANSFERRED = (TransferRequested, 500, {"method": "sip_transfer"})
IDLE = (CallerIdle, 500, {})


@pytest.mark.parametrize(
    ("happened", "shown"),
    [
        ([ended("end")], None),
        ([ended("cancel")], None),
        ([ended("cancel", reason="runner exiting")], None),
        # The bot ends a call in a node that can end it; a cancel may come from anywhere.
        ([entered(True), ended("end")], AGENT),
        ([entered(True), ended("stop")], AGENT),
        ([entered(False), ended("end")], None),
        ([entered(None), ended("end")], None),
        ([entered(True), entered(False), ended("end")], None),
        ([entered(True), ended("cancel")], None),
        # A client that is gone, however the bot ends the call then,
        ([GONE, ended("cancel", at_ms=500)], HANGUP),
        ([GONE, ended("cancel", at_ms=300_000, reason="idle timeout")], HANGUP),
        ([GONE, ended("end")], HANGUP),
        ([GONE, ended("flush")], HANGUP),
        ([GONE, ended("cleanup")], HANGUP),
        ([GONE, entered(True), ended("end")], HANGUP),
        # whose last words may be noticed late,
        ([GONE, (CallerText, 900, {}), (CallerVoiceStarted, 700, {}), ended("cancel")], HANGUP),
        # but not one that comes back, nor one of several,
        ([GONE, BACK, ended("cancel")], None),
        ([GONE, (CallerVoiceStarted, 1600, {}), ended("cancel", at_ms=2000)], None),
        ([GONE, (KeysPressed, 1600, {"keys": "1"}), ended("cancel", at_ms=2000)], None),
        # nor one that leaves because the call is ending.
        ([GONE, ended("cancel", lag_ms=600)], None),
        ([entered(True), GONE, ended("end", lag_ms=600)], AGENT),
        # A transfer, also one that the client leaves by, or says thanks to,
        ([TRANSFERRED, ended("cancel")], TRANSFER),
        ([TRANSFERRED, GONE, ended("cancel")], TRANSFER),
        ([entered(True), TRANSFERRED, ended("end", lag_ms=600)], TRANSFER),
        ([TRANSFERRED, (BotStarted, 550, {}), (CallerText, 600, {}), ended("cancel")], TRANSFER),
        # but not one that failed, so that the two talk on.
        ([TRANSFERRED, (CallerText, 600, {}), (BotStarted, 700, {}), ended("cancel")], None),
        (
            [
                TRANSFERRED,
                (CallerText, 600, {}),
                (BotStarted, 700, {}),
                (ClientDisconnected, 800, {}),
                ended("cancel"),
            ],
            HANGUP,
        ),
        # A caller who is idle until the bot ends the call, but not one who spoke again, or whom nobody gave up.
        ([IDLE, ended("end")], TIMEOUT),
        ([IDLE, entered(True), ended("end")], TIMEOUT),
        ([IDLE, (CallerTurnStarted, 600, {}), entered(True), ended("end")], AGENT),
        ([IDLE, (KeysPressed, 600, {"keys": "1"}), ended("end")], None),
        ([IDLE, ended("cancel")], None),
        ([entered(True), IDLE, ended("end", lag_ms=600)], AGENT),
        # Without an end there is nothing to show.
        ([GONE, IDLE, TRANSFERRED], None),
        ([], None),
    ],
)
def test_what_the_moments_show(happened, shown):
    assert shown_reason(moments(*happened)) == shown


@pytest.mark.parametrize(
    ("status", "told", "end_reason", "reason", "source"),
    [
        ("cancelled", "user_hangup", "idle timeout", "user_hangup", "resolver"),
        ("cancelled", "wrong number", None, "wrong number", "resolver"),
        ("error", "wrong number", None, "wrong number", "resolver"),
        ("error", None, "runner exiting", "error", "moments"),
        ("cancelled", None, "max duration", "user_hangup", "moments"),
        ("cancelled", None, "agent_hangup", "agent_hangup", "frame"),
        ("cancelled", None, "runner exiting", "user_hangup", "moments"),
        ("cancelled", "Unknown", None, "user_hangup", "moments"),
    ],
)
def test_who_told_why_a_call_was_over(status, told, end_reason, reason, source):
    events = moments(GONE, ended("cancel", reason=end_reason))
    read = read_disconnection(events, status=status, end_reason=end_reason, told=told)

    assert (read.reason, read.source) == (reason, source)


@pytest.mark.parametrize(("told", "source"), [(None, None), ("unknown", "resolver")])
def test_if_nothing_tells_the_reason_is_unknown(told, source):
    events = moments(ended("cancel", reason="interrupt signal"))
    read = read_disconnection(events, status="cancelled", end_reason="interrupt signal", told=told)

    assert (read.reason, read.source) == ("unknown", source)


def test_a_call_without_an_end_was_not_disconnected():
    assert read_disconnection(moments(GONE), status="started", end_reason=None, told="user_hangup") is None
