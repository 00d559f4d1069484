"""Nodes: what happened in each."""

VISITS = """
SELECT node,
       COUNT(*),
       SUM(CASE WHEN first_in_call THEN 1 ELSE 0 END),
       SUM(CASE WHEN seq = 0 THEN 1 ELSE 0 END),
       SUM(CASE WHEN visit_no > 1 THEN 1 ELSE 0 END),
       SUM(CASE WHEN exit_kind = 'running' THEN 1 ELSE 0 END),
       SUM(COALESCE(setup_us, 0)),
       SUM(COALESCE(dwell_us, 0)),
       SUM(COALESCE(caller_turns, 0)),
       SUM(COALESCE(bot_turns, 0)),
       SUM(COALESCE(interruptions, 0)),
       SUM(COALESCE(tool_calls, 0)),
       SUM(COALESCE(tool_errors, 0))
FROM visits
GROUP BY node
"""
"""What adds up, by node."""

EXITS = """
SELECT node, exit_kind, COUNT(*)
FROM visits
WHERE exit_kind NOT IN ('transition', 'running')
GROUP BY node, exit_kind
"""
"""Paths that ended in each node, by exit kind."""

DWELL = """
SELECT node, dwell_bucket, COUNT(*)
FROM visits
WHERE dwell_bucket IS NOT NULL
GROUP BY node, dwell_bucket
"""
"""Dwell by log bucket."""

LATENCY = """
SELECT node, latency_bucket, COUNT(*)
FROM turns
WHERE node IS NOT NULL AND latency_bucket IS NOT NULL
GROUP BY node, latency_bucket
"""
"""Latency of the bot's answers by log bucket."""

STAYS = """
SELECT node, function, COUNT(*)
FROM tool_calls
WHERE node IS NOT NULL AND outcome = 'stayed'
GROUP BY node, function
"""
"""Functions that stayed in the node."""

OFFERS = """
SELECT node, function, COUNT(*), SUM(CASE WHEN taken > 0 THEN 1 ELSE 0 END)
FROM offers
GROUP BY node, function
"""
"""Visits in which each function was offered, and those in which it was taken."""
