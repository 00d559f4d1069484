"""Variants: the distinct paths, by group."""

VARIANTS = """
SELECT value, path, end_kind, goal, COUNT(*), SUM(CASE WHEN first_in_call THEN 1 ELSE 0 END)
FROM grouped_paths
GROUP BY value, path, end_kind, goal
"""
"""Paths and calls of each."""

DURATION = """
SELECT value, path, end_kind, goal, duration_bucket, COUNT(*) AS calls
FROM grouped_paths
WHERE first_in_call AND duration_bucket IS NOT NULL
GROUP BY value, path, end_kind, goal, duration_bucket
"""
"""How long their calls took, by log bucket."""

EXAMPLES = """
WITH first_ones AS (
    SELECT value, path, end_kind, goal, MIN(call_id) AS call_id
    FROM grouped_paths
    GROUP BY value, path, end_kind, goal
), second_ones AS (
    SELECT paths.value AS value, paths.path AS path, paths.end_kind AS end_kind, paths.goal AS goal,
           MIN(paths.call_id) AS call_id
    FROM grouped_paths AS paths JOIN first_ones
    ON paths.value IS NOT DISTINCT FROM first_ones.value
    AND paths.path = first_ones.path AND paths.end_kind = first_ones.end_kind AND paths.goal = first_ones.goal
    WHERE paths.call_id > first_ones.call_id
    GROUP BY paths.value, paths.path, paths.end_kind, paths.goal
), third_ones AS (
    SELECT paths.value AS value, paths.path AS path, paths.end_kind AS end_kind, paths.goal AS goal,
           MIN(paths.call_id) AS call_id
    FROM grouped_paths AS paths JOIN second_ones
    ON paths.value IS NOT DISTINCT FROM second_ones.value
    AND paths.path = second_ones.path AND paths.end_kind = second_ones.end_kind AND paths.goal = second_ones.goal
    WHERE paths.call_id > second_ones.call_id
    GROUP BY paths.value, paths.path, paths.end_kind, paths.goal
)
SELECT value, path, end_kind, goal, call_id FROM first_ones
UNION ALL SELECT value, path, end_kind, goal, call_id FROM second_ones
UNION ALL SELECT value, path, end_kind, goal, call_id FROM third_ones
"""
"""The first three calls of each in order of id: as many as `flows_analytics.store.counts.EXAMPLES`."""
