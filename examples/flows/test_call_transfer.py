from call_transfer import create_initial_node

from flows_analytics.testing import assert_path, calls, dtmf, hangs_up, interrupts, says, silence, user


async def test_a_caller_is_passed_on_to_a_person(flow_call, flow_snapshot):
    call = await flow_call(
        create_initial_node(),
        [
            says("Hello! What is your call about?"),
            user("My order"),
            calls("route", department="support"),
            says("Support. How can I help you with your order today?"),
            interrupts("A person, please", after=1),
            calls("request_person"),
        ],
        voice=True,
    )
    assert call == flow_snapshot
    assert call.state["dialled"] == "+15550100"


async def test_a_department_hands_a_caller_back(flow_call, flow_snapshot):
    call = await flow_call(
        create_initial_node(),
        [
            dtmf("2"),
            calls("route", department="sales"),
            user("I have a problem"),
            calls("back_to_reception"),
            user("A problem"),
            calls("route", department="support"),
            hangs_up(),
        ],
    )
    assert call == flow_snapshot


async def test_at_night_a_message_is_taken(flow_call, flow_snapshot):
    call = await flow_call(
        create_initial_node(),
        [
            user("Sales"),
            calls("route", department="sales"),
            user("A person"),
            calls("request_person"),
            silence(5),
            user("Call me back"),
            calls("leave_message", message="Call me back"),
        ],
        state={"closed": True},
    )
    assert call == flow_snapshot
    assert_path(call, "reception > sales > message > goodbye")
