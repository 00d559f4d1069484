"""Messy calls: open and empty ones, unnamed nodes, ties, two flows, loops, failures, clocks that run backwards."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from flows_analytics import CallRecord
from flows_analytics.calls.events import (
    CallEnded,
    CallerText,
    CallerTurnStarted,
    CallerTurnStopped,
    FunctionCalled,
    FunctionRequested,
    FunctionReturned,
    NodeChangeBegan,
    NodeChangeFailed,
    NodeEntered,
)
from flows_analytics.calls.record import Agent
from flows_analytics.store.buckets import bucket_of
from flows_analytics.store.counts import (
    EdgeCounts,
    FlowCounts,
    NodeCounts,
    Variant,
    VariantCounts,
    first_and_last,
)

NODES = ("greet", "verify", "book", "unnamed:1a2b3c4d", 'it\'s | "odd"', "ÄÖ 漢")
FUNCTIONS = ("go", "look")
DAY = datetime(2026, 1, 31, 22, 0, tzinfo=UTC)


class Tape:
    """Writes the moments of one call."""

    def __init__(self):
        self.events = []
        self.at_ms = 0.0
        self.current = {}
        self.changes = 0

    def add(self, kind, **fields):
        self.events.append(kind(seq=len(self.events), at_ms=self.at_ms, **fields))

    def step(self, what, node, function, flow, gap):
        self.at_ms = round(self.at_ms + gap, 3)
        if what in ("move", "code", "fail"):
            self.changes += 1
            before = self.current.get(flow)
            cause = "initial" if before is None else "code" if what == "code" else "function"
            offered = (function,)
            self.add(
                NodeChangeBegan,
                change=self.changes,
                flow=flow,
                from_node=before,
                node=node,
                cause=cause,
                function=function if cause == "function" else None,
            )
            if what == "fail":
                self.add(
                    NodeChangeFailed, change=self.changes, flow=flow, node=node, entered=False, error_type="E"
                )
                return
            self.add(NodeEntered, change=self.changes, flow=flow, node=node, cause=cause, functions=offered)
            self.current[flow] = node
        elif what == "stay":
            id_ = f"t{len(self.events)}"
            self.add(FunctionRequested, tool_call_id=id_, function=function)
            self.add(FunctionCalled, tool_call_id=id_, function=function)
            self.add(FunctionReturned, tool_call_id=id_, function=function, next="stay", failed=gap == 0)
        else:
            self.add(CallerTurnStarted)
            self.add(CallerText, text="yes")
            self.add(CallerTurnStopped)


STEPS = st.tuples(
    st.sampled_from(["move", "move", "move", "code", "fail", "stay", "say"]),
    st.sampled_from(NODES),
    st.sampled_from(FUNCTIONS),
    st.sampled_from(["main", "main", "main", "flow2"]),
    st.sampled_from([0.0, 0.0, 12.5, 4000.0, -30.0]),
)
ENDS = st.sampled_from(["running", "lost", "end", "cancel", "hangup"])


@st.composite
def logs(draw, max_calls=6):
    """A few calls, whose ids are their numbers."""
    made = []
    for number in range(draw(st.integers(0, max_calls))):
        tape = Tape()
        for step in draw(st.lists(STEPS, max_size=7)):
            tape.step(*step)
        end = draw(ENDS)
        status, reason = {
            "running": ("started", None),
            "lost": ("started", "process_lost"),
            "end": ("completed", None),
            "cancel": ("cancelled", None),
            "hangup": ("cancelled", "user_hangup"),
        }[end]
        if status != "started":
            tape.at_ms += 1.0
            tape.add(CallEnded, terminal="end" if end == "end" else "cancel", reason=reason)
        made.append(
            CallRecord(
                call_id=f"call{number:02}",
                status=status,
                end_reason=reason,
                started_at=DAY + timedelta(hours=draw(st.integers(0, 3))),
                agent=Agent(id="bot", version=draw(st.sampled_from([None, "v1", "v2"]))),
                goals=draw(st.sampled_from([(), ("book",), ("book", "greet"), ("never",)])),
                metadata=draw(
                    st.sampled_from([{}, {"Channel": "web"}, {"channel": "phone", "n": 1, "deep": {"x": 1}}])
                ),
                events=tuple(tape.events),
            )
        )
    return made


def counted(records, goals=None):
    """Count calls the naive way."""
    counts = FlowCounts(goals=frozenset(goals) if goals is not None else frozenset())
    for record in records:
        meant = set(record.goals) if goals is None else set(goals)
        counts.goals |= meant
        counts.calls += 1
        counts.no_flow += not record.visits
        counts.open += record.exit_kind == "running"
        counts.paths += len(record.flow_ids)
        counts.goal_calls += any(visit.node in meant for visit in record.visits)
        counts.open_goal_calls += record.exit_kind == "running" and any(v.node in meant for v in record.visits)
        _count_nodes(counts, record)
        _count_edges(counts, record)
        _count_variants(counts, record, meant)
    return counts


def _count_nodes(counts, record):
    for node in {visit.node for visit in record.visits}:
        counts.nodes.setdefault(node, NodeCounts()).calls += 1
    for position, visit in enumerate(record.visits):
        node = counts.nodes[visit.node]
        node.visits += 1
        node.starts += visit.seq == 0
        node.revisits += visit.visit_no > 1
        node.open += visit.exit_kind == "running"
        if visit.exit_kind not in ("running", "transition"):
            node.exits[visit.exit_kind] += 1
        node.setup_us += max(round((visit.setup_ms or 0) * 1000), 0)
        if visit.dwell_ms is not None and visit.dwell_ms >= 0:
            node.dwell[bucket_of(round(visit.dwell_ms * 1000))] += 1
            node.dwell_us += round(visit.dwell_ms * 1000)
        here = [turn for turn in record.turns if turn.visit == position]
        node.caller_turns += sum(turn.speaker == "caller" for turn in here)
        node.bot_turns += sum(turn.speaker == "bot" for turn in here)
        node.latency += Counter(bucket_of(round(t.latency_ms * 1000)) for t in here if t.latency_ms is not None)
        cut = {turn.interrupted_ms for turn in record.turns if turn.interrupted_ms is not None}
        node.interruptions += sum(record.visit_at(at_ms) == position for at_ms in cut)
        tools = [call for call in record.tool_calls if call.visit == position]
        node.tool_calls += len(tools)
        node.tool_errors += sum(call.outcome in ("failed", "timed_out") for call in tools)
        node.stays += Counter(call.function for call in tools if call.outcome == "stayed")
    for offer in record.offers:
        node = counts.nodes[record.visits[offer.visit].node]
        node.offered[offer.function] += 1
        if offer.taken:
            node.taken[offer.function] += 1


def _count_edges(counts, record):
    before, moves, changes = {}, set(), [e.change for e in record.events if isinstance(e, NodeEntered)]
    latencies = {move.change: move.latency_ms for move in record.transitions}
    for visit, change in zip(record.visits, changes, strict=True):
        if visit.flow in before:
            edge = counts.edges.setdefault((before[visit.flow], visit.node), EdgeCounts())
            edge.count += 1
            edge.via[visit.via or ""] += 1
            edge.calls += (before[visit.flow], visit.node) not in moves
            moves.add((before[visit.flow], visit.node))
            if latencies.get(change) is not None:
                edge.latency[bucket_of(round(latencies[change] * 1000))] += 1
        before[visit.flow] = visit.node
    raised = {e.change for e in record.events if isinstance(e, NodeChangeFailed) and not e.entered}
    for event in record.events:
        if isinstance(event, NodeChangeBegan) and event.change in raised and event.from_node is not None:
            counts.edges.setdefault((event.from_node, event.node), EdgeCounts()).failed += 1


def _count_variants(counts, record, goals):
    seen = set()
    for flow in record.flow_ids:
        nodes = record.path_of(flow)
        end_kind = [visit for visit in record.visits if visit.flow == flow][-1].exit_kind
        variant = Variant(nodes, end_kind, not goals.isdisjoint(nodes))
        taken = counts.variants.setdefault(variant, VariantCounts())
        taken.paths += 1
        if variant not in seen:
            taken.calls += 1
            if record.duration_ms is not None and record.duration_ms >= 0:
                taken.duration[bucket_of(round(record.duration_ms * 1000))] += 1
            taken.examples = first_and_last((*taken.examples, record.call_id))
        seen.add(variant)


def assert_conserved(counts):
    """Assert the laws that hold for any calls (R12)."""
    for name, node in counts.nodes.items():
        left = sum(edge.count for (before, _), edge in counts.edges.items() if before == name)
        came = sum(edge.count for (_, after), edge in counts.edges.items() if after == name)
        assert node.visits == left + node.exits.total() + node.open == node.starts + came
        assert node.calls <= node.visits
    assert sum(node.starts for node in counts.nodes.values()) == counts.paths
    assert sum(variant.paths for variant in counts.variants.values()) == counts.paths
