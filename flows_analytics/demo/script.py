"""The script of a call: scenes, played with the manners of a persona, and cut where the caller hangs up."""

import random
from collections.abc import Iterator, Sequence

from flows_analytics.demo.bot import DemoBot
from flows_analytics.demo.personas import Persona
from flows_analytics.demo.scenes import Scene
from flows_analytics.testing import HangsUp, Says, Step, User, fails, hangs_up, interrupts, says, silence, user

# Share of calls in which the LLM's provider has a bad moment.
_OUTAGES = 0.04
# Nobody cuts in on a speech shorter than this.
_LONG_SPEECH_WORDS = 12

_SMALL_TALK = (
    ("Are you a robot, by the way?", "I am, and a friendly one, I hope! Now, back to my question."),
    ("It's pouring out here, isn't it awful?", "Oh, stay dry! Now, where were we?"),
    ("You have a lovely voice, did you know?", "That is very kind of you! Back to you, then."),
    ("Sorry, my dog wants to say hello.", "Hello to the dog as well! Whenever you are ready."),
    ("Busy day over there?", "It is, but I have all the time for you. So, as I was saying."),
)
_STILL_THERE = ("Hello? Are you still there?", "Hello? I can't hear you.", "Did I lose you?")


def write_script(bot: DemoBot, version: str, persona: Persona, dice: random.Random) -> list[Step]:
    """Draw a call.

    Args:
        bot: Who is called.
        version: Its agent version.
        persona: Who calls.
        dice: What decides.

    Returns:
        The steps, up to the end of the flow or to where the caller hangs up.
    """
    steps: list[Step] = []
    for scene in _with_an_outage(bot.scenes(dice, version), dice):
        if dice.random() < bot.leaving[version].get(scene.node, 0.0):
            steps += _leaves(scene, dice)
        else:
            steps += _plays(scene, persona, dice)
        if isinstance(steps[-1], HangsUp):
            break
    return steps


def _plays(scene: Scene, persona: Persona, dice: random.Random) -> Iterator[Step]:
    """Play a scene to its end. Manners show in the answers to what the bot has just said."""
    chats = dice.random() < persona.chats
    before: Step | None = None
    for step in scene.steps:
        match before, step:
            case Says(), User() if chats:
                chats = False
                question, answer = dice.choice(_SMALL_TALK)
                yield user(question)
                yield says(answer)
                yield step
            case Says(text), User() if _is_long(text) and dice.random() < persona.cuts_in:
                yield interrupts(step.text, after=dice.uniform(1.2, 2.8))
            case Says(), User() if dice.random() < persona.hesitates:
                yield silence(dice.uniform(3.0, 9.0))
                yield step
            case _:
                yield step
        before = step


def _is_long(speech: str) -> bool:
    return len(speech.split()) >= _LONG_SPEECH_WORDS


def _leaves(scene: Scene, dice: random.Random) -> Iterator[Step]:
    """Play a scene up to the bot's first words, and hang up during or after them."""
    is_farewell = isinstance(scene.steps[-1], Says)
    for step in scene.steps:
        yield step
        if isinstance(step, Says):
            break
    # After a farewell it is the bot that hangs up.
    if is_farewell or dice.random() < 0.4:
        yield hangs_up(after=dice.uniform(0.7, 2.5), while_bot_speaks=True)
    else:
        yield hangs_up(after=dice.uniform(1.0, 6.0))


def _with_an_outage(scenes: Sequence[Scene], dice: random.Random) -> list[Scene]:
    """Let the LLM fail once, in some calls, where the bot should have spoken between greeting and farewell."""
    hit = dice.randrange(1, len(scenes) - 1) if dice.random() < _OUTAGES else None
    return [
        Scene(scene.node, (*_outage(dice), *scene.steps)) if number == hit else scene
        for number, scene in enumerate(scenes)
    ]


def _outage(dice: random.Random) -> tuple[Step, ...]:
    return (
        fails("the model is overloaded, try again later (503)"),
        user(dice.choice(_STILL_THERE), after=dice.uniform(3.0, 5.0)),
    )
