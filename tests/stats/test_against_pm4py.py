"""Counts and conformance agree with pm4py (AGPL): it checks here, and is no dependency of anything that ships."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from flows_analytics.stats.alignment import align
from flows_analytics.stats.flow_model import FlowModel
from flows_analytics.stats.flow_stats import FlowStats
from flows_analytics.stats.variants import Variants
from tests.stats.naive import paths_of

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")]
pm4py = pytest.importorskip("pm4py", reason='pm4py is not installed: pip install "flows-analytics[oracles]"')
pandas = pytest.importorskip("pandas", reason="pandas comes with pm4py")


def wandering(seed, many=150):
    dice = random.Random(seed)  # noqa: S311  # seeded on purpose
    ways = {"greet": "vvgx", "verify": "bbvgx", "book": "ddvx"}
    names = {"g": "greet", "v": "verify", "b": "book", "d": "done"}
    paths = []
    for _ in range(many):
        path = ["greet"]
        while len(path) < 9 and path[-1] in ways and (letter := dice.choice(ways[path[-1]])) != "x":
            path.append(names[letter])
        paths.append(tuple(path))
    return paths


def event_log(paths):
    return pm4py.format_dataframe(
        pandas.DataFrame(
            {
                "case": [f"{number:04}" for number, path in enumerate(paths) for _ in path],
                "node": [node for path in paths for node in path],
                "at": pandas.to_datetime(
                    [place for path in paths for place in range(len(path))], unit="s", utc=True
                ),
            }
        ),
        case_id="case",
        activity_key="node",
        timestamp_key="at",
    )


@pytest.mark.parametrize("seed", range(3))
def test_edges_starts_ends_variants_and_rework_are_those_of_pm4py(seed):
    paths = wandering(seed)
    log = event_log(paths)
    counts = paths_of(*(f"{' '.join(path)}: end" for path in paths))
    stats = FlowStats(counts)

    edges, starts, ends = pm4py.discover_dfg(log)
    assert {(row.source, row.target): row.count for row in stats.edges} == dict(edges)
    assert {row.node: row.starts for row in stats.nodes if row.starts} == dict(starts)
    assert {row.node: sum(row.exits.values()) for row in stats.nodes if row.exits} == dict(ends)

    variants = Variants.of(counts)
    assert {row.nodes: row.paths for row in variants.rows} == dict(pm4py.get_variants(log))
    again = Counter()
    for row in variants.rows:
        again.update({node: row.paths for node, many in Counter(row.nodes).items() if many > 1})
    assert again == pm4py.get_rework_cases_per_activity(log)
    assert {row.node for row in stats.nodes if row.revisit_rate.numerator} == again.keys()


def petri_net(model):
    from pm4py.objects.petri_net.obj import Marking, PetriNet
    from pm4py.objects.petri_net.utils.petri_utils import add_arc_from_to

    net = PetriNet("flow")
    place = {name: PetriNet.Place(name) for name in ("(begin)", "(end)", *model.nodes)}
    net.places.update(place.values())
    steps = [("(begin)", node, node) for node in sorted(model.starts)]
    steps += [(a, b, b) for a, b in sorted(model.edges)]
    steps += [(node, "(end)", None) for node in sorted(model.ends)]
    for number, (source, target, label) in enumerate(steps):
        transition = PetriNet.Transition(f"t{number}", label)
        net.transitions.add(transition)
        add_arc_from_to(place[source], transition, net)
        add_arc_from_to(transition, place[target], net)
    return net, Marking({place["(begin)"]: 1}), Marking({place["(end)"]: 1})


def test_alignments_cost_what_they_cost_in_pm4py():
    model = FlowModel(
        ("greet", "verify", "book", "done"),
        frozenset({"greet"}),
        frozenset({("greet", "verify"), ("verify", "verify"), ("verify", "book"), ("book", "done")}),
        frozenset({"done"}),
    )
    paths = sorted(set(wandering(5)) | {("done", "greet"), ("verify", "book", "done"), ("greet", "x", "done")})
    theirs = pm4py.conformance_diagnostics_alignments(event_log(paths), *petri_net(model))
    for path, found in zip(paths, theirs, strict=True):
        ours = align(path, model, ended=True)
        assert ours.cost == found["cost"] // 10_000, path
        assert ours.fitness == pytest.approx(found["fitness"], abs=1e-6), path
