"""What the pages for those who come from elsewhere promise."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from flows_analytics import FlowsObserver
from flows_analytics.delivery import roark_sink, tuner_sink
from tests.delivery.services import KEY

DOCS = Path(__file__).parents[2] / "docs"
TUNER = (DOCS / "coming-from-tuner.md").read_text()
ROARK = (DOCS / "coming-from-roark.md").read_text()

TUNER_NAMES = (
    "api_key workspace_id agent_id call_id call_type base_url recording_url debug asr_model llm_model tts_model "
    "sip_call_id sip_headers disconnection_reason_resolver agent_version attach_context attach_flow_manager "
    "attach_turn_tracking_observer attach_sip_info attach_sip_from_telephony attach_sip_from_dialin "
    "attach_sip_from_context TwilioCallContext JambonzCallContext build_sip_forwarding_twiml JambonzPendingStore "
    "latency_observer Observer FlowsObserver TunerConfig "
    "DisconnectReason resolve_agent_version"
)
ROARK_NAMES = (
    "RoarkObserver api_key agent_id agent_name agent_prompt audio_buffer_processor pipecat_call_id runner_args "
    "audio_processor aflush ROARK_API_KEY"
)


def left_cells(page):
    return " ".join(re.findall(r"^\| (.+?) \|", page, re.MULTILINE)) + page


@pytest.mark.parametrize(("page", "names"), [(TUNER, TUNER_NAMES), (ROARK, ROARK_NAMES)])
def test_every_name_of_theirs_has_its_place(page, names):
    for name in names.split():
        assert re.search(rf"`[^`]*\b{name}\b[^`]*`", left_cells(page)), name


@pytest.mark.parametrize(
    ("page", "sink"), [(TUNER, tuner_sink.TunerSink), (ROARK, roark_sink.RoarkSink)], ids=["tuner", "roark"]
)
def test_every_argument_that_a_page_gives_us_is_one(page, sink):
    for cls in (sink, FlowsObserver):
        ours = set(inspect.signature(cls).parameters)
        given = set(re.findall(rf"`{cls.__name__}\((\w+)=", page))
        assert given
        assert given <= ours


@pytest.mark.parametrize("page", [TUNER, ROARK], ids=["tuner", "roark"])
def test_the_code_of_a_page_runs(page, monkeypatch):
    monkeypatch.setenv("TUNER_API_KEY", KEY)
    monkeypatch.setenv("ROARK_API_KEY", KEY)
    (source,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names = {}
    exec(source, names)  # noqa: S102  # the documented code itself is under test
    assert isinstance(names["observer"], FlowsObserver)
