"""Visits: what adds up of nodes and of the transitions between them, in one pass."""

from flows_analytics.store.tally import Tally

VISITS = Tally(
    "tally_visits",
    "visits",
    keys=("node", "previous_node", "via", "exit_kind"),
    sums={
        "visits": "COUNT(*)",
        "calls": "SUM(CASE WHEN first_in_call THEN 1 ELSE 0 END)",
        "revisits": "SUM(CASE WHEN visit_no > 1 THEN 1 ELSE 0 END)",
        "first_moves": "SUM(CASE WHEN first_move_in_call THEN 1 ELSE 0 END)",
        "setup_us": "COALESCE(SUM(setup_us), 0)",
        "dwell_us": "COALESCE(SUM(dwell_us), 0)",
        "caller_turns": "COALESCE(SUM(caller_turns), 0)",
        "bot_turns": "COALESCE(SUM(bot_turns), 0)",
        "interruptions": "COALESCE(SUM(interruptions), 0)",
        "tool_calls": "COALESCE(SUM(tool_calls), 0)",
        "tool_errors": "COALESCE(SUM(tool_errors), 0)",
    },
)
"""What adds up, by how the node was entered and left: of visits, of paths that begin there (no node before) or end
there (by exit kind), and of transitions by function, with calls of which it is the first between the two nodes."""
