"""TunerSink: calls to Tuner."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import quote, urlsplit

from loguru import logger

from flows_analytics.calls.events import MetricsOff
from flows_analytics.calls.record import CallRecord
from flows_analytics.delivery.http_client import HTTPClient, PrivateHeaders
from flows_analytics.delivery.json_body import body_of
from flows_analytics.delivery.service_settings import any_text, clean_base_url, find_api_key, not_blank
from flows_analytics.delivery.tuner_payload import Models, call_payload, number_version
from flows_analytics.delivery.upload import Upload, UploadError, key_of
from flows_analytics.errors import SinkError
from flows_analytics.files.threads import in_daemon_thread

_TIMEOUT_SECS = 10.0


class TunerSink:
    """Sends each finished call to Tuner, with its path through the nodes.

    One sink may serve many calls at once::

        sinks = [JSONFileSink("calls"), TunerSink(workspace_id=42, agent_id="pizza")]

    A call that Tuner has already (409) counts as sent.

    Args:
        api_key: Tuner's API key; None takes the environment variable ``TUNER_API_KEY``.
        workspace_id: The workspace, a positive number.
        agent_id: The agent in it; any text.
        base_url: Where Tuner is.
        asr_model: Name of the model that transcribes, such as ``deepgram/nova-3``; if empty, what the call's
            services reported.
        llm_model: The same of the model that answers.
        tts_model: The same of the model that speaks.
        agent_version: Number of the bot's version; None takes that of the call, if it is a number.

    Raises:
        SinkError: A ValueError: ``no_api_key``, ``bad_api_key``, ``blank_setting`` of ``agent_id``,
            ``bad_setting`` of what should be a text, ``bad_workspace_id``, ``bad_base_url`` or
            ``bad_agent_version``.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        workspace_id: int | str,
        agent_id: str,
        base_url: str = "https://api.usetuner.ai",
        asr_model: str = "",
        llm_model: str = "",
        tts_model: str = "",
        agent_version: int | None = None,
    ) -> None:
        key = find_api_key(api_key, "TUNER_API_KEY", os.environ)
        self._agent_id = not_blank("agent_id", agent_id)
        self._workspace_id = _workspace(workspace_id)
        self._base_url = clean_base_url(base_url)
        self._models = Models(
            asr=any_text("asr_model", asr_model),
            llm=any_text("llm_model", llm_model),
            tts=any_text("tts_model", tts_model),
        )
        self._agent_version = _version(agent_version)
        self._headers = PrivateHeaders({"Authorization": f"Bearer {key}", "Content-Type": "application/json"})
        self._client = HTTPClient(timeout_secs=_TIMEOUT_SECS, secrets=(key,))

    def __repr__(self) -> str:
        return f"TunerSink(workspace_id={self._workspace_id}, agent_id={self._agent_id!r})"

    @property
    def name(self) -> str:
        """``tuner:``, the host, the workspace and the agent."""
        host = urlsplit(self._base_url).netloc
        return f"tuner:{host}:{self._workspace_id}:{self._agent_id}"

    @property
    def target(self) -> dict[str, Any]:
        """Its settings without secrets, for a later process; see `from_target`."""
        return {
            "sink": "TunerSink",
            "url": self._base_url,
            "token": True,
            "workspace_id": self._workspace_id,
            "agent_id": self._agent_id,
            "models": [self._models.asr, self._models.llm, self._models.tts],
            "agent_version": self._agent_version,
        }

    @classmethod
    def from_target(cls, target: Mapping[str, Any], environment: Mapping[str, str]) -> Self:
        """Make the sink that an earlier process had.

        Args:
            target: What `target` said.
            environment: Where the key is, as ``TUNER_API_KEY``.

        Returns:
            The sink.

        Raises:
            SinkError: As the constructor; ``sink_not_known`` if the settings are not those of one.
        """
        try:
            asr, llm, tts = target["models"]
            return cls(
                environment.get("TUNER_API_KEY", ""),
                workspace_id=target["workspace_id"],
                agent_id=target["agent_id"],
                base_url=target["url"],
                asr_model=asr,
                llm_model=llm,
                tts_model=tts,
                agent_version=target["agent_version"],
            )
        except (LookupError, TypeError, AttributeError):
            raise SinkError("sink_not_known", "what the outbox holds makes no TunerSink: use --sinks") from None

    @property
    def url(self) -> str:
        """Where calls are posted."""
        return (
            f"{self._base_url}/api/v1/public/call?workspace_id={self._workspace_id}"
            f"&agent_remote_identifier={quote(self._agent_id, safe='', errors='replace')}"
        )

    async def upload(self, upload: Upload) -> None:
        """Send a call.

        Args:
            upload: The call.

        Raises:
            UploadError: If Tuner did not take it; ``blank_call_id`` if it has none to be known by;
                ``body_not_made`` if it cannot be written.
        """
        # Raised here, where a traceback with local variables shows neither headers nor body.
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
        await self.upload(Upload(record, key_of(record, self.name)))

    async def close(self) -> None:
        """Close the connection, once no call is under way."""
        await self._client.close()

    async def _send(self, upload: Upload) -> UploadError | None:
        record = upload.record
        if not record.call_id.strip():
            return UploadError("blank_call_id", "call_id must not be empty", retry=False)
        if not upload.progress.get("warned"):
            upload.progress["warned"] = True
            _warn(record)
        body = await in_daemon_thread(lambda: body_of(lambda: self._payload(record)))
        if isinstance(body, UploadError):
            return body
        headers = PrivateHeaders({**self._headers, "Idempotency-Key": upload.key})
        outcome = await self._client.send("POST", self.url, body=body, headers=headers, has_it=(409,))
        return outcome if isinstance(outcome, UploadError) else None

    def _payload(self, record: CallRecord) -> dict[str, Any]:
        version = number_version(record, self._agent_version, os.environ)
        return call_payload(record, models=self._models, agent_version=version)


def _workspace(given: object) -> int:
    number = 0
    # Not what only int() takes for a number, such as 1.7 and True.
    if isinstance(given, int | str) and not isinstance(given, bool):
        try:
            number = int(given)
        except ValueError:
            number = 0
    if number <= 0:
        raise SinkError("bad_workspace_id", "workspace_id must be a positive integer")
    return number


def _version(given: object) -> int | None:
    if given is None or (isinstance(given, int) and not isinstance(given, bool)):
        return given
    raise SinkError("bad_agent_version", "agent_version must be an integer, or None")


def _warn(record: CallRecord) -> None:
    """Say what Tuner will miss, and why."""
    if not record.visits:
        logger.warning(f"[tuner] call {record.call_id!r}: no node was entered: was a FlowManager attached?")
    if any(isinstance(event, MetricsOff) and event.usage for event in record.events):
        logger.warning(
            f"[tuner] call {record.call_id!r}: enable_usage_metrics=False — token and TTS character metrics will "
            "be absent. Set PipelineParams(enable_usage_metrics=True)."
        )
