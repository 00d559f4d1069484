"""Funnels: the visits of calls. The view ``candidates`` has the calls that are followed, and their groups."""

VISITS = """
SELECT visits.call_id, visits.flow_id, visits.node, visits.entered_us, visits.exit_kind, candidates.value
FROM visits JOIN candidates ON visits.call_id = candidates.call_id
ORDER BY visits.call_id, CASE WHEN visits.flow_id = 'main' THEN 0 ELSE 1 END, visits.flow_id, visits.seq
"""
"""Visits in order of call, flow (``main`` first) and ``seq``, with the group of their call."""

GROUPS = """
SELECT value, COUNT(*) FROM candidates GROUP BY value
"""
"""Calls by group."""

PATHS = """
SELECT path, end_kind, value, entered_us FROM grouped_paths WHERE flows = 1
"""
"""Paths that are the only ones of their calls, with the group of their call."""

SEVERAL = """
SELECT path, end_kind, value, entered_us, call_id
FROM grouped_paths
WHERE flows > 1
ORDER BY call_id, CASE WHEN flow_id = 'main' THEN 0 ELSE 1 END, flow_id
"""
"""Paths of calls that have several, in order of call and flow (``main`` first)."""
