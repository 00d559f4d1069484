"""Overview: what there is in a store, before anything is asked of it. The views ``all_…`` show every call."""

CALLS = """
SELECT COUNT(*) FROM all_calls
"""
"""Calls, chosen or not."""

NODES = """
SELECT node, COUNT(*) FROM all_visits GROUP BY node
"""
"""Nodes that were visited."""

MISSED_NODES = """
SELECT to_node, COUNT(*) FROM all_failed_transitions GROUP BY to_node
"""
"""Nodes that moves would have led to."""

GOALS = """
SELECT goals, COUNT(*) FROM all_calls GROUP BY goals
"""
"""Sets of goals that calls name, as numbers."""

FLOWS = """
SELECT flow_id, COUNT(*) FROM paths GROUP BY flow_id
"""
"""Paths by flow."""

AGENTS = """
SELECT COALESCE(agent_name, agent_id), COUNT(*) FROM calls GROUP BY COALESCE(agent_name, agent_id)
"""
"""Calls by bot."""

PERIOD = """
SELECT MIN(started_us), MAX(started_us) FROM calls
"""
"""When the first and the last call started."""
