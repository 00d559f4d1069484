"""Requests that tell nobody what they carry."""

from __future__ import annotations

import asyncio

import pytest

from flows_analytics.delivery.http_client import HTTPClient
from flows_analytics.delivery.json_body import encode_json
from flows_analytics.delivery.upload import UploadError
from tests.delivery.services import KEY, SIGNATURE, Service
from tests.services.loopback import serve


def send(service, path="/", *, clients=None, **options):
    async def main():
        async with serve(service) as address:
            client = HTTPClient(timeout_secs=5, secrets=(KEY,))
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
    with pytest.raises(UploadError) as caught:
        send(refusing(401, f"{'.' * padding}bad key {KEY}"))
    assert KEY[:8] not in str(caught.value) + caught.value.answer
    assert "HTTP 401" in str(caught.value)
    assert not caught.value.retry


def test_an_error_tells_no_query():
    with pytest.raises(UploadError) as caught:
        send(refusing(500, ""), "/call?agent=secret-agent")
    assert "HTTP 500" in str(caught.value)
    assert "secret-agent" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://[", "http://host:port/", "http://h:99999/"])
def test_what_is_no_url_is_refused_without_repeating_it(url):
    async def main():
        await HTTPClient(timeout_secs=1).send("PUT", url, body=b"", headers={})

    with pytest.raises(UploadError) as caught:
        asyncio.run(main())
    assert (caught.value.code, caught.value.retry) == ("bad_url", False)
    assert url not in str(caught.value)


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
