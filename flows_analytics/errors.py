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
