"""The call: a table is booked at a restaurant whose bot talks too much, so that the caller cuts in."""

from __future__ import annotations

from typing import Any

from tests.bots import node
from tests.services.openai_endpoint import Reply, ToolCall, Usage
from tests.services.phone import Phone

# Each word that the caller waits for is said once in the call.
GREETING = "Luigi here. How may I help?"
OFFER = (
    "We have an extraordinarily nice table at seven. "
    "We also have one on the terrace at nine, which is heated and has a view of the harbour, and there is music "
    "on Fridays, mostly jazz, though last week somebody brought an accordion and nobody minded at all."
)
CHECK = "Nine, outside. Is that right?"
GOODBYE = "Thank you, goodbye."

REQUEST = "Hi, a table for four on Friday."
INTERRUPTION = "The terrace then."
YES = "Yes, exactly."

BOOK = ToolCall("call_1", "book_table", {"guests": 4, "day": "Friday", "name": 'Zoë "Z" O’Hara'})
CHOOSE = ToolCall("call_2", "choose_time", {"time": "21:00", "outside": True})
CONFIRM = ToolCall("call_3", "confirm_booking", {})

REPLIES = (
    Reply(Usage(prompt=210, completion=12), text=GREETING),
    Reply(Usage(prompt=254, completion=27, cached=128), calls=(BOOK,)),
    # Slow enough to be still talking when it is cut off.
    Reply(Usage(prompt=331, completion=62, cached=256, reasoning=3), text=OFFER, token_secs=0.06),
    Reply(Usage(prompt=352, completion=23, cached=256), calls=(CHOOSE,)),
    Reply(Usage(prompt=417, completion=11, cached=320), text=CHECK),
    Reply(Usage(prompt=441, completion=9, cached=384), calls=(CONFIRM,)),
    Reply(Usage(prompt=489, completion=8, cached=448), text=GOODBYE),
)

PATH = ("welcome", "time", "check", "goodbye")


async def speak(phone: Phone) -> None:
    """Say the caller's side of the call."""
    await phone.connect()
    await phone.after("help?", 0.5)
    await phone.say(REQUEST)
    # A voice is detected when it has lasted for 200 ms: here in the middle of the longest word.
    await phone.after("extraordinarily", 0.1)
    await phone.say(INTERRUPTION)
    await phone.after("right?", 0.5)
    await phone.say(YES)


async def book_table(flow_manager: Any, guests: int, day: str, name: str) -> tuple[Any, Any]:
    """Look for a table.

    Args:
        guests (int): How many people.
        day (str): Which day.
        name (str): In whose name.
    """
    return {"times": ["19:00", "21:00"]}, time_node()


async def choose_time(flow_manager: Any, time: str, outside: bool) -> tuple[Any, Any]:
    """Choose a table.

    Args:
        time (str): Which time.
        outside (bool): Whether on the terrace.
    """
    return {"table": 7}, check_node()


async def confirm_booking(flow_manager: Any) -> tuple[None, Any]:
    """The caller has confirmed."""
    return None, goodbye_node()


def welcome_node() -> dict[str, Any]:
    return node("welcome", book_table, role_message="You are Luigi and take bookings.")


def time_node() -> dict[str, Any]:
    return node("time", choose_time)


def check_node() -> dict[str, Any]:
    return node("check", confirm_booking)


def goodbye_node() -> dict[str, Any]:
    return node("goodbye", post_actions=[{"type": "end_conversation"}])
