"""Sending calls to Roark, with their sound."""

from __future__ import annotations

import asyncio
import copy
import io
import logging
import wave
from datetime import timedelta

import pytest
from loguru import logger

from flows_analytics.calls.sound import Recording
from flows_analytics.delivery.roark_events import SentSound, call_ended
from flows_analytics.delivery.roark_sink import RoarkSink
from flows_analytics.delivery.upload import Upload, UploadError
from flows_analytics.testing import run_virtual
from tests.delivery.services import KEY, SIGNATURE, Service, told
from tests.report.records import Story, pizza_call
from tests.services.loopback import serve

CHUNK_FRAMES = 128 * 1024
FRAMES = 2 * CHUNK_FRAMES + 5
ROUTE = "/v1/integrations/pipecat"
WHOLE = [
    "call-started",
    *(step for index in range(3) for step in (f"ask {index}", f"put /bucket/{index}")),
    "call-ended",
]


def roark(url, **options):
    return RoarkSink(KEY, **{"agent_id": "pizza", "base_url": url, **options})


def write_wav(path, frames=FRAMES, *, rate=16_000, width=2):
    # No two chunks are alike.
    pcm = (bytes(range(251)) * (frames * 2 * width // 251 + 1))[: frames * 2 * width]
    with wave.open(str(path), "wb") as file:
        file.setparams((2, width, rate, 0, "NONE", ""))
        file.writeframes(pcm)
    return pcm


@pytest.fixture
def sound(tmp_path):
    """A call's sound, its path and its samples."""
    path = tmp_path / "a.wav"
    return path, write_wav(path)


def audible(path):
    recording = Recording(file=path.name, sample_rate=16_000, channels=2, began_ms=0.0, duration_ms=20_000.0)
    return pizza_call().model_copy(update={"recording": recording})


def put(service):
    """The chunks that were put last, in order."""
    return b"".join({r.path: r.body for r in service.took if r.method == "PUT"}.values())


def failing(when, status=500, times=1, body="no"):
    """A service that fails `times` times where `when(request)` holds."""
    left = [times]

    def answer(request):
        if left[0] and when(request):
            left[0] -= 1
            return status, body, {}
        return None

    return Service(answer=answer)


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_call_is_sent_with_its_sound_as_roark_documents(sound, wrapped):
    path, pcm = sound
    service, error = told(audible(path), roark, Service(wrapped=wrapped), recording=path)
    assert error is None
    assert service.events == WHOLE
    events = [request for request in service.took if request.path.startswith(ROUTE)]
    assert {request.path for request in events} == {ROUTE, f"{ROUTE}/chunk-upload-url"}
    for request in events:
        assert request.headers["x-roark-api-key"] == KEY
        assert request.headers["authorization"] == f"Bearer {KEY}"
    assert events[1].json == {"pipecatCallId": "pizza-7f3a", "chunkIndex": 0, "contentType": "audio/pcm"}
    assert put(service) == pcm
    assert service.took[-1].json == call_ended(audible(path), SentSound(16_000, 2))
    assert service.took[-1].json["recordingSampleRate"] == 16_000


def test_chunks_are_put_bare_and_in_the_size_of_pipecats_buffer(sound):
    service, _ = told(audible(sound[0]), roark, recording=sound[0])
    chunks = [request for request in service.took if request.method == "PUT"]
    assert [len(chunk.body) for chunk in chunks] == [2 * 256 * 1024, 2 * 256 * 1024, 5 * 4]
    for chunk in chunks:
        assert chunk.path.endswith(f"?X-{SIGNATURE}"), "a presigned URL is sent as it is"
        assert chunk.headers["content-type"] == "audio/pcm"
        assert not {"authorization", "x-roark-api-key", "cookie"} & chunk.headers.keys()


def test_a_call_without_sound_says_nothing_of_it():
    service, error = told(pizza_call(), roark)
    assert error is None
    assert service.events == ["call-started", "call-ended"]
    assert service.took[-1].json == call_ended(pizza_call())


def test_the_bot_is_told_of_as_it_was_named():
    service, _ = told(pizza_call(), lambda url: roark(url, agent_name="Pizza \ud800!", agent_prompt="Be kind."))
    started = service.took[0].json
    assert (started["agentId"], started["agentName"], started["agentPrompt"]) == (
        "pizza",
        "Pizza \ufffd!",
        "Be kind.",
    )


STEPS = [
    ("call-started", lambda r: b"call-started" in r.body),
    ("ask 1", lambda r: b'"chunkIndex":1' in r.body),
    ("put /bucket/1", lambda r: r.path.startswith("/bucket/1")),
    ("call-ended", lambda r: b"call-ended" in r.body),
]


@pytest.mark.parametrize(("step", "when"), STEPS, ids=[step for step, _ in STEPS])
def test_a_later_process_goes_on_where_this_one_failed(step, when, sound):
    path, pcm = sound
    service = failing(when)
    saved = []
    progress = {}
    save = lambda: saved.append(copy.deepcopy(progress))  # noqa: E731
    _, error = told(audible(path), roark, service, recording=path, progress=progress, save=save)
    assert isinstance(error, UploadError)
    assert error.retry
    kept = saved[-1] if saved else {}
    done = len(service.took)
    assert told(audible(path), roark, service, recording=path, progress=kept)[1] is None
    assert service.events[:done][-1] == step
    assert service.events[done:] == WHOLE[WHOLE.index(step) - ("put" in step) :]
    assert put(service) == pcm, "no hole"


def test_a_presigned_url_that_is_no_good_any_more_is_asked_for_again(sound):
    path, pcm = sound
    service = failing(lambda r: r.path.startswith("/bucket/1"), status=403)
    assert told(audible(path), roark, service, recording=path)[1] is None
    assert service.events[3:7] == ["ask 1", "put /bucket/1", "ask 1", "put /bucket/1"]
    assert put(service) == pcm


def test_a_chunk_that_is_refused_for_good_ends_the_sending_without_a_false_end(sound):
    service = failing(lambda r: r.path.startswith("/bucket/1"), status=403, times=99)
    _, error = told(audible(sound[0]), roark, service, recording=sound[0])
    assert not error.retry
    assert "call-ended" not in service.events


@pytest.mark.parametrize("body", [[], {}, {"data": None}, {"data": {"uploadUrl": 7}}, {"uploadUrl": ""}, "text"])
def test_an_answer_without_a_url_is_tried_again_later(body, sound):
    service = failing(lambda r: r.path.endswith("chunk-upload-url"), status=200, times=99, body=body)
    _, error = told(audible(sound[0]), roark, service, recording=sound[0])
    assert (error.code, error.retry) == ("no_upload_url", True)
    assert "call-ended" not in service.events


def test_what_a_file_lost_meanwhile_is_no_silent_hole(sound):
    path, _ = sound
    progress = {"begun": True, "sound": [16_000, 2, FRAMES], "chunks": 1}
    write_wav(path, CHUNK_FRAMES + 1)
    _, error = told(audible(path), roark, recording=path, progress=dict(progress))
    assert (error.code, error.retry) == ("sound_lost", False)
    path.unlink()
    service, error = told(audible(path), roark, recording=path, progress=dict(progress))
    assert (error.code, error.retry) == ("sound_lost", False)
    assert service.took == []


def test_what_a_file_gained_meanwhile_does_not_change_the_chunks_that_were_taken(sound):
    path, pcm = sound
    progress = {"begun": True, "sound": [16_000, 2, CHUNK_FRAMES + 2], "chunks": 1}
    service, error = told(audible(path), roark, recording=path, progress=progress)
    assert error is None
    assert put(service) == pcm[CHUNK_FRAMES * 4 :][:8]


@pytest.mark.parametrize("content", [None, b"", b"RIFF", b"not a wav file at all", "8-bit", "empty"])
def test_a_sound_that_is_none_costs_only_itself(content, tmp_path, caplog):
    path = tmp_path / "a.wav"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        write_wav(path, 0 if content == "empty" else 10, width=1 if content == "8-bit" else 2)
    service, error = told(audible(path), roark, recording=path)
    assert error is None
    assert service.events == ["call-started", "call-ended"]
    assert "recordingSampleRate" not in service.took[-1].json
    assert ("its sound cannot be read" in caplog.text) == (content != "empty")


def test_a_call_that_roark_has_already_is_sent():
    assert told(pizza_call(), roark, Service(answer=lambda _: (409, "exists", {})))[1] is None


def test_a_storage_in_conflict_has_not_taken_the_chunk(sound):
    path, pcm = sound
    service = failing(lambda r: r.path.startswith("/bucket/1"), status=409)
    assert told(audible(path), roark, service, recording=path)[1] is None
    assert service.events[3:7] == ["ask 1", "put /bucket/1", "ask 1", "put /bucket/1"]
    assert put(service) == pcm


@pytest.mark.parametrize(
    "when", [lambda r: r.path.startswith("/bucket/1"), lambda r: b"call-started" in r.body], ids=["put", "begin"]
)
@pytest.mark.parametrize("status", [403, 500])
def test_a_traceback_with_all_variables_shows_no_presigned_url_no_key_and_no_sound(when, status, sound):
    path, _ = sound
    shown = io.StringIO()
    record = audible(path)

    async def play(sink):
        upload = Upload(record=record, key="k", recording=path)
        for step in (lambda: sink.begin(record), lambda: sink.upload(upload)):
            try:
                await step()
            except UploadError as error:
                logger.exception("failed")
                assert (error.__context__, error.__cause__) == (None, None)

    handler = logger.add(shown, diagnose=True, backtrace=True, format="{message}")
    try:
        with_sink(failing(when, status=status, times=99), play)
    finally:
        logger.remove(handler)
    assert "raise failure" in shown.getvalue()
    for secret in (SIGNATURE, "/bucket/", KEY, "\\x01\\x02"):
        assert secret not in shown.getvalue()


def test_a_beginning_has_a_key_of_its_own_the_same_in_every_process():
    async def play(sink):
        with pytest.raises(UploadError):
            await sink.begin(pizza_call())
        await sink.deliver(pizza_call())
        other = roark(sink._base_url)
        await other.deliver(pizza_call())
        await other.close()

    service = failing(lambda _: True)
    with_sink(service, play)
    keys = {}
    for request in service.took:
        keys.setdefault(request.json["event"], []).append(request.headers["idempotency-key"])
    assert [len(keys["call-started"]), len(keys["call-ended"])] == [3, 2]
    assert [len(set(told)) for told in keys.values()] == [1, 1]
    assert keys["call-started"][0] != keys["call-ended"][0]


def test_two_calls_of_one_id_begin_each_for_itself():
    later = pizza_call().model_copy(update={"started_at": pizza_call().started_at + timedelta(hours=1)})

    async def play(sink):
        await sink.begin(pizza_call())
        await sink.deliver(later)
        await sink.deliver(pizza_call())

    service = Service()
    with_sink(service, play)
    assert service.events == ["call-started", "call-started", "call-ended", "call-ended"]


def test_a_call_that_cannot_be_written_is_put_aside():
    record = pizza_call().model_copy(update={"call_id": "SECRET \ud800"})
    service, error = told(record, roark)
    assert (error.code, error.retry, service.took) == ("body_not_made", False, [])
    assert "SECRET" not in str(error)


def test_the_key_and_the_presigned_urls_are_in_no_error_no_log_and_no_progress(sound, caplog):
    path, _ = sound
    texts = [repr(roark("https://x")), roark("https://x").name]
    for step, when in STEPS:
        for status in (401, 500):
            progress = {}
            echo = f"{KEY} {SIGNATURE}" if "put" in step else KEY
            service = failing(when, status=status, times=99, body=echo)
            with caplog.at_level(logging.DEBUG):
                _, error = told(audible(path), roark, service, recording=path, progress=progress)
            texts += [
                repr(error),
                str(error),
                getattr(error, "answer", ""),
                repr(error.__cause__),
                repr(error.__context__),
                str(progress),
            ]
            texts += [request.body.decode("latin-1") for request in service.took]
    texts += [record.getMessage() for record in caplog.records if record.name != "aiohttp.access"]
    assert not any(KEY in text or SIGNATURE in text for text in texts)


def test_an_empty_transcript_is_said(caplog):
    story = Story("quiet")
    story.end(3)
    assert told(story.record(), roark)[1] is None
    assert "'quiet': call-ended with empty transcript" in caplog.text


def test_the_key_may_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("ROARK_API_KEY", KEY)
    service, _ = told(pizza_call(), lambda url: RoarkSink(agent_id="a", base_url=url))
    assert service.took[0].headers["x-roark-api-key"] == KEY


@pytest.mark.parametrize(
    "options",
    [
        {"api_key": ""},
        {"api_key": b"key"},
        {"agent_id": " "},
        {"agent_id": None},
        {"agent_name": 7},
        {"base_url": "roark"},
        {"base_url": None},
    ],
)
def test_settings_that_cannot_work_are_refused_at_once(options):
    with pytest.raises(ValueError, match="must"):
        RoarkSink(**{"api_key": KEY, "agent_id": "a", **options})


@pytest.mark.parametrize(("secs", "last"), [(9, "call-ended"), (11, "put /bucket/0"), (31, "call-started")])
def test_roark_has_half_a_minute_and_the_storage_ten_seconds(secs, last, sound):
    service = Service(secs=secs)

    async def main():
        async with serve(service) as address:
            sink = roark(f"http://{address}")
            try:
                await sink.upload(Upload(record=audible(sound[0]), key="k", recording=sound[0]))
            except UploadError as error:
                return error.code
            finally:
                await sink.close()

    assert run_virtual(main) == (None if last == "call-ended" else "not_reached")
    assert service.events[-1] == last


# The early beginning


def with_sink(service, play, **options):
    async def main():
        async with serve(service) as address:
            sink = roark(f"http://{address}", **options)
            try:
                return await play(sink)
            finally:
                await sink.close()

    return asyncio.run(main())


def test_a_beginning_that_was_taken_is_not_told_again():
    async def play(sink):
        await sink.begin(pizza_call())
        await sink.deliver(pizza_call())

    service = Service()
    with_sink(service, play)
    assert service.events == ["call-started", "call-ended"]


def test_a_beginning_that_is_under_way_is_waited_for():
    async def play(sink):
        beginning = asyncio.create_task(sink.begin(pizza_call()))
        await asyncio.sleep(0)
        await sink.deliver(pizza_call())
        await beginning

    service = Service(secs=0.05)
    with_sink(service, play)
    assert service.events == ["call-started", "call-ended"]


def test_an_upload_that_is_given_up_leaves_the_beginning_alone():
    async def play(sink):
        beginning = asyncio.create_task(sink.begin(pizza_call()))
        await asyncio.sleep(0)
        upload = asyncio.create_task(sink.deliver(pizza_call()))
        await asyncio.sleep(0)
        upload.cancel()
        await asyncio.wait([upload])
        await beginning
        await sink.deliver(pizza_call())

    service = Service(secs=0.05)
    with_sink(service, play)
    assert service.events == ["call-started", "call-ended"]


@pytest.mark.parametrize("how", ["refused", "cancelled"])
def test_a_beginning_that_failed_is_told_before_the_end(how):
    async def play(sink):
        beginning = asyncio.create_task(sink.begin(pizza_call()))
        await asyncio.sleep(0)
        if how == "cancelled":
            beginning.cancel()
        with pytest.raises((UploadError, asyncio.CancelledError)):
            await beginning
        await sink.deliver(pizza_call())

    service = failing(lambda _: True, times=1 if how == "refused" else 0)
    with_sink(service, play)
    assert service.events[-2:] == ["call-started", "call-ended"]


def test_a_beginning_told_in_a_loop_that_is_gone_is_not_told_again(monkeypatch):
    monkeypatch.setattr(RoarkSink, "name", "roark")
    service = Service()
    sinks = []

    async def main(step):
        async with serve(service) as address:
            sink = sinks[0] if sinks else roark(f"http://{address}")
            sink._base_url = f"http://{address}"
            sinks.append(sink)
            await step(sink)
            await sink.close()

    asyncio.run(main(lambda sink: sink.begin(pizza_call())))
    asyncio.run(main(lambda sink: sink.deliver(pizza_call())))
    assert service.events == ["call-started", "call-ended"]


def test_a_beginning_that_a_loop_took_with_it_is_told_again():
    async def play(sink):
        gone = asyncio.new_event_loop()
        sink._begun[sink._beginning(pizza_call())] = gone.create_future()
        gone.close()
        await sink.deliver(pizza_call())

    service = Service()
    with_sink(service, play)
    assert service.events == ["call-started", "call-ended"]


def test_the_beginnings_that_are_remembered_are_bounded(monkeypatch):
    monkeypatch.setattr("flows_analytics.delivery.roark_sink._REMEMBERED", 3)

    async def play(sink):
        for number in range(9):
            await sink.begin(pizza_call().model_copy(update={"call_id": str(number)}))
        assert len(sink._begun) == 3

    with_sink(Service(), play)


def test_two_calls_of_hostile_ids_at_once_each_with_its_own_sound(sound, tmp_path):
    path, _ = sound
    other = tmp_path / "b.wav"
    write_wav(other, 7)
    records = [
        audible(file).model_copy(update={"call_id": call_id})
        for file, call_id in ((path, "sales & ops#1"), (other, "../日本"))
    ]

    async def play(sink):
        await asyncio.gather(*(sink.begin(record) for record in records))
        await asyncio.gather(*map(sink.deliver, records))

    service = Service()
    with_sink(service, play, recordings=tmp_path)
    for record, chunks in zip(records, (3, 1), strict=True):
        posted = [r.json for r in service.took if r.method == "POST" and r.json["pipecatCallId"] == record.call_id]
        assert len(posted) == chunks + 2
        assert posted[-1]["recordingNumChannels"] == 2


def test_a_file_named_in_a_record_is_looked_for_in_the_recordings_only(tmp_path, caplog):
    (tmp_path / "calls").mkdir()
    write_wav(tmp_path / "secret.wav")
    record = pizza_call().model_copy(update={"recording": Recording(file="../secret.wav")})
    service = Service()
    with_sink(service, lambda sink: sink.deliver(record), recordings=tmp_path / "calls")
    assert service.events == ["call-started", "call-ended"]
    with_sink(service, lambda sink: sink.deliver(record))
    assert "its sound is not where it was recorded" in caplog.text


def test_an_upload_that_is_given_up_keeps_what_was_taken(sound):
    path, pcm = sound
    progress = {}
    asked_twice = asyncio.Event()

    def answer(request):
        if request.path.startswith("/bucket/1"):
            asked_twice.set()

    async def play(sink):
        upload = Upload(record=audible(path), key="k", recording=path, progress=progress)
        asked = asyncio.create_task(sink.upload(upload))
        await asked_twice.wait()
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert progress["chunks"] == 1
        await sink.upload(Upload(record=audible(path), key="k", recording=path, progress=progress))

    service = Service(answer=answer)
    with_sink(service, play)
    assert put(service) == pcm
    assert service.events.count("call-ended") == 1
