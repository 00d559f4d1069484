"""Sinks that a later process makes again from what they say of themselves."""

from __future__ import annotations

import json

import pytest

from flows_analytics.delivery.roark_sink import RoarkSink
from flows_analytics.delivery.tuner_sink import TunerSink
from flows_analytics.errors import SinkError
from tests.delivery.services import KEY, told
from tests.report.records import pizza_call

MADE = [
    (
        "TUNER_API_KEY",
        lambda url: TunerSink(
            KEY, workspace_id=7, agent_id="../x & y", base_url=url, asr_model="a", tts_model="c", agent_version=3
        ),
    ),
    ("ROARK_API_KEY", lambda url: RoarkSink(KEY, agent_id="x", agent_name="X", agent_prompt="Hi", base_url=url)),
]


@pytest.mark.parametrize(("variable", "make"), MADE)
def test_a_sink_made_again_sends_the_same(variable, make):
    def again(url):
        target = json.loads(json.dumps(make(url).target))
        assert KEY not in str(target)
        made = type(make(url)).from_target(target, {variable: KEY})
        assert made.name == make(url).name
        return made

    first, second = told(pizza_call(), make)[0], told(pizza_call(), again)[0]
    assert [(r.path, r.body) for r in first.took] == [(r.path, r.body) for r in second.took]


@pytest.mark.parametrize(("variable", "make"), MADE)
def test_a_sink_cannot_be_made_without_its_key_or_its_settings(variable, make):
    target = make("https://x").target
    kind = type(make("https://x"))
    with pytest.raises(SinkError, match=variable):
        kind.from_target(target, {})
    for lacking in ({}, target | {"url": 7}, target | {"agent_id": None}, target | {"url": "x"}):
        with pytest.raises(SinkError):
            kind.from_target(lacking, {variable: KEY})
