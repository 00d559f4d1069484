"""The drawing of a flow: everything in its place, nothing on top of anything else."""

from __future__ import annotations

import random
import re
import time
from itertools import combinations, pairwise

import pytest

from flows_analytics.calls.declared import DeclaredEdge, DeclaredGraph
from flows_analytics.report.drawing import drawings
from flows_analytics.report.flow_graph import MAX_NODES, flow_graphs
from tests.report.records import (
    ALL_CALLS,
    PIZZA_FLOW,
    Story,
    empty_call,
    looping_call,
    pizza_call,
    running_call,
    troubled_call,
    two_flow_call,
)


def boxes(drawing):
    shapes = [*drawing.cards, *drawing.tags, *([drawing.end] if drawing.end else [])]
    return [(shape.x, shape.y, shape.x + shape.width, shape.y + shape.height) for shape in shapes]


def overlap(a, b):
    return a[0] < b[2] - 0.2 and b[0] < a[2] - 0.2 and a[1] < b[3] - 0.2 and b[1] < a[3] - 0.2


def declared_call(nodes, edges, visited=()):
    story = Story()
    graph = [DeclaredEdge(from_node=tail, function=function, to_node=head) for tail, function, head in edges]
    story.recorder.declare("main", DeclaredGraph(initial_node=nodes[0], nodes=tuple(nodes), edges=tuple(graph)))
    for second, node in enumerate(visited):
        story.enter(second + 1, node, function=f"to_{node}")
    story.end(len(visited) + 2)
    return story.record()


def random_call(count, lines, visits, seed):
    dice = random.Random(seed)  # noqa: S311 - a test's graph, no secret
    nodes = [f"node_{number}" for number in range(count)]
    edges = [(dice.choice(nodes), f"f{number}", dice.choice(nodes)) for number in range(lines)]
    return declared_call(nodes, edges, [dice.choice(nodes) for _ in range(visits)])


DRAWN = {
    **ALL_CALLS,
    "declared": lambda: pizza_call(declared=True),
    "random": lambda: random_call(40, 70, 30, seed=1),
    "dense": lambda: random_call(25, 120, 60, seed=2),
}


@pytest.mark.parametrize("name", DRAWN)
def test_no_box_covers_another_and_all_lie_inside_the_drawing(name):
    for drawing in drawings(DRAWN[name]()):
        placed = boxes(drawing)
        assert not [pair for pair in combinations(placed, 2) if overlap(*pair)]
        assert all(x >= 0 and y >= 0 for x, y, _, _ in placed)
        assert all(right <= drawing.width and bottom <= drawing.height for _, _, right, bottom in placed)


@pytest.mark.parametrize("name", DRAWN)
def test_no_line_runs_through_a_node_it_has_nothing_to_do_with(name):
    for drawing in drawings(DRAWN[name]()):
        for wire in drawing.wires:
            for x, y in points(wire.path):
                inside = [
                    card
                    for card in drawing.cards
                    if card.x + 1 < x < card.x + card.width - 1 and card.y + 1 < y < card.y + card.height - 1
                ]
                assert not inside, (wire.tip, [card.title for card in inside])


def points(path):
    """Points along an SVG path, close enough together to hit any box in the way."""
    x = y = 0.0
    for command, rest in re.findall(r"([MLVC])([^MLVC]*)", path):
        numbers = [float(number) for number in rest.split()]
        if command == "V":
            ends = [(x, y), (x, numbers[0])]
        elif command == "C":
            ends = [(x, y), *zip(numbers[::2], numbers[1::2], strict=True)]
        else:
            ends = [(x, y), (numbers[0], numbers[1])] if command == "L" else [(numbers[0], numbers[1])] * 2
        for step in range(41):
            yield bezier(ends, step / 40)
        x, y = ends[-1]


def bezier(ends, t):
    while len(ends) > 1:
        ends = [((1 - t) * a + t * c, (1 - t) * b + t * d) for (a, b), (c, d) in pairwise(ends)]
    return ends[0]


def test_taken_lines_carry_the_numbers_of_the_visits_they_led_to():
    (drawing,) = drawings(pizza_call())
    rows = {row.text: row.numbers for tag in drawing.tags for row in tag.rows}
    assert rows == {
        "choose_pizza": "2, 5",
        "select_pizza_order": "3, 6",
        "revise_order": "4",
        "complete_order": "7",
    }


def test_declared_lines_and_nodes_that_were_not_taken_are_there_but_weak():
    (drawing,) = drawings(pizza_call(declared=True))
    assert {card.title: card.kind for card in drawing.cards}["choose_sushi"] == "unvisited"
    weak = {tag.rows[0].text for tag in drawing.tags if tag.kind == "declared"}
    assert weak == {"choose_sushi", "select_sushi_order"}


def test_functions_offered_and_not_called_are_stubs_without_a_declaration():
    (drawing,) = drawings(pizza_call())
    rows = {(card.title, row.kind, row.text) for card in drawing.cards for row in card.rows}
    assert rows == {("initial", "offered", "choose_sushi"), ("choose_pizza", "called", "show_menu")}


def test_failed_and_lost_moves_are_marked_in_words():
    (drawing,) = drawings(troubled_call())
    texts = {tag.kind: tag.rows[0].text for tag in drawing.tags}
    assert texts["failed"] == "✕ check_availability: failed"
    assert texts["lost"] == "✕ leave_message: lost"
    assert {card.title: card.kind for card in drawing.cards} == {
        "greeting": "visited",
        "apology": "visited",
        "no_table": "attempted",
        "message_taken": "attempted",
    }


def test_a_failed_first_node_is_drawn_without_a_line():
    story = Story()
    change = story.begin(0.1, "greeting")
    story.fail(0.2, change, "greeting", "no task_messages")
    story.end(1.0)
    (drawing,) = drawings(story.record())
    assert [(card.title, card.kind) for card in drawing.cards] == [("greeting", "attempted")]
    assert (drawing.wires, drawing.start, drawing.end) == ((), None, None)


def test_the_end_of_the_call_is_marked_with_how_it_was_left():
    (drawing,) = drawings(looping_call())
    assert drawing.end.text == "call transferred"
    assert [card.title for card in drawing.cards if card.final] == ["operator"]
    assert drawings(running_call())[0].end.text == "still here"


def test_a_node_that_re_enters_itself_has_a_loop_at_its_side():
    (drawing,) = drawings(looping_call())
    ask = next(card for card in drawing.cards if card.title == "ask")
    loop = next(tag for tag in drawing.tags if tag.rows[0].text == "repeat")
    assert loop.x > ask.x + ask.width
    assert ask.y <= loop.y + loop.height / 2 <= ask.y + ask.height


def test_lines_that_close_a_loop_point_up():
    (drawing,) = drawings(pizza_call())
    back = next(wire for wire in drawing.wires if "revise_order" in wire.tip)
    initial = next(card for card in drawing.cards if card.title == "initial")
    tip_y = float(back.arrow.split()[0].split(",")[1])
    assert tip_y == pytest.approx(initial.y + initial.height, abs=0.2)


def test_each_flow_has_a_drawing_of_its_own():
    drawn = drawings(two_flow_call())
    assert [(one.flow.text, [card.title for card in one.cards]) for one in drawn] == [
        ("main", ["triage", "goodbye"]),
        ("flow2", ["identify", "explain_bill"]),
    ]
    assert drawn[1].end.text == "another flow took over"


def test_a_declared_flow_that_was_never_entered_is_drawn():
    story = Story()
    story.recorder.declare("main", PIZZA_FLOW)
    (drawing,) = drawings(story.record())
    assert {card.kind for card in drawing.cards} == {"unvisited"}
    assert drawing.end is None


def test_a_call_without_nodes_has_nothing_to_draw():
    assert drawings(empty_call()) == ()


def test_a_function_that_every_node_offers_is_named_and_not_drawn_as_a_web():
    nodes = [f"step_{number}" for number in range(6)]
    edges = [(node, "operator", "human") for node in nodes]
    (drawing,) = drawings(declared_call([*nodes, "human"], edges, nodes))
    assert not [wire for wire in drawing.wires if wire.kind == "declared"]
    written = [row.text for card in drawing.cards for row in card.rows if row.kind == "written"]
    assert written == ["operator → human"] * 6


def test_the_same_call_is_always_drawn_the_same():
    assert drawings(random_call(40, 70, 30, seed=1)) == drawings(random_call(40, 70, 30, seed=1))


@pytest.mark.parametrize(
    ("count", "lines", "visits"),
    [(250, 400, 300), (300, 3_000, 2_000), (2_000, 4_000, 50)],
    ids=["sparse", "dense", "huge"],
)
def test_hundreds_of_nodes_take_little_longer_than_forty(count, lines, visits):
    few, (drawing,) = processor_time(40, 70, 30), drawings(random_call(count, lines, visits, seed=3))
    assert processor_time(count, lines, visits) < 40 * few
    assert len(drawing.cards) == min(count, MAX_NODES)


def processor_time(count, lines, visits):
    record = random_call(count, lines, visits, seed=3)
    began = time.thread_time()
    drawings(record)
    return time.thread_time() - began


@pytest.mark.parametrize("shape", ["chain", "star", "apart"])
def test_extreme_shapes_are_drawn(shape):
    nodes = [f"n{number}" for number in range(299)]
    edges = {
        "chain": [(a, "next", b) for a, b in pairwise(nodes)],
        "star": [(nodes[0], f"to_{node}", node) for node in nodes[1:]],
        "apart": [],
    }[shape]
    (drawing,) = drawings(declared_call(nodes, edges))
    assert len(drawing.cards) == 299


def test_what_a_drawing_leaves_out_is_said():
    (drawing,) = drawings(random_call(2_000, 4_000, 50, seed=3))
    assert any("beyond the first 300" in note for note in drawing.notes)


def test_every_move_of_a_call_is_on_its_graph():
    for call in ALL_CALLS.values():
        record = call()
        for graph in flow_graphs(record):
            led_to = sorted(n for line in graph.lines for step in line.steps for n in step.visits)
            of_flow = [number for number, visit in enumerate(record.visits, 1) if visit.flow == graph.flow]
            assert led_to == of_flow[1:]
