"""What this library raises: one base class, a stable code on every error, few leaves."""

from __future__ import annotations


class FlowsAnalyticsError(Exception):
    """Base class of every error this library raises on purpose.

    Attributes:
        code: A stable, machine-readable name of the problem, such as ``record_not_json``. Messages may be
            reworded between releases; codes are not.
        message: What went wrong, where, and what to do about it.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class RecordError(FlowsAnalyticsError):
    """A call record cannot be read: not JSON, not a record, or made by a newer release."""


class ObserverError(FlowsAnalyticsError):
    """A FlowsObserver is wired up in a way that cannot record the call truthfully."""


class CallNotFoundError(FlowsAnalyticsError):
    """No recorded call answers to the file name or id given."""


class SinkError(FlowsAnalyticsError, ValueError):
    """A sink was made with settings that can never send a call."""


class StoreError(FlowsAnalyticsError):
    """A store cannot take or give what was asked of it."""


class CountsError(FlowsAnalyticsError):
    """Counts contradict each other, or cannot answer what is asked of them."""


class FunnelError(FlowsAnalyticsError, ValueError):
    """A funnel is described in a way that has no meaning."""


class ExtraMissingError(FlowsAnalyticsError, ImportError):
    """What is asked for needs libraries that come with an extra of this package; the code is ``extra_missing``.

    Args:
        what: What needs which libraries, such as ``graphs need networkx``.
        extra: The extra that brings them.

    Attributes:
        extra: The same.
    """

    def __init__(self, what: str, extra: str) -> None:
        # Double quotes: the one kind that every shell takes.
        super().__init__("extra_missing", f'{what}: pip install "flows-analytics[{extra}]"')
        self.extra = extra


class TelephonyError(FlowsAnalyticsError, ValueError):
    """A carrier's name, a websocket's URL or another setting of telephony is none that can work."""
