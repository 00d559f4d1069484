"""Offers: the functions that the LLM could call, taken or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from flows_analytics.calls.tools import ToolCall
from flows_analytics.calls.visits import Visit, VisitTimes


@dataclass(frozen=True)
class Offer:
    """A function offered to the LLM in one visit.

    Attributes:
        visit: Position in ``record.visits`` of the visit.
        function: The function.
        taken: How often the LLM called it in that visit, whatever became of the calls.
    """

    visit: int
    function: str
    taken: int


def read_offers(visits: Sequence[Visit], calls: Sequence[ToolCall], times: VisitTimes) -> tuple[Offer, ...]:
    """Read what was offered in each visit and how often it was taken.

    A call takes the offer of the visit in which the LLM asked for it, also if its handler began in the next one.
    A function that was called and not offered is no offer; it is a failed tool call.

    Args:
        visits: The visits of a call.
        calls: Its tool calls.
        times: When its visits were.

    Returns:
        One entry for each function of each visit, in the order of the visits and in the order offered.
    """
    taken: Counter[tuple[int | None, str]] = Counter()
    for call in calls:
        asked = call.visit
        if call.requested_ms is not None and call.requested_ms != call.started_ms:
            asked = times.at(call.requested_ms, before_change=True)
        taken[asked, call.function] += 1
    return tuple(
        Offer(position, function, taken[position, function])
        for position, visit in enumerate(visits)
        for function in dict.fromkeys(visit.functions_offered)
    )


def never_taken(offers: Sequence[Offer]) -> tuple[str, ...]:
    """Name the functions that were offered in a call and never called where they were offered.

    Args:
        offers: The offers of the call.

    Returns:
        Their names, in the order in which they were first offered.
    """
    taken = {offer.function for offer in offers if offer.taken}
    return tuple(dict.fromkeys(offer.function for offer in offers if offer.function not in taken))
