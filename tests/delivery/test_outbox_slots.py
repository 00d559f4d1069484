"""Each call has an entry of its own in the outbox, whatever other calls are named."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from flows_analytics import CallRecord
from flows_analytics.delivery.outbox import Outbox
from flows_analytics.delivery.upload import UploadError, key_of
from tests.delivery.clock import EPOCH


class Named:
    def __init__(self, name="own", failure=None):
        self.name, self.failure, self.taken = name, failure, []

    async def upload(self, upload):
        if self.failure is not None:
            raise self.failure
        self.taken.append(upload.key)

    async def close(self):
        pass


def call(call_id="order-1", year=2026):
    return CallRecord(call_id=call_id, started_at=datetime(year, 1, 1, tzinfo=UTC))


def put(outbox, record, sink, file):
    async def main():
        held, entry = await outbox.put(record, sink, file=file)
        held.release()
        return entry

    return asyncio.run(main())


def names(directory):
    return sorted(path.name for path in directory.glob("*.ref"))


def again(directory):
    return Outbox(directory, now=lambda: EPOCH + 2e6)


def test_a_call_of_the_id_of_one_that_waits_for_a_removed_record_has_an_entry_of_its_own(tmp_path):
    outbox, file = Outbox(tmp_path), tmp_path / "order-1.json"
    first = put(outbox, call(year=2025), Named(), call(year=2025).save(file))
    file.unlink()
    second = put(outbox, call(), Named(), call().save(file))

    assert first.key != second.key == key_of(call(), "own")
    assert names(outbox.waiting) == ["order-1@own.ref", "order-1@own~2.ref"]
    assert put(outbox, call(), Named(), file).attempts == 2
    assert len(outbox.entries()) == 2


def test_two_calls_directories_may_share_an_outbox(tmp_path):
    outbox, sink = Outbox(tmp_path / "outbox"), Named()
    for number, year in enumerate((2025, 2026)):
        record = call(year=year)
        (tmp_path / str(number)).mkdir()
        outbox.keep(record, sink, file=record.save(tmp_path / str(number) / "order-1.json"))
        outbox.keep(record, sink, file=tmp_path / str(number) / "order-1.json")

    assert len(outbox.entries()) == 2
    asyncio.run(outbox.send_waiting([sink], early=True))
    assert sorted(sink.taken) == sorted(key_of(call(year=year), "own") for year in (2025, 2026))


@pytest.mark.parametrize("kept", [True, False])
def test_no_two_names_of_call_and_receiver_make_one_file(tmp_path, kept):
    outbox = Outbox(tmp_path)
    for call_id, sink in (("c.eu", "main"), ("c", "eu.main"), ("c", "main"), ("c@eu", "main")):
        record = call(call_id)
        file = None if kept else record.save(tmp_path / f"{call_id.replace('@', '=')}.json")
        entry = put(outbox, record, Named(sink), file)
        assert (entry.call_id, entry.sink) == (call_id, sink)

    assert len(outbox.entries()) == 4


def test_a_call_without_a_file_does_not_take_the_entry_of_one_with_a_file(tmp_path):
    outbox, sink = Outbox(tmp_path), Named()
    put(outbox, call(year=2025), sink, call(year=2025).save(tmp_path / "order-1.json"))
    entry = put(outbox, call(), sink, None)

    assert (entry.record, entry.kept) == ("outbox/order-1@own~2.json", True)
    result = asyncio.run(again(tmp_path).send_waiting([sink], early=True))
    assert result.count("sent") == 2
    assert sorted(sink.taken) == sorted(key_of(call(year=year), "own") for year in (2025, 2026))
    assert list(outbox.waiting.iterdir()) == []


def test_what_was_refused_of_one_call_says_nothing_of_another_of_its_name(tmp_path):
    outbox, file = Outbox(tmp_path), tmp_path / "order-1.json"
    put(outbox, call(year=2025), Named(), call(year=2025).save(file))
    asyncio.run(outbox.send_waiting([Named(failure=UploadError("refused", "400", retry=False))], early=True))
    outbox.keep(call(year=2025), Named(), file=file)
    assert (names(outbox.waiting), names(outbox.failed)) == ([], ["order-1@own.ref"])

    file.unlink()
    outbox.keep(call(), Named(), file=call().save(file))
    assert names(outbox.waiting) == ["order-1@own~2.ref"]
    asyncio.run(again(tmp_path).send_waiting([sink := Named()], early=True))
    assert sink.taken == [key_of(call(), "own")]
    assert names(outbox.failed) == ["order-1@own.ref"]


def test_a_call_that_is_being_sent_is_not_put_in_again_and_one_of_its_name_is(tmp_path):
    outbox, file = Outbox(tmp_path), tmp_path / "order-1.json"

    async def main():
        held, _ = await outbox.put(call(), Named(), file=call().save(file))
        same = await Outbox(tmp_path).put(call(), Named(), file=file)
        other, entry = await Outbox(tmp_path).put(call(year=2025), Named(), file=file)
        held.release()
        other.release()
        return same, entry.key

    assert asyncio.run(main()) == (None, key_of(call(year=2025), "own"))


def test_a_torn_entry_is_not_taken_for_a_free_one_nor_made_anew_twice(tmp_path):
    outbox, sink = Outbox(tmp_path), Named()
    file = call().save(tmp_path / "order-1.json")
    put(outbox, call(), sink, file)
    (outbox.waiting / "order-1@own.ref").write_text("{")
    put(outbox, call(), sink, file)
    assert names(outbox.waiting) == ["order-1@own.ref", "order-1@own~2.ref"]

    result = asyncio.run(again(tmp_path).send_waiting([sink], early=True))
    assert (len(result.set_aside), sink.taken) == (1, [key_of(call(), "own")])


def test_an_entry_that_cannot_be_read_is_said_once_and_the_rest_is_listed_and_sent(tmp_path, monkeypatch):
    said, sink = [], Named()
    outbox = Outbox(tmp_path, say=said.append)
    for call_id in ("a", "b"):
        put(outbox, call(call_id), sink, call(call_id).save(tmp_path / f"{call_id}.json"))
    read = type(tmp_path).read_bytes

    def broken(self):
        if self.name == "a@own.ref":
            raise PermissionError(13, "Permission denied")
        return read(self)

    monkeypatch.setattr(type(tmp_path), "read_bytes", broken)
    assert [entry.call_id for entry in outbox.entries()] == ["b"]
    assert asyncio.run(outbox.send_waiting([sink], early=True)).count("sent") == 1
    assert outbox.entries() == outbox.failures() == []
    assert said == ["an entry of the outbox cannot be read (Permission denied): a@own.ref"]


def test_temporary_files_of_killed_processes_are_swept_out(tmp_path):
    outbox = again(tmp_path)
    for directory in (outbox.waiting, outbox.failed):
        directory.mkdir()
        (directory / f".{'0' * 16}.tmp").write_bytes(b"half")

    asyncio.run(outbox.send_waiting([]))
    assert [*outbox.waiting.iterdir(), *outbox.failed.iterdir()] == []
