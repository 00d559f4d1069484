"""Edges: what happened between two nodes, by group."""

LATENCY = """
SELECT value, previous_node, node, latency_bucket, COUNT(*)
FROM grouped_visits
WHERE previous_node IS NOT NULL AND latency_bucket IS NOT NULL
GROUP BY value, previous_node, node, latency_bucket
"""
"""Latency of transitions by log bucket."""

FAILED = """
SELECT value, from_node, to_node, COUNT(*)
FROM grouped_failed_transitions
WHERE from_node IS NOT NULL AND outcome = 'failed'
GROUP BY value, from_node, to_node
"""
"""Node changes that raised."""
