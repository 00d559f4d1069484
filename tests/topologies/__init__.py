"""Calls of bots whose pipelines have unusual shapes, each held against what really happened."""

import pytest

pytest.register_assert_rewrite("tests.topologies.agreement", "tests.topologies.bots")
