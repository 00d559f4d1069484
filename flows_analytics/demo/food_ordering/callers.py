"""The people who order food.

The two versions of the bot differ on purpose: version 42 offers a long list of extras before it reads the order
back, and a third of its callers hang up there. Version 41 has no such node, and loses few callers anywhere.
"""

import random
from dataclasses import dataclass

from flows_analytics.demo.scenes import Scene, scene
from flows_analytics.testing import Calls, Step, calls, says, user

_ANYWHERE = {"initial": 0.03, "choose_pizza": 0.03, "choose_sushi": 0.03, "confirm": 0.03, "end": 0.06}
LEAVING = {"41": _ANYWHERE, "42": {**_ANYWHERE, "extras": 0.33}}
"""Share of visits in which the caller hangs up, for each version and node."""

_PIZZA_SHARE = 0.6
_REVISES = 0.16
_ASKS_FOR_THE_IMPOSSIBLE = 0.1
_ASKS_FOR_DELIVERY_TIME = 0.12
_TAKES_EXTRAS = 0.3

_GREETINGS = (
    "Hi, this is Luna Kitchen, thank you for calling! Would you like to order pizza or sushi today?",
    "Luna Kitchen, good to hear from you! What can I get started for you, pizza or sushi?",
)
_WANTS_PIZZA = (
    "Pizza, please.",
    "I'd like to order a pizza.",
    "Hm, let's do pizza tonight.",
    "A pizza to my house.",
)
_WANTS_SUSHI = ("Sushi, please.", "I'm in the mood for sushi.", "We'd like some sushi rolls.", "Sushi today.")
_ASKS_PIZZA = (
    "Great choice! A small one is ten dollars, a medium one fifteen, and a large one twenty. Which pizza would "
    "you like, and in which size?",
    "Pizza it is! We have margherita, pepperoni, funghi and quattro formaggi. Which one, and what size?",
)
_ASKS_SUSHI = (
    "Lovely! Each roll is eight dollars and comes with ginger and soy sauce. Which rolls would you like, and how "
    "many of them?",
    "Sushi it is! We have california, spicy tuna, rainbow and dragon rolls. Which ones, and how many?",
)
_PIZZAS = ("margherita", "pepperoni", "funghi", "quattro formaggi")
_SIZES = ("small", "medium", "large")
_ROLLS = ("california", "spicy tuna", "rainbow", "dragon")
_EXTRAS_OFFER = (
    "Before we finish: today we have fresh lemonade, iced tea, garlic bread, edamame, miso soup, tiramisu, mochi "
    "and our famous lava cake, which comes with two scoops of vanilla ice cream. Drinks are two for one until "
    "eight, and desserts go very well with any of our house teas. What may I add to your order?"
)
_EXTRAS: tuple[tuple[str, list[str]], ...] = (
    ("A lemonade and the tiramisu.", ["a lemonade", "a tiramisu"]),
    ("Just a garlic bread.", ["a garlic bread"]),
    ("Okay, one lava cake then.", ["a lava cake"]),
)
_NO_EXTRAS: tuple[tuple[str, list[str]], ...] = (
    ("No, nothing else.", []),
    ("No thank you, just the food.", []),
    ("I'm fine, thanks.", []),
)
_YES = ("Yes, that's right.", "Perfect, thank you.", "Yes please.", "That's correct.")
_REVISIONS = ("Actually, I changed my mind.", "No wait, can we start over?", "Hm, no, I'd like something else.")
_START_AGAIN = (
    "No problem, let's start over. Pizza or sushi?",
    "Sure, let's change that. Is it pizza or sushi?",
)
_GOODBYES = (
    "Thank you for your order! It will be with you soon. Goodbye!",
    "All set, the kitchen is already on it. Enjoy your meal, and goodbye!",
)


@dataclass(frozen=True)
class _Order:
    """What a caller decides on, and how that is said."""

    node: str
    wish: str
    choice: Calls
    question: str
    answer: str
    selection: Calls
    summary: str


def food_ordering_scenes(dice: random.Random, version: str) -> list[Scene]:
    """Draw a call to the food ordering bot.

    Args:
        dice: What decides.
        version: The agent version.

    Returns:
        The scenes of a caller who stays to the end.
    """
    scenes, summary = _orders(dice.choice(_GREETINGS), version, dice)
    while dice.random() < _REVISES:
        scenes.append(scene("confirm", _reads_back(summary), user(dice.choice(_REVISIONS)), calls("revise_order")))
        again, summary = _orders(dice.choice(_START_AGAIN), version, dice)
        scenes += again
    return [
        *scenes,
        scene(
            "confirm",
            _reads_back(summary),
            *_asks_for_delivery_time(dice),
            user(dice.choice(_YES)),
            calls("complete_order"),
        ),
        scene("end", says(dice.choice(_GOODBYES))),
    ]


def _orders(greeting: str, version: str, dice: random.Random) -> tuple[list[Scene], str]:
    """Order something; return how that goes, and what it comes to."""
    order = _draw_order(dice)
    scenes = [
        scene("initial", says(greeting), user(order.wish), order.choice),
        scene(
            order.node,
            says(order.question),
            *_asks_for_the_impossible(order, dice),
            user(order.answer),
            order.selection,
        ),
    ]
    if version == "41":
        return scenes, order.summary
    words, extras = dice.choice(_EXTRAS if dice.random() < _TAKES_EXTRAS else _NO_EXTRAS)
    decision = calls("add_extras", extras=extras) if extras else calls("skip_extras")
    scenes.append(scene("extras", says(_EXTRAS_OFFER), user(words), decision))
    return scenes, " and ".join([order.summary, *extras])


def _draw_order(dice: random.Random) -> _Order:
    if dice.random() < _PIZZA_SHARE:
        size, pizza = dice.choice(_SIZES), dice.choice(_PIZZAS)
        return _Order(
            node="choose_pizza",
            wish=dice.choice(_WANTS_PIZZA),
            choice=calls("choose_pizza"),
            question=dice.choice(_ASKS_PIZZA),
            answer=dice.choice((f"A {size} {pizza}, please.", f"{pizza.capitalize()}, {size}.")),
            selection=calls("select_pizza_order", size=size, pizza_type=pizza),
            summary=f"one {size} pizza {pizza}",
        )
    count, roll = dice.randint(2, 8), dice.choice(_ROLLS)
    return _Order(
        node="choose_sushi",
        wish=dice.choice(_WANTS_SUSHI),
        choice=calls("choose_sushi"),
        question=dice.choice(_ASKS_SUSHI),
        answer=dice.choice((f"{count} {roll} rolls, please.", f"I'll take {count} of the {roll} ones.")),
        selection=calls("select_sushi_order", count=count, roll_type=roll),
        summary=f"{count} {roll} rolls",
    )


def _asks_for_the_impossible(order: _Order, dice: random.Random) -> tuple[Step, ...]:
    if dice.random() >= _ASKS_FOR_THE_IMPOSSIBLE:
        return ()
    if order.node == "choose_pizza":
        return (
            user("Do you have it in family size? We are seven people."),
            calls("select_pizza_order", size="family", pizza_type=order.selection.arguments["pizza_type"]),
            says("I'm sorry, large is the biggest we have. Small, medium or large?"),
        )
    return (
        user("We need forty rolls for a party."),
        calls("select_sushi_order", count=40, roll_type=order.selection.arguments["roll_type"]),
        says("I'm sorry, the kitchen takes up to ten rolls an order. How many would you like?"),
    )


def _asks_for_delivery_time(dice: random.Random) -> tuple[Step, ...]:
    if dice.random() >= _ASKS_FOR_DELIVERY_TIME:
        return ()
    return (
        user("How long is the delivery going to take?"),
        calls("get_delivery_estimate"),
        says("It should be with you in less than an hour. Shall I place the order?"),
    )


def _reads_back(summary: str) -> Step:
    return says(f"So that is {summary}. Is that right, or would you like to change anything?")
