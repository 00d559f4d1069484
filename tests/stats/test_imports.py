"""What statistics load, and what they say when something they need is missing."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("pipecat", "networkx", "numpy", "scipy", "statsmodels", "pandas", "duckdb", "pyarrow")


def run(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_asking_for_the_public_names_loads_no_heavy_library():
    code = f"""
import sys, flows_analytics
flows_analytics.FlowStats, flows_analytics.Funnel
print([name for name in {HEAVY} if name in sys.modules])
"""
    assert run(code) == "[]"


@pytest.mark.parametrize(
    ("missing", "ask"),
    [
        ("networkx", "from flows_analytics.stats.flow_stats import FlowStats; FlowStats(FlowCounts()).graph"),
        ("scipy", "from flows_analytics.stats.rates import Rate; Rate(1, 2).interval"),
        ("statsmodels", "from flows_analytics.stats.rates import Rate; Rate(1, 2).interval"),
        (
            "statsmodels",
            "from flows_analytics.stats.survival import TimeInNode; TimeInNode.of(Counter([1]), Counter())",
        ),
        ("numpy", "from flows_analytics.stats.chain import FlowChain"),
    ],
)
def test_whatever_is_missing_the_error_names_the_extra_to_install(missing, ask):
    code = f"""
import sys
from collections import Counter
sys.modules["{missing}"] = None
from flows_analytics.errors import ExtraMissingError
from flows_analytics.store.counts import FlowCounts
try:
    {ask}
except ExtraMissingError as error:
    print(error.code, error.message)
"""
    said = run(code)
    assert said.startswith("extra_missing")
    assert said.endswith('pip install "flows-analytics[stats]"')


def test_statistics_never_load_pipecat():
    code = """
import pkgutil, sys, importlib
import flows_analytics.stats as stats
names = [each.name for each in pkgutil.iter_modules(stats.__path__)]
for name in names:
    importlib.import_module(f"flows_analytics.stats.{name}")
print(len(names) > 20, "pipecat" in sys.modules)
"""
    assert run(code) == "True False"
