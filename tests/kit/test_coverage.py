"""Flow coverage: what is counted, how it is shown, and when a run fails for it."""

from __future__ import annotations

import pytest

from flows_analytics.testing.flow_coverage import FlowCoverage, percent_text
from flows_analytics.testing.installed_flows import installed_flows
from tests.bots import hold_pizza_call
from tests.kit.conftest import KEPT, TEST
from tests.testing.flows_line import flows

needs_yaml = pytest.mark.skipif(not hasattr(flows, "FlowConfig"), reason="flows in YAML came with Pipecat 1.9")

FLOW = """
initial_node: start
global_functions:
  - name: help
nodes:
  start:
    task_messages: [{role: developer, content: Ask.}]
    functions:
      - name: judge
        transition_to:
          field: good
          cases: {true: happy, false: sad}
          default: start
      - name: leave
        transition_only: true
        description: Leave.
        transition_to: sad
  happy:
    task_messages: [{role: developer, content: Cheer.}]
  sad:
    task_messages: [{role: developer, content: Weep.}]
"""

YAML_TEST = """
from pathlib import Path
from flows_analytics.testing import calls, user
from FLOWS import Flow, FlowConfig, FlowManager, TRANSITION_IN_YAML
import bot

async def judge(flow_manager: FlowManager, good: bool):
    '''Judge.

    Args:
        good (bool): Whether it is good.
    '''
    return {"good": good}, TRANSITION_IN_YAML

async def help(flow_manager: FlowManager):
    '''Help.'''
    return {}, TRANSITION_IN_YAML

async def test_good(flow_call):
    flow = Flow(FlowConfig.from_file("flow.yaml"), handlers={"judge": judge, "help": help})
    await flow_call(flow, [user("Help"), calls("help"), user("Good"), calls("judge", good=True)])

async def test_another_flow(flow_call):
    await flow_call(bot.start(), [user("Pizza"), calls("choose_pizza")])
"""

SHOWN = """\
                done    of  share
Nodes              2     3   67 %
Transitions        1     4   25 %
Functions          2     3   67 %
Branch cases       1     3   33 %
Total              6    13   46 %
Missed:
  nodes          sad
  transitions    start > sad via judge
  transitions    start > start via judge
  transitions    start > sad via leave
  functions      start: leave
  branch cases   start: judge: good is false
  branch cases   start: judge: good is any other value
"""


def table_of(result):
    lines = result.outlines
    begin = next(number for number, line in enumerate(lines) if line.lstrip().startswith("done    of"))
    end = next((n for n, line in enumerate(lines[begin:], begin) if line.startswith(("=", "Required", "Flow"))))
    return "\n".join(lines[begin:end]) + "\n"


@needs_yaml
def test_a_flow_in_yaml_is_counted_to_the_branch_case(project):
    (project.path / "flow.yaml").write_text(FLOW)
    project.write(YAML_TEST.replace("FLOWS", flows.__name__))
    result = project.run("--flow-cov=flow.yaml", "--flow-cov-report=term", "--flow-cov-report=html:out/cov.html")
    result.assert_outcomes(passed=2)
    assert table_of(result) == SHOWN
    page = (project.path / "out" / "cov.html").read_text()
    assert "<h1>46 %</h1>" in page
    assert page.count("card-visited") == page.count('class="card card-visited') + page.count(".card-visited")
    assert page.count('class="card card-visited') == 2
    assert 'class="wire wire-taken"' in page
    assert 'class="wire wire-declared"' in page
    assert "start: judge: good is false" in page


@needs_yaml
def test_without_a_file_the_flows_given_to_the_calls_count_beside_what_others_offer(project):
    (project.path / "flow.yaml").write_text(FLOW)
    project.write(YAML_TEST.replace("FLOWS", flows.__name__))
    table = table_of(project.run("--flow-cov"))
    assert "Branch cases       1     3" in table
    assert "  functions      pizza: bake" in table


def test_what_is_offered_counts_where_nothing_is_declared(project):
    project.write(TEST.replace("assert call == flow_snapshot", ""))
    result = project.run("--flow-cov")
    result.assert_outcomes(passed=1)
    assert table_of(result).splitlines() == [
        "                done    of  share",
        "Nodes              3     3  100 %",
        "Transitions        2     2  100 %",
        "Functions          3     4   75 %",
        "Total              8     9   89 %",
        "Missed:",
        "  functions      pizza: bake",
    ]


@pytest.mark.parametrize(("least", "code", "verdict"), [("88.8", 0, "reached"), ("89", 1, "not reached")])
def test_too_little_coverage_fails_the_run(project, least, code, verdict):
    project.write(TEST.replace("assert call == flow_snapshot", ""))
    result = project.run("--flow-cov", f"--flow-cov-fail-under={least}")
    result.assert_outcomes(passed=1)
    assert result.ret == code
    result.stdout.fnmatch_lines([f"Required flow coverage of {least} % {verdict}: 89 %"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--flow-cov-report=term",), "need --flow-cov"),
        (("--flow-cov", "--flow-cov-report=xml"), "is term, html or html:FILE, not 'xml'"),
        (("--flow-cov", "test_order.py"), "put --flow-cov last"),
        (
            ("--flow-cov=missing.yaml",),
            "--flow-cov=missing.yaml" if hasattr(installed_flows(), "FlowConfig") else "1.9 or later",
        ),
    ],
)
def test_options_that_make_no_sense_are_refused(project, arguments, message):
    project.write()
    result = project.run(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert message in result.stderr.str()


def test_a_run_without_calls_says_so(project):
    project.write("def test_it():\n    pass")
    project.run("--flow-cov").stdout.fnmatch_lines(["*No call was held*"])


def test_workers_write_the_same_snapshots_and_their_coverage_adds_up(project):
    pytest.importorskip("xdist")
    other = TEST.partition("async def")[2].replace("test_large", "test_bake").partition('user("How')[0]
    project.write(f'{TEST}\nasync def{other}user("Bake"), calls("bake")])\n    assert call == flow_snapshot\n')
    result = project.run(
        "--snapshot-update", "-n", "2", "--flow-cov", "--flow-cov-fail-under=100", own_process=True
    )
    result.assert_outcomes(passed=2)
    assert result.ret == 0
    assert project.kept().read_text() == KEPT
    assert "end  <- bake()" in project.kept("test_bake.txt").read_text()
    assert "Total             10    10  100 %" in table_of(result)


def test_coverage_survives_the_way_to_another_process():
    record = hold_pizza_call().record
    coverage = FlowCoverage()
    coverage.add(record)
    copy = FlowCoverage.from_json(coverage.to_json())
    assert copy == coverage
    copy.merge(coverage)
    assert (copy.calls, copy.covered(), copy.percent) == (2, coverage.covered(), coverage.percent)
    assert copy.parts["nodes"]["initial",] == 2


@pytest.mark.parametrize(
    ("done", "there", "text"),
    [(0, 0, "–"), (0, 5, "0 %"), (1, 1000, "1 %"), (999, 1000, "99 %"), (7, 7, "100 %"), (2, 3, "67 %")],
)
def test_a_share_is_nothing_or_all_only_if_it_is(done, there, text):
    assert percent_text(done, there) == text
