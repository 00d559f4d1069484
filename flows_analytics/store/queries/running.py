"""Running: visits under way, and how long they have lasted as far as is known."""

RUNNING = """
WITH under_way AS (
    SELECT call_id, entered_us FROM visits WHERE node = ? AND exit_kind = 'running'
), moments AS (
    SELECT call_id, entered_us AS us FROM visits WHERE call_id IN (SELECT call_id FROM under_way)
    UNION ALL SELECT call_id, COALESCE(ended_us, started_us) AS us FROM turns
    WHERE call_id IN (SELECT call_id FROM under_way)
    UNION ALL SELECT call_id, COALESCE(ended_us, started_us) AS us FROM tool_calls
    WHERE call_id IN (SELECT call_id FROM under_way)
), last_seen AS (
    SELECT call_id, MAX(us) AS us FROM moments GROUP BY call_id
)
SELECT under_way.entered_us, last_seen.us
FROM under_way JOIN last_seen ON under_way.call_id = last_seen.call_id
"""
"""Visits of a node that are under way: when it was entered, and the last that is known of the call."""
