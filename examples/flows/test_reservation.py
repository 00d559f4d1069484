import pytest
from reservation import create_initial_node

from flows_analytics.testing import assert_path, assert_reaches, calls, hangs_up, user

TWO = [user("A table for two"), calls("collect_party_size", guests=2)]


async def test_a_table_that_is_free_is_booked(flow_call, flow_snapshot):
    call = await flow_call(
        create_initial_node(),
        [
            *TWO,
            user("At six"),
            calls("check_availability", time="18:00"),
            user("Thanks"),
            calls("end_conversation"),
        ],
    )
    assert call == flow_snapshot


async def test_another_time_is_found(flow_call, flow_snapshot):
    call = await flow_call(
        create_initial_node(),
        [
            *TWO,
            user("At seven"),
            calls("check_availability", time="19:00"),
            user("Eight?"),
            calls("check_availability", time="20:00"),
            user("Nine, then"),
            calls("check_availability", time="21:00"),
            user("Thanks"),
            calls("end_conversation"),
        ],
    )
    assert call == flow_snapshot


async def test_a_time_at_which_nobody_is_there_stays_in_the_node(flow_call, flow_snapshot):
    call = await flow_call(
        create_initial_node(), [*TWO, user("At noon"), calls("check_availability", time="12:00"), hangs_up()]
    )
    assert call == flow_snapshot
    assert_path(call, ["initial", "get_time"])


@pytest.mark.parametrize("guests", [13, 40])
async def test_parties_are_for_the_events_team(flow_call, guests):
    call = await flow_call(create_initial_node(), [user("A party"), calls("collect_party_size", guests=guests)])
    assert_reaches(call, "events")
