"""Calls: how many there are, and what they have in common."""

TOTALS = """
SELECT value,
       COUNT(*),
       SUM(CASE WHEN flows = 0 THEN 1 ELSE 0 END),
       SUM(CASE WHEN open THEN 1 ELSE 0 END),
       SUM(flows)
FROM grouped_calls
GROUP BY value
"""
"""Calls, those without a node, those under way, paths."""

GOALS = """
SELECT value, goals, COUNT(*) FROM grouped_calls GROUP BY value, goals
"""
"""Sets of goals, as numbers, and the calls that name them."""

REACHED = """
SELECT value, COUNT(*), SUM(CASE WHEN open THEN 1 ELSE 0 END) FROM grouped_paths
WHERE goal AND flows = 1 GROUP BY value
"""
"""Calls of one path that reached a goal, and those under way: none of them can be counted twice."""

REACHED_BY_SEVERAL = """
SELECT value, COUNT(DISTINCT call_id), COUNT(DISTINCT CASE WHEN open THEN call_id END) FROM grouped_paths
WHERE goal AND flows > 1 GROUP BY value
"""
"""Calls of several paths that reached a goal, and those under way."""

LISTED = """
SELECT calls.call_id, calls.started_us, calls.duration_us, calls.exit_kind, calls.agent_name, calls.agent_id,
       calls.agent_version, calls.source, paths.flow_id, paths.path, paths.goal
FROM (SELECT * FROM calls ORDER BY started_us, call_id LIMIT ?) AS calls
LEFT JOIN paths ON calls.call_id = paths.call_id
ORDER BY calls.started_us, calls.call_id, paths.flow_id
"""
"""The first so many calls, each with each of its paths."""

NEWEST = LISTED.replace("ORDER BY started_us,", "ORDER BY started_us DESC,").replace(
    "ORDER BY calls.started_us,", "ORDER BY calls.started_us DESC,"
)
"""The same of the last so many calls, the last one first."""
