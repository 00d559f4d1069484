from food_ordering import create_initial_node

from flows_analytics.testing import assert_never, assert_path, assert_transition, calls, says, user


async def test_large_pizza(flow_call, flow_snapshot):
    call = await flow_call(
        create_initial_node(),
        [
            user("I'd like a pizza"),
            calls("choose_pizza"),
            user("Large pepperoni"),
            calls("select_pizza_order", size="large", pizza_type="pepperoni"),
            user("That's all"),
            calls("complete_order"),
        ],
    )
    assert call == flow_snapshot
    assert call.state["order"]["price"] == 20.0


async def test_an_order_that_is_wrong_is_taken_again(flow_call, flow_snapshot):
    call = await flow_call(
        create_initial_node(),
        [
            user("Sushi, please"),
            calls("choose_sushi"),
            user("Five maki"),
            calls("select_sushi_order", rolls=5, roll_type="maki"),
            says("Five maki. Is that right?"),
            user("No, I'd rather have pizza"),
            calls("revise_order"),
            user("Pizza"),
            calls("choose_pizza"),
            user("A small margherita"),
            calls("select_pizza_order", size="small", pizza_type="margherita"),
            user("Yes"),
            calls("complete_order"),
        ],
    )
    assert call == flow_snapshot
    assert_transition(call, "confirm", "initial", via="revise_order")


async def test_a_size_that_does_not_exist_is_asked_for_again(flow_call, flow_snapshot):
    call = await flow_call(
        create_initial_node(),
        [
            user("Pizza"),
            calls("choose_pizza"),
            user("A huge one"),
            calls("select_pizza_order", size="huge", pizza_type="plain"),
            says("We have small, medium and large."),
            user("Large, then"),
            calls("select_pizza_order", size="large", pizza_type="plain"),
        ],
    )
    assert call == flow_snapshot
    assert_path(call, "initial > choose_pizza > confirm")
    assert_never(call, "end")
