"""Sending calls to Tuner."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest

from flows_analytics.calls.events import MetricsOff
from flows_analytics.delivery.tuner_payload import call_payload
from flows_analytics.delivery.tuner_sink import TunerSink
from flows_analytics.delivery.upload import UploadError
from flows_analytics.errors import FlowsAnalyticsError
from tests.delivery.services import KEY, Service, told
from tests.report.records import Story, empty_call, pizza_call
from tests.services.loopback import serve


def tuner(url, **options):
    return TunerSink(KEY, **{"workspace_id": 42, "agent_id": "pizza", "base_url": url, **options})


def refusing(status, body, **headers):
    return Service(answer=lambda _: (status, body, headers))


def test_a_call_is_posted_where_and_as_tuner_documents():
    record = pizza_call()
    service, error = told(record, tuner)
    (request,) = service.took
    assert error is None
    assert (request.method, request.path) == (
        "POST",
        "/api/v1/public/call?workspace_id=42&agent_remote_identifier=pizza",
    )
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["idempotency-key"] == "key-1"
    assert request.json == call_payload(record, agent_version=42)
    assert request.body == json.dumps(request.json, ensure_ascii=False, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    ("agent_id", "encoded"),
    [
        ("sales & ops#1", "sales%20%26%20ops%231"),
        ("../x", "..%2Fx"),
        ("a=b?c+d%20", "a%3Db%3Fc%2Bd%2520"),
        ("größe 日本", "gr%C3%B6%C3%9Fe%20%E6%97%A5%E6%9C%AC"),
        ("\ud800", "%EF%BF%BD"),
        ("a\r\nHost: evil", "a%0D%0AHost%3A%20evil"),
    ],
)
def test_hostile_ids_stay_in_their_place(agent_id, encoded):
    service, error = told(empty_call(), lambda url: tuner(url, agent_id=agent_id))
    assert error is None
    assert service.took[0].path.endswith(f"call?workspace_id=42&agent_remote_identifier={encoded}")


def test_a_call_that_tuner_has_already_is_sent():
    assert told(pizza_call(), tuner, refusing(409, "exists"))[1] is None


@pytest.mark.parametrize(("status", "retry", "after"), [(500, True, None), (429, True, 7.0), (422, False, None)])
def test_a_refusal_says_whether_to_try_again(status, retry, after):
    _, error = told(pizza_call(), tuner, refusing(status, "no", **{"Retry-After": "7"} if after else {}))
    assert isinstance(error, UploadError)
    assert (error.code, error.retry, error.after_secs) == ("refused", retry, after)


def test_the_key_may_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("TUNER_API_KEY", f" {KEY}\n")
    service, _ = told(empty_call(), lambda url: TunerSink(workspace_id="7", agent_id="a", base_url=url + "/"))
    assert service.took[0].headers["authorization"] == f"Bearer {KEY}"
    assert service.took[0].path.startswith("/api/v1/public/call?workspace_id=7&")


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ({"api_key": " "}, "no_api_key", "must not be empty"),
        ({"api_key": None}, "no_api_key", "TUNER_API_KEY"),
        ({"api_key": f"{KEY}\r\nX: y"}, "bad_api_key", "api_key"),
        ({"agent_id": "\t"}, "blank_setting", "agent_id must not be empty"),
        ({"workspace_id": 0}, "bad_workspace_id", "must be a positive integer"),
        ({"workspace_id": -3}, "bad_workspace_id", "must be a positive integer"),
        ({"api_key": b"key"}, "bad_api_key", "must be a text"),
        ({"agent_id": None}, "blank_setting", "agent_id must not be empty"),
        ({"agent_id": 7}, "bad_setting", "agent_id must be a text"),
        ({"llm_model": 7}, "bad_setting", "llm_model must be a text"),
        ({"agent_version": "v7"}, "bad_agent_version", "agent_version must be an integer"),
        ({"agent_version": True}, "bad_agent_version", "agent_version must be an integer"),
        *(
            ({"workspace_id": wrong}, "bad_workspace_id", "must be a positive integer")
            for wrong in ("x", "1.0", 1.7, 2.0, True, float("inf"), float("nan"), None, b"7", [])
        ),
        ({"base_url": None}, "bad_base_url", "base_url"),
        # The order in which they are checked: the key, the agent, the workspace.
        ({"api_key": "", "agent_id": "", "workspace_id": 0}, "no_api_key", "api_key"),
        ({"agent_id": "", "workspace_id": 0}, "blank_setting", "agent_id"),
        ({"base_url": "api.usetuner.ai"}, "bad_base_url", "base_url"),
        ({"base_url": "ftp://x"}, "bad_base_url", "base_url"),
        ({"base_url": f"https://u:{KEY}@x"}, "bad_base_url", "base_url"),
        ({"base_url": "https://x/?a=b"}, "bad_base_url", "base_url"),
        ({"base_url": "https://x:port"}, "bad_base_url", "base_url"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_once(options, code, message, monkeypatch):
    monkeypatch.delenv("TUNER_API_KEY", raising=False)
    with pytest.raises(ValueError, match=message) as caught:
        TunerSink(**{"api_key": KEY, "workspace_id": 1, "agent_id": "a", **options})
    assert isinstance(caught.value, FlowsAnalyticsError)
    assert caught.value.code == code
    assert KEY not in str(caught.value)


def test_names_of_models_are_sent_as_text_that_can_be():
    service, error = told(pizza_call(), lambda url: tuner(url, asr_model="nova \ud83d\ude00", llm_model="m\ud800"))
    assert error is None
    models = service.took[0].json["general_meta_data_raw"]["ai_models"]
    assert (models["asr_model"], models["llm_model"]) == ("nova 😀", "m\ufffd")


@pytest.mark.parametrize("call_type", ["SECRET \ud800", float("nan"), {1}])
def test_a_call_that_cannot_be_written_is_put_aside_and_not_quoted(call_type):
    service, error = told(pizza_call().model_copy(update={"call_type": call_type}), tuner)
    assert (error.code, error.retry, service.took) == ("body_not_made", False, [])
    assert "SECRET" not in str(error)


def test_a_call_without_an_id_is_never_sent():
    record = pizza_call().model_copy(update={"call_id": " "})
    service, error = told(record, tuner)
    assert (error.code, error.retry, service.took) == ("blank_call_id", False, [])


def test_the_key_is_in_nothing_but_the_header(caplog):
    sink = tuner("https://x")
    record = pizza_call()
    texts = [repr(sink), str(vars(sink)["_client"]), sink.name, sink.url]
    for service in (
        Service(),
        refusing(401, f"the key {KEY} is wrong"),
        refusing(500, {"you sent": f"Bearer {KEY}"}),
    ):
        _, error = told(record, tuner, service)
        texts += [
            repr(error),
            str(error),
            getattr(error, "answer", ""),
            *(request.path for request in service.took),
        ]
        texts += [request.body.decode() for request in service.took]
        while error is not None:
            error = error.__cause__ or error.__context__
            texts.append(repr(error))
    texts += [caplog.text, record.to_json()]
    assert not any(KEY in text for text in texts)


def test_what_tuner_will_miss_is_said_once_and_without_content(caplog):
    story = Story("call-7")
    story.add(MetricsOff, 0.1, measures=True, usage=True)
    story.caller(1, "my secret")
    story.end(4)
    progress = {}
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            told(story.record(), tuner, progress=progress)
    assert caplog.text.count("[tuner]") == 2
    assert "enable_usage_metrics=False — token and TTS character metrics will be absent" in caplog.text
    assert "FlowManager" in caplog.text
    assert "secret" not in caplog.text


def test_a_sink_of_its_own_delivers_two_calls_of_one_agent_at_once():
    service = Service()
    calls = [pizza_call().model_copy(update={"call_id": call_id}) for call_id in ("sales & ops#1", "../x")]

    async def main():
        async with serve(service) as address:
            sink = tuner(f"http://{address}")

            async def deliver(record):
                await sink.deliver(record)
                await sink.close()

            await asyncio.gather(*map(deliver, calls))
            await sink.deliver(calls[0])
            await sink.close()

    asyncio.run(main())
    assert sorted(request.json["call_id"] for request in service.took) == [
        "../x",
        "sales & ops#1",
        "sales & ops#1",
    ]
    assert len({request.headers["idempotency-key"] for request in service.took}) == 2


def test_names_tell_receivers_apart():
    names = {
        tuner(url, agent_id=agent, workspace_id=w).name
        for url in ("http://a", "http://b")
        for agent in "xy"
        for w in (1, 2)
    }
    assert len(names) == 8
