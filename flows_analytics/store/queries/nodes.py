"""Nodes: what happened in each."""

from flows_analytics.store.tally import Tally

DWELL = Tally(
    "tally_dwell",
    "visits",
    keys=("node", "dwell_bucket"),
    sums={"visits": "COUNT(*)"},
    where="dwell_bucket IS NOT NULL",
)
"""Dwell by log bucket."""

LATENCY = Tally(
    "tally_latency",
    "turns",
    keys=("node", "latency_bucket"),
    sums={"turns": "COUNT(*)"},
    where="node IS NOT NULL AND latency_bucket IS NOT NULL",
)
"""Latency of the bot's answers by log bucket."""

STAYS = Tally(
    "tally_stays",
    "tool_calls",
    keys=("node", "function"),
    sums={"tool_calls": "COUNT(*)"},
    where="node IS NOT NULL AND outcome = 'stayed'",
)
"""Functions that stayed in the node."""

OFFERS = Tally(
    "tally_offers",
    "offers",
    keys=("node", "function"),
    sums={"visits": "COUNT(*)", "taken": "SUM(CASE WHEN taken > 0 THEN 1 ELSE 0 END)"},
)
"""Visits in which each function was offered, and those in which it was taken."""
