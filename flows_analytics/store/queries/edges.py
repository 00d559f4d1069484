"""Edges: what happened between two nodes."""

from flows_analytics.store.tally import Tally

LATENCY = Tally(
    "tally_move_latency",
    "visits",
    keys=("previous_node", "node", "latency_bucket"),
    sums={"visits": "COUNT(*)"},
    where="previous_node IS NOT NULL AND latency_bucket IS NOT NULL",
)
"""Latency of transitions by log bucket."""

FAILED = Tally(
    "tally_failed",
    "failed_transitions",
    keys=("from_node", "to_node"),
    sums={"transitions": "COUNT(*)"},
    where="from_node IS NOT NULL AND outcome = 'failed'",
)
"""Node changes that raised."""
