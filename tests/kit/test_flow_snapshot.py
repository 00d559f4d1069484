"""Snapshots as their users meet them: pass, mismatch, update, unused."""

from __future__ import annotations

import json

import pytest

from flows_analytics.testing.path_lines import PathOptions
from tests.kit.conftest import KEPT, TEST

VARIANTS = """
from flows_analytics.testing import calls, says, user
from bot import start

async def test_it(flow_call, flow_snapshot):
    steps = [says("Hello!"), user("Pizza"), calls("choose_pizza"), user("Bake"), calls("bake")]
    call = await flow_call(start(), steps)
    assert call == flow_snapshot(OPTIONS)
"""


def keep(project, options):
    project.write(VARIANTS.replace("OPTIONS", options), name="test_kept")
    project.run("--snapshot-update").assert_outcomes(passed=1)
    (file,) = (project.path / "__snapshots__" / "test_kept").iterdir()
    return file


def test_a_path_is_kept_as_text_and_compared(project):
    project.write()
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*Snapshot 'test_large' does not exist*"])

    project.run("--snapshot-update").assert_outcomes(passed=1)
    assert project.kept().read_text() == KEPT
    project.run().assert_outcomes(passed=1)


def test_another_path_is_shown_line_by_line(project):
    project.write()
    project.run("--snapshot-update")
    project.write(TEST.replace('calls("check_price", size="large"),', ""), name="test_order")
    result = project.run()
    result.assert_outcomes(failed=1)
    lines = [line.removeprefix("E").strip() for line in result.outlines if line.startswith("E")]
    assert '-   stayed: check_price(size="large")' in lines
    assert not any(line.startswith("+ ") for line in lines)


def test_a_snapshot_that_no_test_uses_is_reported_and_removed_on_update(project):
    project.write()
    project.run("--snapshot-update")
    project.kept("test_gone.txt").write_text("start\n")
    result = project.run()
    result.stdout.fnmatch_lines(["*1 snapshot unused*"])
    assert result.ret == 1
    project.run("--snapshot-update")
    assert not project.kept("test_gone.txt").exists()
    assert project.kept().exists()


def test_nothing_is_kept_of_times_and_words_unless_asked(project):
    text = keep(project, "turns=True, arguments=False, timing='buckets'").read_text()
    assert text == (
        "start  [1 to 3 s]\n  bot: Hello!\n  caller: Pizza\n"
        "pizza  <- choose_pizza  [over 600 s]\n  bot: All right.\n  caller: Bake\n"
        "end  <- bake  [under 1 s]\n  bot: All right.\nend: the bot ended the call\n"
    )


def test_what_the_llm_was_given_is_kept_when_asked(project):
    text = keep(project, "prompts=True").read_text()
    assert "  | developer: You are in start.\n  | offers: choose_pizza: The caller wants pizza.\n" in text
    assert '  |     size: {"description": "Which size.", "type": "string"}\n' in text
    assert "  |     kind (optional):" in text
    assert text.count("You are in start.") == 1

    bot = project.path / "bot.py"
    bot.write_text(bot.read_text().replace("You are in", "You stand in"))
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*+   | developer: You stand in start.*"])


def test_a_path_is_kept_as_a_drawing(project):
    file = keep(project, "format='mermaid'")
    assert file.suffix == ".mmd"
    assert file.read_text().splitlines() == [
        "flowchart TD",
        '    n1["start"]',
        '    n2["pizza"]',
        '    n3["end"]',
        '    n1 -->|"1: choose_pizza()"| n2',
        '    n2 -->|"2: bake()"| n3',
        "    n3 --> done",
        '    done(["the bot ended the call"])',
    ]


def test_a_path_is_kept_as_json(project):
    file = keep(project, "format='json', prompts=True")
    document = json.loads(file.read_text())
    assert [(node["node"], node["function"]) for node in document["nodes"]] == [
        ("start", None),
        ("pizza", "choose_pizza"),
        ("end", "bake"),
    ]
    assert document["end"] == "the bot ended the call"
    assert document["prompts"][0]["tools"][0]["name"] == "choose_pizza"


def test_a_snapshot_of_something_else_says_what_it_compares(project):
    project.write("async def test_it(flow_call, flow_snapshot):\n    assert 'text' == flow_snapshot")
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*flow_snapshot compares calls, not str*"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("format='yaml'", "format is one of text, mermaid, json, not 'yaml'"),
        ("format='mermaid', prompts=True", "a drawing holds no prompts"),
        ("timing='exact'", "timing is None or 'buckets', not 'exact'"),
    ],
)
def test_options_that_do_not_exist_are_refused(project, options, message):
    project.write(f"async def test_it(flow_call, flow_snapshot):\n    flow_snapshot({options})")
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"*{message}*"])


def test_without_syrupy_the_fixture_says_what_to_install(project):
    project.write("async def test_it(flow_call, flow_snapshot):\n    pass")
    result = project.run("-p", "no:syrupy")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*pip install 'flows-analytics?testing?'*"])


def test_a_timing_is_known():
    with pytest.raises(ValueError, match="timing"):
        PathOptions(timing="exact")  # pyright: ignore[reportArgumentType]
