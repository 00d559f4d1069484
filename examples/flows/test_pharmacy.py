import pytest

from flows_analytics.testing import assert_path, calls, says, user

try:
    import pharmacy
except ImportError:
    pharmacy = None

# A mark rather than pytest.importorskip: syrupy takes the snapshots of a module that is not collected for unused.
pytestmark = pytest.mark.skipif(pharmacy is None, reason="flows in YAML need Pipecat 1.9 or later")

STATE = {"pharmacy": "Elm Street"}


async def test_a_refill_is_ordered(flow_call, flow_snapshot):
    call = await flow_call(
        pharmacy.create_flow(),
        [
            user("Number 200"),
            calls("find_prescription", number="200"),
            user("Yes"),
            calls("refill"),
            user("That's all"),
            calls("finish"),
        ],
        state=STATE,
    )
    assert call == flow_snapshot
    given = [message["content"] for message in call.prompts[2].messages if message["role"] == "developer"]
    assert given[-1] == "Ibuprofen can be refilled 2 times. Ask whether to refill it now."


async def test_an_unknown_number_is_asked_for_again(flow_call, flow_snapshot):
    call = await flow_call(
        pharmacy.create_flow(),
        [
            user("Number 999"),
            calls("find_prescription", number="999"),
            user("When are you open?"),
            calls("opening_hours"),
            says("From eight to twenty."),
            user("Number 100"),
            calls("find_prescription", number="100"),
            user("One more"),
            calls("another"),
            user("300"),
            calls("find_prescription", number="300"),
        ],
        state=STATE,
    )
    assert call == flow_snapshot
    assert_path(call, "greeting > greeting > pick_up > greeting > doctor")
