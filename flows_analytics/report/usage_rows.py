"""What the services of a call consumed, as rows of a table."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from flows_analytics.calls.events import MetricsOff
from flows_analytics.calls.record import CallRecord
from flows_analytics.calls.usage import Consumption
from flows_analytics.report.times import duration, percent
from flows_analytics.report.visible import Name, page_name
from flows_analytics.report.words import counted


@dataclass(frozen=True)
class UsageRow:
    """What one service consumed with one model.

    Attributes:
        service: The service.
        processor: The instance, where a call has several of one service; None otherwise.
        model: The model; None if it names none.
        amounts: What it reported, in words, quantity by quantity; what it did not report is left out.
        cost: What it cost, in the unit of the bot's calculator; None if that is not known.
    """

    service: Name
    processor: Name | None
    model: Name | None
    amounts: tuple[str, ...]
    cost: str | None


@dataclass(frozen=True)
class UsageView:
    """What a call consumed.

    Attributes:
        rows: Service by service, in the order in which they first reported; empty if none did.
        total: All of them together, in words; empty unless there are several.
        cost: What the call cost, in the unit of the bot's calculator; None if that is not known.
        switched_off: Whether the pipeline ran without ``enable_usage_metrics``.
    """

    rows: tuple[UsageRow, ...]
    total: tuple[str, ...]
    cost: str | None
    switched_off: bool


def usage_view(record: CallRecord) -> UsageView:
    """Show what a call consumed.

    Args:
        record: The call.

    Returns:
        The rows, their sum and the cost.
    """
    usage = record.usage
    processors = {(part.service, part.processor) for part in usage.services}
    instances = Counter(service for service, _ in processors)
    costs = {(part.processor, part.model): part.cost for part in record.service_costs}
    return UsageView(
        rows=tuple(
            UsageRow(
                service=page_name(part.service),
                processor=page_name(part.processor) if instances[part.service] > 1 else None,
                model=page_name(part.model) if part.model else None,
                amounts=_amounts(part),
                cost=_cost(costs.get((part.processor, part.model))),
            )
            for part in usage.services
        ),
        total=_amounts(usage) if len(usage.services) > 1 else (),
        cost=_cost(record.cost),
        switched_off=any(isinstance(event, MetricsOff) and event.usage for event in record.events),
    )


def _cost(cost: float | None) -> str | None:
    return None if cost is None else f"{cost:,.6g}"


def _amounts(used: Consumption) -> tuple[str, ...]:
    amounts: list[str] = []
    if used.inferences:
        amounts.append(counted(used.inferences, "answer"))
    for number, words in (
        (used.gross_prompt_tokens, "read"),
        (used.completion_tokens, "written"),
        (used.reasoning_tokens, "written while reasoning"),
        (used.audio_input_tokens, "of audio read"),
        (used.audio_output_tokens, "of audio written"),
        (used.cache_creation_tokens, "written to the cache"),
        (used.cached_audio_tokens, "of audio from the cache"),
    ):
        if number is not None:
            amounts.append(f"{counted(number, 'token')} {words}")
    if used.cached_tokens is not None:
        amounts.append(_from_cache(used.cached_tokens, used.cacheable_tokens))
    if used.tokens_per_second is not None:
        amounts.append(f"{used.tokens_per_second:,.0f} tokens per second")
    if used.characters is not None:
        amounts.append(f"{counted(used.characters, 'character')} spoken")
    heard = duration(None if used.audio_secs is None else used.audio_secs * 1000)
    if heard is not None:
        amounts.append(f"{heard.text} of audio transcribed")
    return tuple(amounts)


def _from_cache(cached: int, cacheable: int | None) -> str:
    if not cacheable:
        return f"{counted(cached, 'token')} from the cache"
    return f"{cached:,} of {cacheable:,} tokens read came from the cache ({percent(cached, cacheable)})"
