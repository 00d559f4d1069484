"""The steps of a scripted call: what the LLM answers and what the caller does, in one list.

Example:
    A call reads like a play::

        steps = [
            says("Hello! What would you like?"),
            user("A large pizza, please."),
            calls("choose_pizza", size="large"),
            says("A large pizza. Anything else?"),
            user("No, thanks.", after=2.0),
            calls("finish"),
            says("Goodbye!"),
        ]
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Says:
    """The LLM answers with a text."""

    text: str


@dataclass(frozen=True)
class Calls:
    """The LLM answers with one function call."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class CallsTogether:
    """The LLM answers with several function calls in one response."""

    calls: tuple[Calls, ...]


@dataclass(frozen=True)
class Fails:
    """The LLM service reports an error instead of answering."""

    message: str


@dataclass(frozen=True)
class Slow:
    """The LLM takes long to begin its answer."""

    step: "Says | Calls | CallsTogether | Fails"
    secs: float


@dataclass(frozen=True)
class User:
    """The caller lets the bot finish, thinks, and speaks."""

    text: str
    after: float | None = None


@dataclass(frozen=True)
class Silence:
    """The caller lets the bot finish and then says nothing for a while."""

    secs: float


@dataclass(frozen=True)
class Interrupts:
    """The caller speaks while the bot does."""

    text: str
    after: float


@dataclass(frozen=True)
class Presses:
    """The caller presses keys of the telephone once the bot is done."""

    keys: str
    after: float | None = None


@dataclass(frozen=True)
class HangsUp:
    """The caller hangs up."""

    after: float | None = None
    while_bot_speaks: bool = False


LLMStep = Says | Calls | CallsTogether | Fails | Slow
"""A step one run of the LLM takes."""

CallerStep = User | Silence | Interrupts | Presses | HangsUp
"""A step the caller takes."""

Step = LLMStep | CallerStep


# Most scripts are not type-checked, and what fails inside the pipeline Pipecat only logs.
def _text(step: str, text: object, what: str = "a text") -> str:
    if not isinstance(text, str):
        raise TypeError(f"{step} takes {what}, not {text!r}")
    return text


def _secs(step: str, secs: object) -> float:
    if not isinstance(secs, int | float) or not 0 <= secs < math.inf:
        raise ValueError(f"{step} takes a number of seconds from 0 on, not {secs!r}")
    return secs


def _after(step: str, secs: float | None) -> float | None:
    return None if secs is None else _secs(step, secs)


def says(text: str) -> Says:
    """Let the LLM answer with a text, streamed word by word.

    Args:
        text: What the bot will say.
    """
    return Says(_text("says", text))


def calls(name: str, /, **arguments: Any) -> Calls:
    """Let the LLM call a function.

    The run of the LLM that follows it (in the next node, or with the result in the same node) takes the
    next LLM step.

    Args:
        name: Name of the function, as the node offers it.
        **arguments: Its arguments.
    """
    return Calls(_text("calls", name, "the name of a function as a text"), arguments)


def several(*steps: Calls) -> CallsTogether:
    """Let the LLM call several functions in one response.

    Args:
        *steps: The calls, in order, each made with `calls`.

    Raises:
        ValueError: There are fewer than two.
        TypeError: One is not made with `calls`.
    """
    if len(steps) < 2:
        raise ValueError("several needs two calls or more; use calls(...) for a single one")
    for step in steps:
        if not isinstance(step, Calls):  # pyright: ignore[reportUnnecessaryIsInstance]  # most scripts are not type-checked
            raise TypeError(f"several takes calls(...), not {step!r}")
    return CallsTogether(steps)


def fails(message: str) -> Fails:
    """Let the LLM service report an error; the bot stays silent.

    Args:
        message: The text of the error.
    """
    return Fails(_text("fails", message))


def slow(step: Says | Calls | CallsTogether | Fails, *, secs: float) -> Slow:
    """Let the LLM take long to begin an answer.

    Args:
        step: The answer, made with `says`, `calls`, `several` or `fails`.
        secs: Seconds from the request to the first token or function call.

    Raises:
        ValueError: `secs` is no such number.
        TypeError: `step` is no answer of the LLM.
    """
    if not isinstance(step, Says | Calls | CallsTogether | Fails):  # pyright: ignore[reportUnnecessaryIsInstance]  # most scripts are not type-checked
        raise TypeError(f"slow takes what the LLM answers, such as says(...) or calls(...), not {step!r}")
    return Slow(step, _secs("slow", secs))


def user(text: str, *, after: float | None = None) -> User:
    """Let the caller speak once the bot is done.

    Args:
        text: What the caller says.
        after: Seconds the caller waits after the bot has finished. None takes the pace of the call.
    """
    return User(_text("user", text), _after("user", after))


def silence(secs: float) -> Silence:
    """Let the caller say nothing once the bot is done.

    The silence is the caller's: what the bot says meanwhile takes the LLM steps that follow.

    Args:
        secs: For how long.
    """
    return Silence(_secs("silence", secs))


def interrupts(text: str, *, after: float) -> Interrupts:
    """Let the caller speak while the bot speaks.

    If the bot finishes earlier, the caller speaks then.

    Args:
        text: What the caller says.
        after: Seconds into the bot's speech.
    """
    return Interrupts(_text("interrupts", text), _secs("interrupts", after))


_KEYS = "0123456789*#"


def dtmf(keys: str, *, after: float | None = None) -> Presses:
    """Let the caller press keys of the telephone once the bot is done.

    Args:
        keys: The keys, from 0 to 9, ``*`` and ``#``, in order.
        after: Seconds the caller waits after the bot has finished. None takes the pace of the call.

    Raises:
        ValueError: There is no such key, or there are none at all.
    """
    if not keys or not set(keys) <= set(_KEYS):
        raise ValueError(f"dtmf takes keys from {_KEYS}, not {keys!r}")
    return Presses(keys, _after("dtmf", after))


def hangs_up(*, after: float | None = None, while_bot_speaks: bool = False) -> HangsUp:
    """Let the caller hang up.

    Args:
        after: Seconds to wait once the turn has come. None takes the pace of the call.
        while_bot_speaks: Whether the turn comes when the bot begins to speak, instead of when it is done.
    """
    return HangsUp(_after("hangs_up", after), while_bot_speaks)
