"""RoarkSink: calls to Roark, with their sound."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, Self, cast
from urllib.parse import urlsplit

from loguru import logger
from pydantic_core import from_json

from flows_analytics.calls.record import CallRecord
from flows_analytics.delivery.http_client import HTTPClient, PrivateHeaders
from flows_analytics.delivery.json_body import body_of
from flows_analytics.delivery.recorded_sound import measure_sound, read_sound
from flows_analytics.delivery.roark_events import PCM, AgentCard, SentSound, call_ended, call_started, chunk_asked
from flows_analytics.delivery.service_settings import any_text, clean_base_url, find_api_key, not_blank
from flows_analytics.delivery.upload import Upload, UploadError, key_of
from flows_analytics.errors import SinkError
from flows_analytics.files.threads import in_daemon_thread

_TIMEOUT_SECS = 30.0
_CHUNK_TIMEOUT_SECS = 10.0

_CHUNK_BYTES = 256 * 1024
"""How much of each channel goes into a chunk, as in Pipecat's AudioBufferProcessor."""

_REMEMBERED = 10_000
"""How many calls that began, and were not sent from here yet, are known to have begun."""

_ROUTE = "/v1/integrations/pipecat"


class RoarkSink:
    """Tells Roark when a call begins, and sends it when it is over, with its sound.

    One sink may serve many calls at once. The sound is the file that an AudioRecording writes::

        recording=AudioRecording("calls"), sinks=[JSONFileSink("calls"), RoarkSink(agent_id="pizza")]

    What was sent is kept in the upload's progress, chunk by chunk: a later attempt, also one of a later process,
    goes on where this one stopped. The end of the call is told only once all of its sound was taken.

    Args:
        api_key: Roark's API key; None takes the environment variable ``ROARK_API_KEY``.
        agent_id: Identifier of the bot, the same in every call.
        agent_name: Its name for people.
        agent_prompt: Its system prompt.
        base_url: Where Roark is.
        recordings: Where the sound files are, for a sink that is used without an outbox; None sends none then.

    Raises:
        SinkError: A ValueError: ``no_api_key``, ``bad_api_key``, ``blank_setting`` of ``agent_id``,
            ``bad_setting`` of what should be a text, or ``bad_base_url``.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        agent_id: str,
        agent_name: str | None = None,
        agent_prompt: str | None = None,
        base_url: str = "https://api.roark.ai",
        recordings: str | Path | None = None,
    ) -> None:
        key = find_api_key(api_key, "ROARK_API_KEY", os.environ)
        self._agent = AgentCard(
            id=not_blank("agent_id", agent_id),
            name=any_text("agent_name", agent_name) or None,
            prompt=any_text("agent_prompt", agent_prompt) or None,
        )
        self._base_url = clean_base_url(base_url)
        self._recordings = Path(recordings) if recordings is not None else None
        self._headers = PrivateHeaders(
            {"x-roark-api-key": key, "authorization": f"Bearer {key}", "content-type": "application/json"}
        )
        self._client = HTTPClient(timeout_secs=_TIMEOUT_SECS, secrets=(key,))
        # Another host, which is given less time and nothing of what Roark is told.
        self._storage = HTTPClient(timeout_secs=_CHUNK_TIMEOUT_SECS, secrets=(key,))
        self._begun: dict[str, asyncio.Future[bool]] = {}

    def __repr__(self) -> str:
        return f"RoarkSink(agent_id={self._agent.id!r})"

    @property
    def name(self) -> str:
        """``roark:``, the host and the agent."""
        return f"roark:{urlsplit(self._base_url).netloc}:{self._agent.id}"

    @property
    def target(self) -> dict[str, Any]:
        """Its settings without secrets, for a later process; see `from_target`."""
        return {
            "sink": "RoarkSink",
            "url": self._base_url,
            "token": True,
            "agent_id": self._agent.id,
            "agent_name": self._agent.name,
            "agent_prompt": self._agent.prompt,
        }

    @classmethod
    def from_target(cls, target: Mapping[str, Any], environment: Mapping[str, str]) -> Self:
        """Make the sink that an earlier process had.

        Args:
            target: What `target` said.
            environment: Where the key is, as ``ROARK_API_KEY``.

        Returns:
            The sink.

        Raises:
            SinkError: As the constructor; ``sink_not_known`` if the settings are not those of one.
        """
        try:
            return cls(
                environment.get("ROARK_API_KEY", ""),
                agent_id=target["agent_id"],
                agent_name=target["agent_name"],
                agent_prompt=target["agent_prompt"],
                base_url=target["url"],
            )
        except (LookupError, TypeError, AttributeError):
            raise SinkError("sink_not_known", "what the outbox holds makes no RoarkSink: use --sinks") from None

    async def begin(self, record: CallRecord) -> None:
        """Say that a call began. What fails here is made good by `upload`.

        Args:
            record: The call, which has only just begun.

        Raises:
            UploadError: If Roark did not take it.
        """
        # Raised here, where a traceback with local variables shows neither headers nor what was sent.
        failure = await self._begin(record)
        if failure is not None:
            raise failure

    async def upload(self, upload: Upload) -> None:
        """Send a call.

        Args:
            upload: The call. Its progress has ``begun`` once its beginning was taken, ``sound`` once its sound was
                measured, and ``chunks``, how many pieces of it were taken.

        Raises:
            UploadError: If Roark did not take all of it; ``body_not_made`` if it cannot be written.
        """
        failure = await self._send(upload)
        if failure is not None:
            raise failure

    async def deliver(self, record: CallRecord) -> None:
        """Send a call, once.

        Args:
            record: The call.

        Raises:
            UploadError: As `upload`.
        """
        file = record.recording.file if record.recording else None
        recording = self._recordings / Path(file).name if self._recordings is not None and file else None
        await self.upload(Upload(record, key_of(record, self.name), recording=recording))

    async def close(self) -> None:
        """Close the connections, once no call is under way."""
        await self._client.close()
        await self._storage.close()

    # No step below raises an UploadError: in its traceback would be the presigned URL and the sound.

    async def _send(self, upload: Upload) -> UploadError | None:
        record, beginning = upload.record, self._beginning(upload.record)
        if not upload.progress.get("begun"):
            if not await self._was_begun(beginning):
                failure = await self._say_begun(record)
                if failure is not None:
                    return failure
            upload.progress["begun"] = True
            upload.save()
        self._begun.pop(beginning, None)
        sound = await self._send_sound(upload)
        if isinstance(sound, UploadError):
            return sound
        return await self._say_ended(upload, sound)

    async def _say_ended(self, upload: Upload, sound: SentSound | None) -> UploadError | None:
        def event() -> dict[str, Any]:
            said = call_ended(upload.record, sound)
            if "transcript" not in said:
                logger.warning(f"[roark] call {upload.record.call_id!r}: call-ended with empty transcript")
            return said

        return _failure(await self._post(_ROUTE, event, {"Idempotency-Key": upload.key}, has_it=(409,)))

    # The beginning

    def _beginning(self, record: CallRecord) -> str:
        """Name the telling of a beginning: the same in every process, and another than that of the call."""
        return f"{key_of(record, self.name)}-started"

    async def _begin(self, record: CallRecord) -> UploadError | None:
        # Whoever sends the call when it is over waits for the answer rather than say it twice.
        taken = self._begun[self._beginning(record)] = asyncio.get_running_loop().create_future()
        if len(self._begun) > _REMEMBERED:
            del self._begun[next(iter(self._begun))]
        known = False
        try:
            failure = await self._say_begun(record)
            known = failure is None
        finally:
            taken.set_result(known)
        return failure

    async def _say_begun(self, record: CallRecord) -> UploadError | None:
        headers = {"Idempotency-Key": self._beginning(record)}
        return _failure(
            await self._post(_ROUTE, lambda: call_started(record, self._agent), headers, has_it=(409,))
        )

    async def _was_begun(self, beginning: str) -> bool:
        taken = self._begun.get(beginning)
        if taken is None:
            return False
        if taken.done():
            return taken.result()
        # What is under way in another loop, which may be gone, is not waited for.
        return taken.get_loop() is asyncio.get_running_loop() and await asyncio.shield(taken)

    # The sound

    async def _send_sound(self, upload: Upload) -> SentSound | UploadError | None:
        path = upload.recording
        if path is None:
            if upload.record.recording is not None and upload.record.recording.file:
                logger.warning(f"[roark] call {upload.record.call_id!r}: its sound is not where it was recorded")
            return None
        try:
            return await self._send_file(upload, path)
        except FileNotFoundError:
            # Without its end, the sound would be a false one: better somebody decides than nobody knows.
            return UploadError("sound_lost", f"{path.name} is gone; half of it was sent", retry=False)
        except OSError as error:
            return UploadError("sound_not_read", f"{path.name}: {error.strerror or str(error)}", retry=True)

    async def _send_file(self, upload: Upload, path: Path) -> SentSound | UploadError | None:
        progress = upload.progress
        if "sound" not in progress:
            measured = await in_daemon_thread(lambda: measure_sound(path))
            # What is sent is settled once: chunks that were taken stay what they are.
            progress["sound"] = [measured.sample_rate, measured.channels, measured.frames] if measured else None
            if measured is None:
                logger.warning(f"[roark] call {upload.record.call_id!r}: its sound cannot be read")
            upload.save()
        if progress["sound"] is None:
            return None
        sample_rate, channels, frames = progress["sound"]
        length = _CHUNK_BYTES // 2
        for index in range(progress.get("chunks", 0), -(-frames // length)):
            first = index * length
            wanted = min(length, frames - first)
            pcm = await in_daemon_thread(lambda first=first, wanted=wanted: read_sound(path, first, wanted))
            if len(pcm) != wanted * channels * 2:
                return UploadError("sound_lost", f"{path.name} is shorter than it was", retry=False)
            failure = await self._send_chunk(upload.record, index, pcm)
            if failure is not None:
                return failure
            progress["chunks"] = index + 1
            upload.save()
        return SentSound(sample_rate, channels) if frames else None

    async def _send_chunk(self, record: CallRecord, index: int, pcm: bytes) -> UploadError | None:
        failure = None
        # A presigned URL is good for a while only, and once: if it is refused, another may be taken.
        for _ in range(2):
            url = await self._ask_for_url(record, index)
            if isinstance(url, UploadError):
                return url
            failure = await self._put(url, index, pcm)
            if failure is None or failure.retry:
                return failure
        return failure

    async def _ask_for_url(self, record: CallRecord, index: int) -> str | UploadError:
        answer = await self._post(f"{_ROUTE}/chunk-upload-url", lambda: chunk_asked(record, index), {})
        if isinstance(answer, UploadError):
            return answer
        try:
            told = _mapping(from_json(answer))
        except ValueError:
            told = _mapping(None)
        url: Any = (_mapping(told["data"]) if "data" in told else told).get("uploadUrl")
        if not isinstance(url, str) or not url:
            return UploadError("no_upload_url", f"chunk {index}: the answer has no uploadUrl", retry=True)
        return url

    async def _put(self, url: str, index: int, pcm: bytes) -> UploadError | None:
        # A storage that answers 409 has a conflict, not the chunk.
        outcome = await self._storage.send("PUT", url, body=pcm, headers={"content-type": PCM})
        if not isinstance(outcome, UploadError):
            return None
        # What a storage says of a presigned URL quotes it.
        told = f"chunk {index}: {outcome.message}"
        return UploadError(outcome.code, told, retry=outcome.retry, after_secs=outcome.after_secs)

    async def _post(
        self,
        route: str,
        make: Callable[[], Mapping[str, Any]],
        headers: Mapping[str, str],
        *,
        has_it: Collection[int] = (),
    ) -> bytes | UploadError:
        body = await in_daemon_thread(lambda: body_of(make))
        if isinstance(body, UploadError):
            return body
        sent = PrivateHeaders({**self._headers, **headers})
        answer = await self._client.send("POST", self._base_url + route, body=body, headers=sent, has_it=has_it)
        return answer if isinstance(answer, UploadError) else answer.body


def _failure(outcome: bytes | UploadError) -> UploadError | None:
    return outcome if isinstance(outcome, UploadError) else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
