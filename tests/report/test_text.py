"""A call in a terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from flows_analytics.report.text import call_as_text
from tests.report.records import ALL_CALLS


def shown(record, width=100):
    out = io.StringIO()
    Console(file=out, width=width).print(call_as_text(record))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


@pytest.mark.parametrize("name", ["pizza", "troubled", "no_flow", "eventful"])
def test_a_call_reads_from_top_to_bottom(name, snapshot):
    assert shown(ALL_CALLS[name]()) == snapshot


@pytest.mark.parametrize("name", ALL_CALLS)
def test_every_kind_of_call_fits_a_narrow_terminal(name):
    assert max(len(line) for line in shown(ALL_CALLS[name](), width=60).splitlines()) <= 60
