from patient_intake import GLOBAL_FUNCTIONS, create_initial_node

from flows_analytics.testing import assert_transition, calls, user

KNOWN = [user("First of January 1983"), calls("verify_birthday", birthday="1983-01-01")]
FORM = [
    user("Aspirin"),
    calls("record_prescriptions", items=["aspirin 100 mg"]),
    user("Peanuts"),
    calls("record_allergies", items=["peanuts"]),
]


async def hold(flow_call, *steps):
    return await flow_call(create_initial_node(), steps, global_functions=GLOBAL_FUNCTIONS)


async def test_a_form_without_mistakes(flow_call, flow_snapshot):
    assert await hold(flow_call, *KNOWN, *FORM, user("Yes"), calls("confirm")) == flow_snapshot


async def test_a_correction_goes_back(flow_call, flow_snapshot):
    call = await hold(
        flow_call,
        *KNOWN,
        *FORM,
        user("The allergies are wrong"),
        calls("correct", section="allergies"),
        user("None at all"),
        calls("record_allergies", items=[]),
        user("Yes"),
        calls("confirm"),
    )
    assert call == flow_snapshot
    assert call.state["allergies"] == []


async def test_three_unknown_birthdays_end_with_a_person(flow_call, flow_snapshot):
    attempts = [
        step
        for day in ("01", "02", "03")
        for step in (user(f"May {day}"), calls("verify_birthday", birthday=f"1990-05-{day}"))
    ]
    # What follows a function that stays is an answer of the LLM, which the filler gives.
    assert await hold(flow_call, *attempts) == flow_snapshot


async def test_a_person_can_be_asked_for_at_any_time(flow_call):
    call = await hold(flow_call, *KNOWN, user("Let me speak to somebody"), calls("ask_for_a_person"))
    assert_transition(call, "prescriptions", "person", via="ask_for_a_person")
