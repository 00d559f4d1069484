"""The flow of a call as a Mermaid diagram."""

from __future__ import annotations

import re

import pytest

from flows_analytics.report.mermaid import call_as_mermaid
from tests.report.records import ALL_CALLS, pizza_call
from tests.report.test_hostile_calls import ALONE, HOSTILE, call_full_of


@pytest.mark.parametrize("name", ["pizza", "troubled", "two_flows", "empty"])
def test_the_diagram_of_a_call(name, snapshot):
    assert call_as_mermaid(ALL_CALLS[name]()) == snapshot


def test_declared_moves_are_dotted():
    assert "-.->" in call_as_mermaid(pizza_call(declared=True))


@pytest.mark.parametrize("text", [HOSTILE, *ALONE.values()])
def test_no_name_ends_its_quotes_or_becomes_markup(text):
    names = re.compile(r'''"((?:[\w .,:;()/+=!?'-]|#\d+;|<br/>)*)"''')
    for line in call_as_mermaid(call_full_of(text)).splitlines():
        assert '"' not in names.sub("", line)
        assert len(line) < 1_500
