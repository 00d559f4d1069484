"""Nodes: what happened in each, by group."""

DWELL = """
SELECT value, node, dwell_bucket, COUNT(*)
FROM grouped_visits
WHERE dwell_bucket IS NOT NULL
GROUP BY value, node, dwell_bucket
"""
"""Dwell by log bucket."""

LATENCY = """
SELECT value, node, latency_bucket, COUNT(*)
FROM grouped_turns
WHERE node IS NOT NULL AND latency_bucket IS NOT NULL
GROUP BY value, node, latency_bucket
"""
"""Latency of the bot's answers by log bucket."""

STAYS = """
SELECT value, node, function, COUNT(*)
FROM grouped_tool_calls
WHERE node IS NOT NULL AND outcome = 'stayed'
GROUP BY value, node, function
"""
"""Functions that stayed in the node."""

OFFERS = """
SELECT value, node, function, COUNT(*), SUM(CASE WHEN taken > 0 THEN 1 ELSE 0 END)
FROM grouped_offers
GROUP BY value, node, function
"""
"""Visits in which each function was offered, and those in which it was taken."""
