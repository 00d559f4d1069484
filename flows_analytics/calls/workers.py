"""Workers: which worker of a bot that has several held the call, and when."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flows_analytics.calls.events import Events, WorkerActivated, WorkerDeactivated


@dataclass(frozen=True)
class Shift:
    """One stretch in which a worker was active.

    Attributes:
        worker: Its name.
        began_ms: When it was activated; None if that was not seen.
        ended_ms: When it was deactivated, at the latest with the call; None while it is active.
    """

    worker: str
    began_ms: float | None
    ended_ms: float | None


def read_shifts(events: Events, *, ended_ms: float | None) -> tuple[Shift, ...]:
    """Read which workers were active when; one after another is a hand-off.

    Args:
        events: The moments of the call.
        ended_ms: When the call ended; None while it runs.

    Returns:
        The shifts of the workers that were attached, in the order in which each began.
    """
    shifts: list[Shift] = []
    # Where in the list the shift of each active worker is.
    active: dict[str, int] = {}
    for event in sorted(events, key=lambda event: event.at_ms):
        if not isinstance(event, WorkerActivated | WorkerDeactivated):
            continue
        if isinstance(event, WorkerActivated):
            # A worker may be activated again without having been deactivated.
            if event.worker not in active:
                active[event.worker] = len(shifts)
                shifts.append(Shift(worker=event.worker, began_ms=event.at_ms, ended_ms=None))
        elif event.worker not in active:
            shifts.append(Shift(worker=event.worker, began_ms=None, ended_ms=event.at_ms))
        else:
            position = active.pop(event.worker)
            shifts[position] = replace(shifts[position], ended_ms=event.at_ms)
    if ended_ms is not None:
        shifts = [
            replace(shift, ended_ms=max(ended_ms, shift.began_ms or 0.0)) if shift.ended_ms is None else shift
            for shift in shifts
        ]
    return tuple(shifts)
