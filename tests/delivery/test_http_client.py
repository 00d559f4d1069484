"""Requests that tell nobody what they carry."""

from __future__ import annotations

import asyncio
import socket

import aiohttp
import pytest

from flows_analytics.delivery.host_resolver import HostResolver
from flows_analytics.delivery.http_client import HTTPClient, retry_after_secs
from flows_analytics.delivery.json_body import body_of, encode_json
from tests.delivery.services import KEY, SIGNATURE, Service
from tests.services.loopback import serve


def send(service, path="/", *, secrets=(KEY,), **options):
    """Send a request; return the answer, or why there is none."""

    async def main():
        async with serve(service) as address:
            client = HTTPClient(timeout_secs=5, secrets=secrets)
            headers = {"Authorization": f"Bearer {KEY}"}
            try:
                return await client.send("POST", f"http://{address}{path}", body=b"x", headers=headers, **options)
            finally:
                await client.close()

    return asyncio.run(main())


def refusing(status, body, headers=None):
    return Service(answer=lambda _: (status, body, headers or {}))


def test_a_url_is_sent_as_it_was_encoded():
    service = Service()
    send(service, f"/a%2Fb?x=%20%26%23+%2F&{SIGNATURE}")
    assert service.took[0].path == f"/a%2Fb?x=%20%26%23+%2F&{SIGNATURE}"


@pytest.mark.parametrize("padding", [0, 1980, 1999])
def test_a_server_that_quotes_the_key_does_not_get_it_into_an_error(padding):
    error = send(refusing(401, f"{'.' * padding}bad key {KEY}"))
    assert KEY[:8] not in str(error) + error.answer
    assert "HTTP 401" in str(error)
    assert not error.retry


def test_a_secret_that_is_part_of_another_leaves_nothing_of_it():
    error = send(refusing(401, f"bad key {KEY}-and-more"), secrets=(KEY, f"{KEY}-and-more"))
    assert error.answer == '"bad key <hidden>"'


def test_a_conflict_is_success_only_for_what_the_server_may_have_already():
    assert send(refusing(409, "exists")).code == "refused"
    assert send(refusing(409, "exists"), has_it=(409,)).status == 409


def test_an_error_tells_no_query():
    error = send(refusing(500, ""), "/call?agent=secret-agent")
    assert "HTTP 500" in str(error)
    assert "secret-agent" not in str(error)


@pytest.mark.parametrize("url", ["http://[", "http://host:port/", "http://h:99999/"])
def test_what_is_no_url_is_refused_without_repeating_it(url):
    error = asyncio.run(HTTPClient(timeout_secs=1).send("PUT", url, body=b"", headers={}))
    assert (error.code, error.retry) == ("bad_url", False)
    assert url not in str(error)


def answering(*addresses):
    def getaddrinfo(host, port, *given, **options):
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    return getaddrinfo


def test_the_addresses_of_a_host_are_those_of_the_operating_system(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", answering("127.0.0.1", "127.0.0.2"))
    found = asyncio.run(HostResolver().resolve("calls.test", 80, socket.AF_UNSPEC))
    assert [(each["hostname"], each["host"], each["port"]) for each in found] == [
        ("calls.test", "127.0.0.1", 80),
        ("calls.test", "127.0.0.2", 80),
    ]


def test_a_host_that_does_not_exist_may_exist_later(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", answering())

    async def main():
        client = HTTPClient(timeout_secs=5)
        error = await client.send("POST", "http://calls.test/", body=b"", headers={})
        await client.close()
        return error

    error = asyncio.run(main())
    assert (error.code, error.message, error.retry) == ("not_reached", "http://calls.test: no such host", True)


def test_whatever_the_http_library_raises_is_told_by_its_class_alone(monkeypatch):
    def broken(*given, **options):
        raise RuntimeError(f"{SIGNATURE} {given}")

    monkeypatch.setattr(aiohttp.ClientSession, "request", broken)
    error = send(Service())
    assert (error.code, error.retry) == ("not_reached", True)
    assert error.message.endswith(": RuntimeError")


@pytest.mark.parametrize(
    ("told", "secs"),
    [
        ("5", 5.0),
        ("-5", 0.0),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 90.0),
        ("Thu, 01 Jan 1970 00:00:01", 0.0),
        ("1e400", None),
        ("soon", None),
        ("21 Oct 99999999999999999999 07:28:00 GMT", None),
        ("Wed, 21 Oct 2015 07:28:00 +999999999", None),
    ],
)
def test_a_time_to_wait_is_read_if_it_is_one(told, secs):
    assert retry_after_secs(told, 10.0) == secs


def test_nobody_closes_the_session_under_a_request_of_another_call():
    async def main():
        begun, go_on = asyncio.Event(), asyncio.Event()

        class Slow(Service):
            async def _take(self, http):
                begun.set()
                await go_on.wait()
                return await super()._take(http)

        async with serve(Slow()) as address:
            client = HTTPClient(timeout_secs=5)
            other = asyncio.create_task(client.send("POST", f"http://{address}/", body=b"", headers={}))
            await begun.wait()
            await client.close()
            go_on.set()
            answer = await other
            return answer.status, client._sessions

    assert asyncio.run(main()) == (200, {})


def test_json_is_compact_utf_8_and_never_holds_what_json_cannot():
    assert encode_json({"a": ["é", None]}) == '{"a":["é",null]}'.encode()
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode_json({"a": float("nan")})


@pytest.mark.parametrize("value", [float("nan"), "\ud800 SECRET", object()])
def test_a_document_that_cannot_be_written_is_not_tried_again_and_not_quoted(value):
    error = body_of(lambda: {"a": value})
    assert (error.code, error.retry) == ("body_not_made", False)
    assert "SECRET" not in repr(error)
    assert error.__context__ is None
