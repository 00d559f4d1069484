"""Events: every visit with what is known of its call."""

EVENTS = """
SELECT visits.call_id, visits.flow_id, visits.node, visits.seq, visits.entered_us, visits.left_us,
       visits.exit_kind, visits.via, calls.agent_version, paths.goal
FROM visits
JOIN calls ON visits.call_id = calls.call_id
JOIN paths ON visits.call_id = paths.call_id AND visits.flow_id = paths.flow_id
ORDER BY calls.started_us, visits.call_id, visits.flow_id, visits.seq
"""
"""Visits in order of call and path."""
