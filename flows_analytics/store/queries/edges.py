"""Edges: what happened between two nodes."""

MOVES = """
SELECT previous_node, node, COALESCE(via, ''), COUNT(*), SUM(CASE WHEN first_move_in_call THEN 1 ELSE 0 END)
FROM visits
WHERE previous_node IS NOT NULL
GROUP BY previous_node, node, via
"""
"""Transitions by function, and calls of which this is the first one between the two nodes."""

LATENCY = """
SELECT previous_node, node, latency_bucket, COUNT(*)
FROM visits
WHERE previous_node IS NOT NULL AND latency_bucket IS NOT NULL
GROUP BY previous_node, node, latency_bucket
"""
"""Latency of transitions by log bucket."""

FAILED = """
SELECT from_node, to_node, COUNT(*)
FROM failed_transitions
WHERE from_node IS NOT NULL AND outcome = 'failed'
GROUP BY from_node, to_node
"""
"""Node changes that raised."""
