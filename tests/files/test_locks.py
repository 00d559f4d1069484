"""Locks, and what becomes of their files."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows_analytics.files import locks
from flows_analytics.files.locks import try_lock


def refuse(path, missing_ok=False):
    raise PermissionError(13, "somebody has it open")


@pytest.mark.parametrize("removed_open", [True, False])
def test_a_lock_is_free_even_if_its_file_cannot_be_deleted(removed_open, tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "_REMOVED_OPEN", removed_open)
    held = try_lock(tmp_path / "a.lock")
    monkeypatch.setattr(Path, "unlink", refuse)
    held.release(remove=True)
    assert try_lock(tmp_path / "a.lock") is not None


@pytest.mark.parametrize("removed_open", [True, False])
def test_the_file_goes_before_the_lock_is_free_or_after_it_where_open_files_stay(
    removed_open, tmp_path, monkeypatch
):
    monkeypatch.setattr(locks, "_REMOVED_OPEN", removed_open)
    held = try_lock(tmp_path / "a.lock")
    steps = []
    unlink, release = Path.unlink, held._lock.release
    monkeypatch.setattr(
        Path, "unlink", lambda *given, **options: (steps.append("delete"), unlink(*given, **options))
    )
    monkeypatch.setattr(held._lock, "release", lambda: (steps.append("release"), release()))
    held.release(remove=True)
    assert steps == (["delete", "release"] if removed_open else ["release", "delete"])
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_others_will_ask_for_keeps_its_file(tmp_path):
    held = try_lock(tmp_path / "a.lock")
    assert try_lock(tmp_path / "a.lock") is None
    held.release()
    assert (tmp_path / "a.lock").exists()
    assert try_lock(tmp_path / "a.lock") is not None
