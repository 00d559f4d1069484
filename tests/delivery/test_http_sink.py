"""HTTPSink, and the client it shares with others."""

from __future__ import annotations

import asyncio
import json
import traceback
from datetime import UTC, datetime

import pytest
from aiohttp import web

from flows_analytics import CallRecord, HTTPSink
from flows_analytics.delivery.entry import Entry
from flows_analytics.delivery.http_client import HTTPClient
from flows_analytics.delivery.outbox import Outbox
from flows_analytics.delivery.upload import Upload, UploadError
from flows_analytics.errors import SinkError
from tests.delivery.receiver import half, never, receiver, status

RECORD = CallRecord(call_id="order-1", started_at=datetime(2026, 1, 1, tzinfo=UTC), metadata={"words": "SECRET"})


def upload(record=RECORD):
    return Upload(record, "key-1")


def send(*answers, record=RECORD, path="", **options):
    """Send one call; return the receiver and the error."""

    async def main():
        async with receiver(*answers) as taking:
            sink = HTTPSink(taking.url + path, **options)
            try:
                await sink.upload(upload(record))
            except UploadError as error:
                return taking, error
            else:
                return taking, None
            finally:
                await sink.close()

    return asyncio.run(main())


def test_a_call_is_one_compressed_post_with_its_token_and_key():
    taking, error = send(token="token-1", headers={"X-Team": "a"})

    (request,) = taking.requests
    assert error is None
    assert (request.method, request.path) == ("POST", "/calls")
    assert CallRecord.from_json(taking.bodies[0]) == RECORD
    told = {name: request.headers[name] for name in ("Authorization", "Idempotency-Key", "X-Team", "Content-Type")}
    assert told == {
        "Authorization": "Bearer token-1",
        "Idempotency-Key": "key-1",
        "X-Team": "a",
        "Content-Type": "application/json",
    }
    assert request.headers["Content-Encoding"] == "gzip"


def test_a_call_can_go_uncompressed_and_in_a_shape_of_its_own():
    taking, _ = send(compress=False, schema=lambda record: {"id": record.call_id, "nan": float("nan")})

    assert "Content-Encoding" not in taking.requests[0].headers
    assert json.loads(taking.bodies[0]) == {"id": "order-1", "nan": None}


@pytest.mark.parametrize(("payload", "sent"), [(b"\x00raw", b"\x00raw"), ("text", b"text"), (RECORD.agent, None)])
def test_a_shape_may_be_bytes_text_or_a_model(payload, sent):
    taking, _ = send(schema=lambda record: payload, headers={"content-type": "application/x-own"})

    assert taking.bodies[0] == (sent or RECORD.agent.model_dump_json().encode())
    assert taking.requests[0].headers.getall("Content-Type") == ["application/x-own"]


def test_a_schema_function_that_raises_is_not_tried_again_and_not_quoted():
    def broken(record):
        raise ValueError(record.metadata["words"])

    taking, error = send(schema=broken)

    assert (error.code, error.retry, taking.requests) == ("schema_failed", False, [])
    assert "SECRET" not in error.message


@pytest.mark.parametrize("call_id", ["..", ".", "a/b?c#d", "ü %2e", "\udcff", "x" * 1000])
def test_no_call_id_changes_where_a_call_is_sent(call_id):
    record = CallRecord(call_id=call_id, started_at=RECORD.started_at)
    taking, error = send(record=record, path="/by-id/{call_id}/record")

    assert error is None
    before, encoded, after = taking.requests[0].raw_path.removeprefix("/calls").split("/")[1:]
    assert (before, after) == ("by-id", "record")
    assert not set(encoded) & set("./?#")


@pytest.mark.parametrize(
    ("answer", "code", "retry"),
    [
        (status(200), None, None),
        (status(204), None, None),
        (status(409), None, None),
        (status(302, Location="/elsewhere"), "refused", False),
        (status(400), "refused", False),
        (status(401), "refused", False),
        (status(404), "refused", False),
        (status(408), "refused", True),
        (status(425), "refused", True),
        (status(429), "refused", True),
        (status(500), "refused", True),
        (status(503), "refused", True),
        (half, "not_reached", True),
    ],
)
def test_what_a_server_answers_decides_whether_to_try_again(answer, code, retry):
    taking, error = send(answer, timeout_secs=60)

    assert (error and error.code, error and error.retry) == (code, retry)
    assert len(taking.requests) == 1  # no redirect was followed


def test_a_server_that_never_answers_may_answer_later():
    taking, error = send(never, timeout_secs=0.2)

    assert (error.code, error.retry) == ("not_reached", True)
    # A busy machine may not even have connected by then.
    assert len(taking.requests) <= 1


def test_a_server_that_is_not_there_may_be_there_later():
    async def main():
        async with receiver() as taking:
            url = taking.url
        sink = HTTPSink(url)
        with pytest.raises(UploadError) as caught:
            await sink.deliver(RECORD)
        await sink.close()
        return caught.value

    error = asyncio.run(main())
    assert (error.code, error.retry) == ("not_reached", True)


def test_what_a_server_says_is_kept_apart_from_what_is_shown():
    _, error = send(status(400), token="TOKEN", headers={"X-Api-Key": "APIKEY"}, path="?key=QUERY")

    assert error.answer == "you sent SECRET WORDS"
    shown = str(error) + repr(error) + "".join(traceback.format_exception(error))
    for secret in ("SECRET", "TOKEN", "APIKEY", "QUERY"):
        assert secret not in shown


def test_a_traceback_with_all_its_variables_shows_no_secret_and_no_word_of_the_call():
    _, error = send(status(400), token="TOKEN", headers={"X-Api-Key": "APIKEY"}, path="/PATHKEY", compress=False)

    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    shown = "".join(
        line for frame in told.stack if "flows_analytics" in frame.filename for line in str(frame.locals)
    )
    shown = shown.replace("FLOWS_ANALYTICS_HTTP_TOKEN", "")
    assert "upload" in shown
    for secret in ("SECRET", "TOKEN", "APIKEY", "PATHKEY"):
        assert secret not in shown


def saying(text):
    async def answer(request):
        return web.Response(status=400, text=text)

    return answer


def test_the_repr_names_the_host_only():
    sink = HTTPSink("https://example.test/hook/PATHKEY?key=QUERY", token="TOKEN", headers={"X-Api-Key": "APIKEY"})

    assert repr(sink) == f"HTTPSink('https://example.test', name='{sink.name}')"
    assert sink.name.startswith("http-example.test-")
    settings = json.dumps(sink.target)
    assert "QUERY" not in settings
    assert "APIKEY" not in settings
    assert "TOKEN" not in settings


def test_a_url_that_is_a_secret_is_in_no_entry_and_no_error(tmp_path):
    async def main():
        async with receiver(saying("no hook /calls/T0/XXPATHKEYXX, nor XXPATHKEYXX")) as taking:
            sink = HTTPSink(f"{taking.url}/T0/XXPATHKEYXX", secret_url=True)
            outbox = Outbox(tmp_path)
            claimed = await outbox.put(RECORD, sink, file=RECORD.save(tmp_path / "order-1.json"))
            outcome = await outbox.send_call(claimed, RECORD, sink, deadline=0)
            await sink.close()
            return outcome, taking

    outcome, taking = asyncio.run(main())
    (entry,) = (tmp_path / "failed").iterdir()
    assert taking.requests[0].path == "/calls/T0/XXPATHKEYXX"
    assert "no hook <hidden>, nor <hidden>" in entry.read_text()
    assert "PATHKEY" not in entry.name + entry.read_text() + str(outcome)
    with pytest.raises(SinkError, match="its URL, which may be a secret"):
        HTTPSink.from_target(Entry.load(entry).target, {})


def test_a_url_that_is_no_secret_is_kept_for_a_later_process():
    target = HTTPSink("https://example.test/v1/calls").target
    assert HTTPSink.from_target(target, {}).target == target


@pytest.mark.parametrize(
    ("options", "said", "kept"),
    [
        ({"headers": {"X-Version": "1"}}, "HTTP/1.1: 1 field", "HTTP/1.1: 1 field"),
        ({"headers": {"X-Key": "12345678"}}, "bad 12345678", "bad <hidden>"),
        ({"headers": {"Authorization": "Basic abcdefgh"}}, "bad abcdefgh", "bad <hidden>"),
        ({"token": "tok\n"}, "bad tok", "bad <hidden>"),
        ({"path": "?key=QUERYKEY&v=1"}, "bad QUERYKEY 1", "bad <hidden> 1"),
    ],
)
def test_of_what_a_server_says_secrets_are_hidden_and_nothing_else(options, said, kept):
    assert send(saying(said), **options)[1].answer == kept


def test_a_record_that_cannot_be_written_is_put_aside_not_tried_for_ever():
    record = RECORD.model_copy(update={"metadata": {"words": "SECRET \ud800"}})
    taking, error = send(record=record)

    assert (error.code, error.retry, taking.requests) == ("body_not_made", False, [])
    assert "SECRET" not in "".join(traceback.format_exception(error))


def test_a_record_that_the_disk_does_not_give_is_tried_again(tmp_path):
    (tmp_path / "order-1.json").mkdir()
    sink = HTTPSink("http://127.0.0.1:9/")
    with pytest.raises(UploadError) as caught:
        asyncio.run(sink.upload(Upload(RECORD, "k", file=tmp_path / "order-1.json")))
    assert (caught.value.code, caught.value.retry) == ("record_not_read", True)


@pytest.mark.parametrize(
    "url",
    [
        None,
        b"https://example.test",
        "ftp://example.test",
        "example.test/calls",
        "http://",
        "",
        "https://user:PASSWORD@example.test",
        "https://example.test:99999",
        "https://example.test/a b",
        "https://exämple.test",
        "https://example.test/\r\nX: y",
        "https://{call_id}.example.test/",
    ],
)
def test_a_url_that_no_call_can_be_sent_to_is_refused_at_once_and_not_repeated(url):
    with pytest.raises(SinkError) as caught:
        HTTPSink(url)
    assert caught.value.code == "bad_url"
    assert "PASSWORD" not in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"headers": {"X": "a\r\nb"}},
        {"headers": {"X Y": "a"}},
        {"headers": {"": "a"}},
        {"headers": {"Idempotency-Key": "a"}},
        {"headers": {"X": None}},
        {"headers": {b"X": "a"}},
        {"token": "a\nb"},
        {"token": b"a"},
        {"token": "a", "headers": {"authorization": "b"}},
    ],
)
def test_headers_that_cannot_be_sent_are_refused_at_once(options):
    with pytest.raises(SinkError) as caught:
        HTTPSink("https://example.test", **options)
    assert caught.value.code == "bad_header"


def test_a_schema_must_be_one():
    with pytest.raises(SinkError):
        HTTPSink("https://example.test", schema="rekord")


def test_a_token_read_from_a_file_may_end_in_a_newline():
    taking, _ = send(token="token-1\n")

    assert taking.requests[0].headers["Authorization"] == "Bearer token-1"


def test_closing_for_one_call_does_not_cut_off_another():
    async def main():
        release = asyncio.Event()

        async def wait(request):
            await release.wait()
            return await status(200)(request)

        async with receiver(wait) as taking:
            sink = HTTPSink(taking.url)
            slow = asyncio.ensure_future(sink.deliver(RECORD))
            await taking.arrived.wait()
            await sink.deliver(RECORD)
            await sink.close()
            release.set()
            await slow
            return len(taking.requests), sink

    count, sink = asyncio.run(main())
    assert count == 2
    assert sink._client._sessions == {}


def test_one_sink_serves_one_loop_after_another(recwarn):
    sinks = {}

    async def main():
        async with receiver() as taking:
            sink = sinks.setdefault("one", HTTPClient(timeout_secs=5))
            answer = await sink.send("POST", taking.url, body=b"{}", headers={"Idempotency-Key": "k"})
            await sink.close()
            return answer.status

    assert [asyncio.run(main()), asyncio.run(main())] == [200, 200]
    assert not [warning for warning in recwarn if issubclass(warning.category, ResourceWarning)]
