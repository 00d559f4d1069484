"""Funnels: how many calls get how far along a list of steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from flows_analytics.errors import FunnelError
from flows_analytics.stats.attempt import NOWHERE, Attempt, Mode, best_attempt
from flows_analytics.stats.funnel_call import FunnelCall, FunnelPath, calls_of_counts
from flows_analytics.stats.funnel_result import FunnelResult
from flows_analytics.stats.funnel_tally import FunnelTally
from flows_analytics.stats.step import Step, steps_of
from flows_analytics.store.buckets import bucket_of
from flows_analytics.store.counts import FlowCounts

if TYPE_CHECKING:
    from flows_analytics.stats.path_follower import PathFollower

_VARIANTS_REMEMBERED = 100_000


class Funnel:
    """A question: how many calls get from the first of these steps to the last?

    Args:
        steps: Nodes, sets of nodes any of which will do, or `Step`s, which may be optional.
        mode: ``ordered``: in this order, other nodes may lie between. ``strict``: by consecutive visits.
            ``any``: in any order, so that level k means k different steps.
        window: Most time from the first required step to any other; a number is seconds. None: any time will do.
        exclude: Nodes that void the attempt under way. Steps reached before stay counted, and a later full
            attempt counts.
        by: Attribute of the call to break the result down by; None for none.
        goal: Node, or nodes, that mean success however they are reached; None if nobody asks.

    Attributes:
        steps: The steps.
        required: Those that are not optional: its levels.
        mode: In which order they count.
        window_us: The window in microseconds; None if any time will do.
        exclude: The nodes that void an attempt.
        by: What the result is broken down by.
        goal: The nodes that mean success; None if nobody asks.

    Raises:
        FunnelError: No step is required, a node is a step and excluded, or the window is negative.
    """

    def __init__(  # noqa: PLR0917  # a question reads best in one breath: steps, mode, window
        self,
        steps: Sequence[str | Collection[str] | Step],
        mode: Mode = "ordered",
        window: timedelta | float | None = None,
        exclude: str | Collection[str] = (),
        by: str | None = None,
        goal: str | Collection[str] | None = None,
    ) -> None:
        self.steps = steps_of(steps)
        self.required = tuple(step for step in self.steps if not step.optional)
        if mode not in ("ordered", "strict", "any"):
            raise FunnelError("funnel_mode_unknown", f"a funnel is ordered, strict or any, not {mode}")
        self.mode: Mode = mode
        if window is not None and not isinstance(window, timedelta):
            window = timedelta(seconds=window)
        if window is not None and window < timedelta():
            raise FunnelError("funnel_window_negative", "a funnel's window is not negative")
        self.window_us = None if window is None else window // timedelta(microseconds=1)
        self.exclude = frozenset((exclude,) if isinstance(exclude, str) else exclude)
        if both := {node for step in self.steps for node in step.nodes & self.exclude}:
            raise FunnelError(
                "funnel_excludes_step", f"a step cannot be excluded as well: {', '.join(sorted(both))}"
            )
        self.by = by
        self.goal = None if goal is None else frozenset((goal,) if isinstance(goal, str) else goal)
        self._counted: dict[tuple[str, ...], Attempt] = {}

    def of_calls(self, calls: Iterable[FunnelCall]) -> FunnelResult:
        """Send calls through the funnel.

        Args:
            calls: The calls (`calls_of_visits` makes them of visits), read once.

        Returns:
            How far they got; broken down by their groups if ``by`` is given.

        Raises:
            FunnelError: A window is asked for, and the calls have no times.
        """
        return self._of(calls, lru_cache(_VARIANTS_REMEMBERED)(self._attempt_without_times))

    def _of(self, calls: Iterable[FunnelCall], attempt: Callable[[tuple[str, ...]], Attempt]) -> FunnelResult:
        tallies: dict[str | None, FunnelTally] = {}
        for call in calls:
            tally = tallies.setdefault(call.group if self.by is not None else None, FunnelTally())
            self._count(call, tally, attempt)
        return FunnelResult.of(
            self.required, self.steps, self.mode, tallies, by=self.by, goal=self.goal is not None
        )

    def of_counts(self, counts: FlowCounts | Mapping[str | None, FlowCounts]) -> FunnelResult:
        """Send counted variants through the funnel: fast, without times to convert.

        Args:
            counts: Counts of calls of one flow each; by value of ``by`` if the funnel is broken down.

        Returns:
            How far the calls got.

        Raises:
            FunnelError: A window is asked for, which counts cannot answer.
            CountsError: Some calls have several flows, which counts do not tell apart.
        """
        parts = {None: counts} if isinstance(counts, FlowCounts) else counts
        calls = [call for group, part in parts.items() for call in calls_of_counts(part, group)]
        if self.window_us is None:
            from flows_analytics.stats.attempts_without_times import (  # noqa: PLC0415  # numpy loads only if asked for
                attempts_without_times,
            )

            # Parts of a result, and versions that are compared, took the same ways.
            ways = dict.fromkeys(path.nodes for call in calls for path in call.paths)
            new = [nodes for nodes in ways if nodes not in self._counted]
            self._counted.update(zip(new, attempts_without_times(self, new), strict=True))
        return self._of(calls, self._counted.__getitem__)

    def follower(self) -> PathFollower:
        """Make what sends calls through the funnel many at once, with their times.

        Returns:
            What `CallStore.follow_paths` starts: ``store.follow_paths(funnel.follower, by=funnel.by)`` finds what
            `of_calls` would.
        """
        from flows_analytics.stats.path_follower import PathFollower  # noqa: PLC0415  # numpy loads only if asked for

        return PathFollower(self)

    def _attempt_without_times(self, nodes: tuple[str, ...]) -> Attempt:
        return best_attempt(FunnelPath(nodes, "end"), self.steps, self.mode, None, self.exclude)

    def _count(
        self, call: FunnelCall, tally: FunnelTally, remembered: Callable[[tuple[str, ...]], Attempt]
    ) -> None:
        best: Attempt = NOWHERE
        taken: FunnelPath | None = None
        for path in call.paths:
            if self.window_us is None:
                found = remembered(path.nodes)
            elif path.entered_us is None:
                raise FunnelError("funnel_needs_visits", "a funnel with a window needs visits with their times")
            else:
                found = best_attempt(path, self.steps, self.mode, self.window_us, self.exclude)
            # Of two paths that get as far, the one that got there first tells the times.
            if found.level > best.level or (
                found.level == best.level > 0
                and taken is not None
                and _arrival(path, found) < _arrival(taken, best)
            ):
                best, taken = found, path

        goal = self.goal is not None and any(not self.goal.isdisjoint(path.nodes) for path in call.paths)
        nodes, end_kind = (taken.nodes, taken.end_kind) if taken is not None else ((), "")
        last, many, level = len(self.required), call.many, best.level
        tally.add(best, nodes, end_kind, last=last, running=call.running, goal=goal, many=many)
        if taken is not None and taken.entered_us is not None:
            at = [taken.entered_us[position] for position in best.chain]
            for number in range(1, level):
                _add(tally.from_previous, number + 1, at[number] - at[number - 1], many)
                _add(tally.from_start, number + 1, at[number] - at[0], many)


def _arrival(path: FunnelPath, attempt: Attempt) -> int:
    return path.entered_us[attempt.chain[-1]] if path.entered_us is not None else 0


def _add(times: dict[int, Counter[int]], level: int, us: int, many: int) -> None:
    times.setdefault(level, Counter())[bucket_of(us)] += many
