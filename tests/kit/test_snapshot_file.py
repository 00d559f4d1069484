"""Names of the files that keep snapshots, by themselves and in a project."""

from __future__ import annotations

import pytest
from syrupy.extensions.base import SnapshotCollectionStorage

from flows_analytics.testing.snapshot_file import is_stem_of, snapshot_stem

SEVERAL = """
import pytest
from bot import node

@pytest.mark.parametrize("kind", {names!r}, ids=lambda name: name)
async def test_it(flow_call, flow_snapshot, kind):
    if kind in {skipped!r}:
        pytest.skip("skipped")
    call = await flow_call(node(kind), [])
    assert call == flow_snapshot
    assert call == flow_snapshot(name="Given", turns=True)
"""
NAMES = ("ab", "a/b", "A", "a", "x" * 300 + "1", "x" * 300 + "2", "ä" * 200)


@pytest.mark.parametrize(
    ("test", "index", "stem"),
    [
        ("test_large", 0, "test_large"),
        ("test_large", 2, "test_large.2"),
        ("test_large", "after", "test_large[after]"),
        ("test_large[two of it-3]", 1, "test_large[two of it-3].1"),
        ("TestOrders.test_DTMF", 0, "TestOrders.test_DTMF"),
        ("test_" + "a" * 245, 0, "test_" + "a" * 245),
    ],
)
def test_ordinary_names_are_those_of_their_tests(test, index, stem):
    assert snapshot_stem(test, index) == stem


@pytest.mark.parametrize(
    ("one", "another"),
    [
        (("test[a/b]", 0), ("test[ab]", 0)),
        (("test[a\\b]", 0), ("test[a:b]", 0)),
        (("test[a\u200bb]", 0), ("test[ab]", 0)),
        (("test[A]", 0), ("test[a]", 0)),
        (("test[Straße]", 0), ("test[STRASSE]", 0)),
        (("test[é]", 0), ("test[e\u0301]", 0)),
        (("test", "a/b"), ("test", "ab")),
        (("test", "A"), ("test", "a")),
        (("test[" + "x" * 300 + "1]", 0), ("test[" + "x" * 300 + "2]", 0)),
        (("test_" + "x" * 300 + "1", 0), ("test_" + "x" * 300 + "2", 0)),
        (("test", "x" * 300 + "1"), ("test", "x" * 300 + "2")),
        (("test[" + "ä" * 200 + "1]", "b" * 200), ("test[" + "ä" * 200 + "2]", "b" * 200)),
        (("test[\ud800]", 0), ("test[]", 0)),
    ],
)
def test_no_two_names_are_one_file(one, another):
    stems = [snapshot_stem(*one), snapshot_stem(*another)]
    assert len({stem.casefold() for stem in stems}) == 2
    assert all(len(f"{stem}.json".encode()) <= 255 for stem in stems)
    assert all(not set('\\/?*:|"<>') & set(stem) for stem in stems)
    for stem, (test, _), (other, _) in ((stems[0], one, another), (stems[1], another, one)):
        assert is_stem_of(stem, test)
        assert test == other or not is_stem_of(stem, other)


def test_a_name_stays_the_same():
    # Names are in the repositories of flow authors.
    assert snapshot_stem("test_it[a/b]") == "test_it[ab].306b0382"
    assert snapshot_stem("test_it[A]", "Given") == "test_it[A].1c04bc42[Given].9946af30"


@pytest.fixture
def several(project):
    """A project whose tests' names collide as names of files, with their snapshots."""
    # Names are as long as authors make them, and may hold letters of any language.
    project.path.joinpath("pytest.ini").write_text(
        "[pytest]\ndisable_test_id_escaping_and_forfeit_all_rights_to_community_support = true\n"
    )
    write_several(project)
    result = project.run("--snapshot-update")
    result.assert_outcomes(passed=len(NAMES))
    result.stdout.fnmatch_lines([f"*{2 * len(NAMES)} snapshots generated*"])
    # Older releases of syrupy do not ask the extension which files are a test's.
    if hasattr(SnapshotCollectionStorage, "matches_test_location"):
        assert "Can not relate" not in result.stdout.str()
    return project


def write_several(project, names=NAMES, skipped=()):
    project.write(SEVERAL.format(names=list(names), skipped=skipped))


def files_of(project):
    return sorted(path.name for path in (project.path / "__snapshots__" / "test_order").iterdir())


def test_tests_whose_names_look_alike_have_files_of_their_own(several):
    files = files_of(several)
    assert len({name.casefold() for name in files}) == 2 * len(NAMES)
    assert "test_it[ab].txt" in files
    result = several.run("--snapshot-update")
    result.assert_outcomes(passed=len(NAMES))
    result.stdout.fnmatch_lines([f"{2 * len(NAMES)} snapshots passed."])
    assert files_of(several) == files


def test_snapshots_of_tests_that_are_gone_are_unused_and_removed_on_update(several):
    write_several(several, [name for name in NAMES if name not in ("A", "a/b", "x" * 300 + "1")])
    result = several.run()
    result.stdout.fnmatch_lines(["*6 snapshots unused*"])
    assert result.ret == 1
    several.run("--snapshot-update")
    assert len(files_of(several)) == 2 * len(NAMES) - 6
    result = several.run()
    result.assert_outcomes(passed=len(NAMES) - 3)
    assert result.ret == 0


@pytest.mark.parametrize("chosen", ["test_order.py::test_it[a/b]", "test_order.py::test_it[A]", "-ka/b"])
def test_an_update_of_one_test_leaves_the_files_of_the_others(several, chosen):
    files = files_of(several)
    assert several.run("--snapshot-update", chosen).parseoutcomes()["passed"] == 1
    assert files_of(several) == files


@pytest.mark.skipif(
    not hasattr(SnapshotCollectionStorage, "matches_test_location"),
    reason="this syrupy does not ask the extension which files are a test's",
)
def test_snapshots_of_tests_that_are_skipped_are_not_unused(several):
    files = files_of(several)
    skipped = ("a/b", "A", "x" * 300 + "1", "ä" * 200)
    write_several(several, skipped=skipped)
    result = several.run("--snapshot-update")
    result.assert_outcomes(passed=len(NAMES) - len(skipped), skipped=len(skipped))
    assert result.ret == 0
    assert files_of(several) == files
