"""The manners of the people who call."""

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Persona:
    """A manner of calling. Its shares are probabilities.

    Attributes:
        name: What the call's metadata calls it.
        weight: How many of a hundred callers are like this.
        cuts_in: Share of the bot's longer speeches that are interrupted.
        chats: Share of nodes in which the caller digresses.
        hesitates: Share of answers that take a long time.
    """

    name: str
    weight: int
    cuts_in: float
    chats: float
    hesitates: float


PERSONAS = (
    Persona("plain", weight=50, cuts_in=0.03, chats=0.04, hesitates=0.05),
    Persona("hasty", weight=20, cuts_in=0.5, chats=0.0, hesitates=0.0),
    Persona("talkative", weight=15, cuts_in=0.05, chats=0.35, hesitates=0.1),
    Persona("hesitant", weight=15, cuts_in=0.0, chats=0.05, hesitates=0.45),
)


def draw_persona(dice: random.Random) -> Persona:
    """Draw a persona according to the weights.

    Args:
        dice: What decides.

    Returns:
        The persona.
    """
    return dice.choices(PERSONAS, weights=[persona.weight for persona in PERSONAS])[0]
