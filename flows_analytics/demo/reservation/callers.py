"""The people who want a table.

The two versions of the bot differ on purpose: version 42 asks a booking system that takes eight seconds instead of
one, without a word to bridge them, and three in ten of its lookups end in a hang-up, most of them in `get_time`.
"""

import random

from flows_analytics.demo.reservation.bot import FREE_TIMES, FULL_TIMES
from flows_analytics.demo.scenes import Scene, scene
from flows_analytics.testing import Step, calls, hangs_up, says, user

LEAVING = {
    version: {"party_size": 0.03, "get_time": 0.03, "offer_alternatives": 0.05, "confirm": 0.02, "booked": 0.06}
    for version in ("41", "42")
}
"""Share of visits in which the caller hangs up, for each version and node; the wait for the answer not counted."""

_HANGS_UP_WAITING = {"41": 0.0, "42": 0.3}
_ASKS_WAITING = {"41": 0.0, "42": 0.3}
_FULL = 0.35
_STILL_FULL = 0.3
_GIVES_UP = 0.25
_CHANGES = 0.12
_TOO_MANY = 0.08

_GREETINGS = (
    "Good evening, La Maison, how may I help you? For how many people may I book a table tonight?",
    "Welcome to La Maison! How many people will be joining us tonight?",
)
_PARTY = ("A table for {size}, please.", "We're {size}.", "There will be {size} of us.", "For {size} people.")
_ASKS_TIME = (
    "Wonderful, we are looking forward to it. At what time would you like to come?",
    "With pleasure. We seat guests between half past five and nine. What time suits you?",
)
_TIME = ("{time}, please.", "Around {time}.", "How about {time}?", "{time} would be great.")
_SPOKEN = {
    "17:30": "half past five",
    "18:00": "six",
    "18:30": "half past six",
    "19:00": "seven",
    "19:30": "half past seven",
    "20:00": "eight",
    "20:30": "half past eight",
    "21:00": "nine",
}
_APOLOGIES = (
    "I'm sorry, we are fully booked at {time}. I could offer you half past five, six, half past eight or nine.",
    "Unfortunately {time} is taken. Tables are free at half past five, six, half past eight and nine. Would one "
    "of these suit you?",
)
_NO_TIME_SUITS = ("No, that doesn't work for us.", "Too late for the kids, I'm afraid.", "We'll try elsewhere.")
_OTHER_TIME = ("And what about {time}?", "Is {time} really impossible?")
_ASKS_AGAIN = "Of course. What time would you prefer?"
_SORRY = "I'm sorry we couldn't find you a table tonight. I hope to welcome you another time. Goodbye!"
_NAMES = ("Okonkwo", "Brandt", "Vasquez", "Lindqvist", "Marchetti", "Tanaka", "Oyelaran", "Fitzgerald")
_NAMED = ("Yes, the name is {name}.", "Perfect. {name}.", "That's right, for {name}, please.")
_CHANGED = ("Hm, could we make that another time?", "Sorry, I need to change the time.")
_GOODBYES = (
    "Thank you, {name}. We look forward to seeing you tonight. Goodbye!",
    "We will see you tonight, {name}. Have a lovely day!",
)
_WAITING = ("Hello? Is anything happening?", "Are you still checking?")
_STILL_CHECKING = "One moment please, I'm still checking."


def reservation_scenes(dice: random.Random, version: str) -> list[Scene]:
    """Draw a call to the reservation bot.

    Args:
        dice: What decides.
        version: The agent version.

    Returns:
        The scenes of a caller who stays to the end, or who hangs up while the bot is looking for a table.
    """
    size, name = dice.randint(2, 9), dice.choice(_NAMES)
    scenes = [
        scene(
            "party_size",
            says(dice.choice(_GREETINGS)),
            *_asks_for_a_hall(dice),
            user(dice.choice(_PARTY).format(size=size)),
            calls("record_party_size", size=size),
        )
    ]
    question = dice.choice(_ASKS_TIME)
    while True:
        time = _draw_time(_FULL, dice)
        scenes.append(scene("get_time", says(question), *_asks_for(time, dice.choice(_TIME), version, dice)))
        while time in FULL_TIMES:
            apology = says(dice.choice(_APOLOGIES).format(time=_SPOKEN[time]))
            if dice.random() < _GIVES_UP:
                refusal = user(dice.choice(_NO_TIME_SUITS))
                return [
                    *scenes,
                    scene("offer_alternatives", apology, refusal, calls("give_up")),
                    scene("goodbye", says(_SORRY)),
                ]
            time = _draw_time(_STILL_FULL, dice)
            words = dice.choice(_OTHER_TIME if time in FULL_TIMES else _TIME)
            scenes.append(scene("offer_alternatives", apology, *_asks_for(time, words, version, dice)))
        summary = says(
            f"A table for {size} at {_SPOKEN[time]} tonight. Is that right, and what is the name, please?"
        )
        if dice.random() >= _CHANGES:
            break
        scenes.append(scene("confirm", summary, user(dice.choice(_CHANGED)), calls("change_reservation")))
        question = _ASKS_AGAIN
    named = user(dice.choice(_NAMED).format(name=name))
    return [
        *scenes,
        scene("confirm", summary, named, calls("complete_reservation", name=name)),
        scene("booked", says(dice.choice(_GOODBYES).format(name=name))),
    ]


def _draw_time(full: float, dice: random.Random) -> str:
    return dice.choice(FULL_TIMES if dice.random() < full else FREE_TIMES)


def _asks_for(time: str, words: str, version: str, dice: random.Random) -> tuple[Step, ...]:
    """Ask for a time, and bear the wait for the answer or not."""
    asking = (user(words.format(time=_SPOKEN[time]).capitalize()), calls("check_availability", time=time))
    chance = dice.random()
    if chance < _HANGS_UP_WAITING[version]:
        return (*asking, hangs_up(after=dice.uniform(2.5, 6.0)))
    if chance > 1.0 - _ASKS_WAITING[version]:
        return (*asking, user(dice.choice(_WAITING), after=dice.uniform(1.5, 2.5)), says(_STILL_CHECKING))
    return asking


def _asks_for_a_hall(dice: random.Random) -> tuple[Step, ...]:
    if dice.random() >= _TOO_MANY:
        return ()
    return (
        user("It's an anniversary, so there are twenty of us."),
        calls("record_party_size", size=20),
        says("How lovely! I'm sorry though, our largest table seats twelve. How many could come?"),
    )
