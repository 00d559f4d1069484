"""Variants: the distinct paths, by group."""

VARIANTS = """
SELECT value, path, end_kind, goal, COUNT(*), SUM(CASE WHEN first_in_call THEN 1 ELSE 0 END),
       MIN(call_id), MAX(call_id)
FROM grouped_paths
GROUP BY value, path, end_kind, goal
"""
"""Paths and calls of each, with the first and the last call in order of id."""

DURATION = """
SELECT value, path, end_kind, goal, duration_bucket, COUNT(*) AS calls
FROM grouped_paths
WHERE first_in_call AND duration_bucket IS NOT NULL
GROUP BY value, path, end_kind, goal, duration_bucket
"""
"""How long their calls took, by log bucket."""
