"""Finding calls by file name or id."""

from __future__ import annotations

import pytest

from flows_analytics.errors import CallNotFoundError
from flows_analytics.files.layout import find_call, list_calls
from flows_analytics.files.names import safe_name


@pytest.fixture
def calls(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    directory = tmp_path / "calls"
    directory.mkdir()
    for name in ("abc", safe_name("../../x"), "abc~2"):
        (directory / f"{name}.json").write_text("{}")
    (directory / ".torn.tmp").write_text("")
    return directory


@pytest.mark.parametrize("call", ["abc", "calls/abc", "calls/abc.json", "abc.json"])
def test_a_call_is_found_by_file_or_id(calls, call):
    assert find_call(call, calls).name == "abc.json"


def test_a_call_with_a_hostile_id_is_found_by_that_id(calls):
    assert find_call("../../x", calls).name == f"{safe_name('../../x')}.json"


def test_a_call_whose_id_is_no_file_name_is_found_by_that_id(calls):
    for call_id in ("x" * 5000, "a\x00b"):
        (calls / f"{safe_name(call_id)}.json").write_text("{}")
        assert find_call(call_id, calls).name == f"{safe_name(call_id)}.json"


def test_a_missing_call_names_every_place_looked_at(calls):
    with pytest.raises(CallNotFoundError, match=r"no call .nope. in \., .*calls"):
        find_call("nope", calls)


def test_all_calls_of_a_directory_are_listed_in_order_of_name(calls):
    assert [path.name for path in list_calls(calls)] == sorted(
        ["abc.json", "abc~2.json", f"{safe_name('../../x')}.json"]
    )
