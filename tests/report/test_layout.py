"""The layout's own arithmetic: which lines point up, what is affordable, where boxes stand."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from flows_analytics.report.columns import columns
from flows_analytics.report.layering import layering
from flows_analytics.report.ranks import affordable, point_up, ranks

GRAPHS = st.integers(1, 12).flatmap(
    lambda count: st.tuples(
        st.just(count),
        st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=30, unique=True).map(
            lambda lines: [line for line in lines if line[0] != line[1]]
        ),
    )
)


def downward(count, lines):
    up = point_up(count, lines)
    return [(head, tail) if flip else (tail, head) for (tail, head), flip in zip(lines, up, strict=True)]


@given(GRAPHS)
def test_with_some_lines_pointing_up_every_other_line_leads_to_a_lower_layer(graph):
    count, lines = graph
    down = downward(count, lines)
    rank = ranks(count, down)
    assert all(rank[tail] < rank[head] for tail, head in down)


def test_a_graph_without_loops_needs_no_line_pointing_up():
    assert point_up(4, [(0, 1), (1, 2), (0, 3), (3, 2)]) == [False] * 4


@given(GRAPHS, st.integers(0, 60))
def test_affordable_lines_stay_within_the_budget(graph, budget):
    count, lines = graph
    kept = [lines[index] for index in affordable(count, lines, keep=[True] * len(lines), budget=budget)]
    rank = ranks(count, downward(count, kept))
    assert sum(2 * abs(rank[tail] - rank[head]) for tail, head in kept) <= budget


def test_lines_worth_keeping_go_last():
    lines = [(0, 1), (1, 2), (0, 2)]
    assert affordable(3, lines, keep=[False, False, True], budget=2) == [2]


@given(GRAPHS)
def test_boxes_of_a_layer_never_touch_and_lines_only_go_down(graph):
    count, lines = graph
    down = list(dict.fromkeys(downward(count, lines)))
    sizes = [(40.0 + 10 * box, 20.0 + box) for box in range(count)]
    placed = layering(sizes, down, [True] * len(down))
    for upper, lower in down:
        assert placed.boxes[upper].bottom < placed.boxes[lower].top
    for route in placed.routes:
        assert all(above.bottom < below.top for above, below in pairwise(route))
    for one in range(count):
        for other in range(one):
            a, b = placed.boxes[one], placed.boxes[other]
            apart = abs(a.x - b.x) >= (sizes[one][0] + sizes[other][0]) / 2 - 1e-6
            assert apart or a.bottom <= b.top or b.bottom <= a.top


def test_a_chain_stands_upright():
    layers, pulls = [[0], [1], [2]], [[], [(0, 1.0)], [(1, 1.0)]]
    xs = columns(layers, [10.0, 50.0, 30.0], pulls, [[(1, 1.0)], [(2, 1.0)], []], 20.0)
    assert len(set(xs)) == 1
