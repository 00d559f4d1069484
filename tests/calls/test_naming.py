"""Nodes without a name get one that is the same in every call."""

from __future__ import annotations

import hashlib

from flows_analytics.calls.naming import looks_generated, unnamed_node


def test_the_name_comes_from_the_sorted_functions():
    digest = hashlib.sha1(b"a\nb").hexdigest()[:8]

    assert unnamed_node(["b", "a"]) == unnamed_node(["a", "b"]) == f"unnamed:{digest}"


def test_functions_outweigh_prompts_which_often_hold_caller_data():
    assert unnamed_node(["a"], [{"content": "Hi Ann"}]) == unnamed_node(["a"], [{"content": "Hi Bob"}])


def test_without_functions_the_task_messages_tell_nodes_apart():
    first, second = [{"role": "system", "content": "x"}], [{"role": "system", "content": "y"}]

    assert unnamed_node([], first) != unnamed_node([], second)
    assert unnamed_node([], first) == unnamed_node([], [{"content": "x", "role": "system"}])


def test_with_nothing_to_go_by_the_node_is_just_unnamed():
    assert unnamed_node([]) == "unnamed"


def test_only_a_uuid4_looks_generated():
    assert looks_generated("3f2b8c1e-9a4d-4e6f-8b2a-1c3d5e7f9a0b")
    assert not looks_generated("3f2b8c1e-9a4d-1e6f-8b2a-1c3d5e7f9a0b")
    assert not looks_generated("confirm")
