"""Logs of calls as a careless world leaves them, for hypothesis: nothing in them is tidy."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import strategies as st

NODES = ("greet", "verify", "book", "done", "unnamed:0a1b2c3d", "unnamed")
FUNCTIONS = ("next", "back", None)
ENDINGS = ("end", "hangup", "transfer", "error", "timeout", "cancelled", "lost")


@dataclass(frozen=True)
class Row:
    """A row of the visits table, as METRICS has it."""

    call_id: str
    flow_id: str
    seq: int
    node: str
    visit_no: int
    via: str | None
    entered_us: int
    left_us: int | None
    exit_kind: str
    next_node: str | None
    setup_us: int
    caller_turns: int
    bot_turns: int
    interruptions: int
    tool_errors: int

    @property
    def dwell_us(self):
        return None if self.left_us is None else self.left_us - self.entered_us


@dataclass(frozen=True)
class Call:
    """A call: its visits flow by flow, each flow's in order; a running one may have none yet."""

    call_id: str
    version: str
    running: bool
    rows: tuple[Row, ...]

    @property
    def paths(self):
        """The rows of each flow that has any."""
        flows = dict.fromkeys(row.flow_id for row in self.rows)
        return [[row for row in self.rows if row.flow_id == flow] for flow in flows]


@st.composite
def calls(
    draw, call_id, *, nodes=NODES, most_visits=8, flows=("main", "main", "main", "flow2"), ties=True, running=None
):
    running = draw(st.booleans()) if running is None else running
    # Of one number come the counts of a visit and the function that led there: few draws make fast examples.
    visit = st.tuples(
        st.sampled_from(nodes), st.sampled_from(flows), st.integers(0 if ties else 1, 90), st.integers(0, 1023)
    )
    steps = draw(st.lists(visit, max_size=most_visits))
    at, rows, seen, last = 1_700_000_000_000_000, [], {}, {}
    for node, flow, gap, number in steps:
        at += gap * 1_000_000
        if rows:
            # One call is in one place: whatever comes next ends the visit before, in whichever flow.
            rows[-1] = replace(rows[-1], left_us=at, exit_kind="handoff")
        if flow in last:
            rows[last[flow]] = replace(rows[last[flow]], exit_kind="transition", next_node=node)
        seen[flow, node] = seen.get((flow, node), 0) + 1
        seq = rows[last[flow]].seq + 1 if flow in last else 0
        last[flow] = len(rows)
        via = FUNCTIONS[number % 3] if seq else None
        counts = [number >> 2 * place & 3 for place in range(5)]
        rows.append(Row(call_id, flow, seq, node, seen[flow, node], via, at, None, "running", None, *counts))
    if rows and not running:
        rows[-1] = replace(
            rows[-1], left_us=at + draw(st.integers(0, 90)) * 1_000_000, exit_kind=draw(st.sampled_from(ENDINGS))
        )
    rows.sort(key=lambda row: row.flow_id != "main")
    return Call(call_id, draw(st.sampled_from(["v1", "v2"])), running, tuple(rows))


@st.composite
def logs(draw, *, most_calls=6, first_id=0, **how):
    many = draw(st.integers(0, most_calls))
    return [draw(calls(f"call-{first_id + number:03}", **how)) for number in range(many)]


ONE_FLOW = ("main",)
