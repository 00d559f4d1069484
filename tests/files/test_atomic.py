"""Files are there whole or not at all, and nothing is overwritten."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from flows_analytics.files.atomic import STALE_SECS, remove_stale, replace, write_new


def names(directory):
    return sorted(path.name for path in directory.iterdir())


def test_a_second_file_of_the_same_name_is_numbered(tmp_path):
    for content in (b"one", b"two", b"three"):
        write_new(tmp_path, "x", ".json", content)

    assert names(tmp_path) == ["x.json", "x~2.json", "x~3.json"]
    assert (tmp_path / "x.json").read_bytes() == b"one"


def test_the_directory_is_made_and_the_file_is_private(tmp_path):
    path = write_new(tmp_path / "deep" / "er", "x", ".json", b"1")

    assert path.read_bytes() == b"1"
    assert path.stat().st_mode & 0o777 == 0o600


def test_writers_of_one_name_at_once_each_get_their_own_file(tmp_path):
    threads = [
        threading.Thread(target=write_new, args=(tmp_path, "x", ".json", str(number).encode()))
        for number in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    contents = sorted(int(path.read_bytes()) for path in tmp_path.iterdir())
    assert contents == list(range(16))


def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(OSError, match="No space left"):
        write_new(tmp_path, "x", ".json", b"1")
    assert names(tmp_path) == []


def test_a_failed_replacement_leaves_the_old_file(tmp_path, monkeypatch):
    path = replace(tmp_path / "x.html", b"old")
    monkeypatch.setattr(os, "fsync", lambda descriptor: (_ for _ in ()).throw(OSError("full")))

    with pytest.raises(OSError, match="full"):
        replace(path, b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["x.html"]


def test_a_file_system_without_links_still_overwrites_nothing(tmp_path, monkeypatch):
    def no_links(source, target):
        if Path(target).exists():
            raise FileExistsError(target)
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "link", no_links)
    write_new(tmp_path, "x", ".json", b"one")
    write_new(tmp_path, "x", ".json", b"two")

    assert names(tmp_path) == ["x.json", "x~2.json"]
    assert (tmp_path / "x~2.json").read_bytes() == b"two"


def test_temporary_files_that_dead_processes_left_are_removed_after_an_hour_and_nothing_else_is(tmp_path):
    for name in (f".{'a' * 16}.tmp", f".{'b' * 16}.tmp", "call.json", ".mine.tmp", f"{'a' * 16}.tmp"):
        (tmp_path / name).write_bytes(b"half")
        os.utime(tmp_path / name, (1000.0, 1000.0))
    os.utime(tmp_path / f".{'b' * 16}.tmp", (1001.0, 1001.0))

    assert remove_stale(tmp_path, 1000.0 + STALE_SECS) == 0
    assert remove_stale(tmp_path, 1000.5 + STALE_SECS) == 1
    assert names(tmp_path) == sorted([f".{'b' * 16}.tmp", "call.json", ".mine.tmp", f"{'a' * 16}.tmp"])
    assert remove_stale(tmp_path / "missing", 1e12) == 0


def test_a_temporary_file_that_cannot_be_removed_stays_and_breaks_nothing(tmp_path, monkeypatch):
    path = tmp_path / f".{'a' * 16}.tmp"
    path.write_bytes(b"half")

    def refused(self, missing_ok=False):
        raise PermissionError("in use")

    monkeypatch.setattr(Path, "unlink", refused)
    assert remove_stale(tmp_path, path.stat().st_mtime + 2 * STALE_SECS) == 0
    assert path.exists()
