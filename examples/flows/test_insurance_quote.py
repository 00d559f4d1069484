from insurance_quote import create_initial_node

from flows_analytics.testing import calls, fails, says, slow, user

ASKED = [
    user("I am forty"),
    calls("collect_age", age=40),
    user("No"),
    calls("collect_smoking", smokes=False),
]


async def test_a_quote_is_accepted(flow_call, flow_snapshot):
    call = await flow_call(create_initial_node(), [*ASKED, user("I'll take it"), calls("accept")])
    assert call == flow_snapshot
    assert call.state["premium"] == 32.5


async def test_a_quote_is_computed_again_and_explained(flow_call, flow_snapshot):
    call = await flow_call(
        create_initial_node(),
        [
            *ASKED,
            user("What is term insurance?"),
            calls("compare", kind="term"),
            says("It ends after twenty years."),
            user("And for half a million?"),
            calls("update_coverage", amount=500_000),
            user("Too much"),
            calls("accept"),
        ],
    )
    assert call == flow_snapshot(timing="buckets")
    assert call == flow_snapshot(format="mermaid")


async def test_an_llm_that_fails_and_hesitates(flow_call, flow_snapshot):
    call = await flow_call(
        create_initial_node(),
        [
            user("I am forty"),
            fails("overloaded"),
            user("Hello? Forty!"),
            slow(calls("collect_age", age=40), secs=12),
            user("No"),
            calls("collect_smoking", smokes=False),
        ],
        voice=True,
    )
    assert call == flow_snapshot(turns=True)
