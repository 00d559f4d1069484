"""Visits: what adds up of nodes and of the transitions between them, by group, in one pass."""

VISITS = """
SELECT value, node, previous_node, via, exit_kind,
       COUNT(*),
       SUM(CASE WHEN first_in_call THEN 1 ELSE 0 END),
       SUM(CASE WHEN visit_no > 1 THEN 1 ELSE 0 END),
       SUM(CASE WHEN first_move_in_call THEN 1 ELSE 0 END),
       COALESCE(SUM(setup_us), 0),
       COALESCE(SUM(dwell_us), 0),
       COALESCE(SUM(caller_turns), 0),
       COALESCE(SUM(bot_turns), 0),
       COALESCE(SUM(interruptions), 0),
       COALESCE(SUM(tool_calls), 0),
       COALESCE(SUM(tool_errors), 0)
FROM grouped_visits
GROUP BY value, node, previous_node, via, exit_kind
"""
"""What adds up, by how the node was entered and left: of visits, of paths that begin there (no node before) or end
there (by exit kind), and of transitions by function, with calls of which it is the first between the two nodes."""
