"""What the bot is doing at the moment, told by its services, for a caller who waits his turn."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from flows_analytics.testing.happening import Happening, What


class BotActivity:
    """Whether the bot generates, has something left to say, or speaks.

    A real caller only hears the bot. The scripted one may also know that an answer is on its way, so that
    it never starts to speak in the gap between the LLM's answer and the bot's voice by accident.

    Services of one bot share one activity, and so does whoever wants to know what really happened::

        activity = BotActivity(on_happening=happenings.append)
    """

    def __init__(self, on_happening: Callable[[Happening], None] | None = None) -> None:
        """Begin with a bot that is quiet.

        Args:
            on_happening: Told what happens in the call, at the moment it happens. It must neither raise nor
                wait. None tells nobody.
        """
        self._on_happening = on_happening
        self._marks = 0
        self._generating = 0
        self._unspoken: set[str] = set()
        self._functions: dict[str, str] = {}
        self.waited_for = False
        """Whether a bot that works in silence is waited for, however long. A real caller does not know."""
        self._speaking_since: float | None = None
        self._quiet_since: float | None = None
        self._was_quiet = True
        self._changed = asyncio.Event()

    @property
    def watched(self) -> bool:
        """Whether somebody is told what happens."""
        return self._on_happening is not None

    def tell(self, what: What, at: float | None = None, **details: Any) -> None:
        """Tell whoever wants to know that something happened.

        Args:
            what: What it was.
            at: Loop time at which it happened. None means now.
            **details: Further fields of the `Happening`.
        """
        if self._on_happening is not None:
            now = asyncio.get_running_loop().time() if at is None else at
            self._on_happening(Happening(what, now, **details))

    def mark_word(self) -> int:
        """Draw the number that marks the next word in the audio of the bot's voices.

        Returns:
            A number from 1 to 30000. A call with more words begins anew.
        """
        self._marks = self._marks % 30_000 + 1
        return self._marks

    @property
    def speaking_since(self) -> float | None:
        """Loop time at which the bot began to speak, or None while it does not."""
        return self._speaking_since

    @property
    def quiet(self) -> bool:
        """Whether nothing is heard of the bot and nothing is on its way."""
        return not self._generating and not self._unspoken and not self.working and self._speaking_since is None

    @property
    def working(self) -> bool:
        """Whether it works in silence and is waited for: its functions run, or its LLM."""
        return self.waited_for and bool(self._functions or self._generating)

    @property
    def quiet_since(self) -> float | None:
        """Loop time at which the bot was last done, or None if it has not been active yet."""
        return self._quiet_since

    @contextmanager
    def generating(self) -> Generator[None]:
        """Mark the time in which the LLM works on a response."""
        self._generating += 1
        self._notify()
        try:
            yield
        finally:
            self._generating -= 1
            self._notify()

    @property
    def functions(self) -> tuple[str, ...]:
        """Names of the functions that run."""
        return tuple(self._functions.values())

    def function_began(self, tool_call_id: str, name: str) -> None:
        """Note that a function runs.

        Args:
            tool_call_id: The LLM's id of the call.
            name: The function.
        """
        self._functions[tool_call_id] = name
        self._notify()

    def function_ended(self, tool_call_id: str) -> None:
        """Note that a function has returned, failed or been cancelled.

        Args:
            tool_call_id: The LLM's id of the call.
        """
        self._functions.pop(tool_call_id, None)
        self._notify()

    def will_speak(self, context_id: str) -> None:
        """Note that the TTS has accepted text.

        Args:
            context_id: The TTS context the text belongs to.
        """
        self._unspoken.add(context_id)
        self._notify()

    def has_spoken(self, context_id: str | None) -> None:
        """Note that all audio of a TTS context has been played.

        Args:
            context_id: The TTS context, or None if the frame named none.
        """
        self._unspoken.discard(context_id or "")
        self._notify()

    def started_speaking(self) -> None:
        """Note that the bot's voice is heard."""
        self._speaking_since = asyncio.get_running_loop().time()
        self._notify()

    def stopped_speaking(self) -> None:
        """Note that the bot's voice is no longer heard."""
        self._speaking_since = None
        self._notify()

    def interrupted(self) -> None:
        """Note that everything the bot still had to say has been dropped."""
        self._unspoken.clear()
        self.tell("interrupted")
        self._notify()

    async def change(self, within: float) -> bool:
        """Wait until anything of the above happens.

        Args:
            within: Seconds after which to stop waiting.

        Returns:
            Whether something happened.
        """
        changed = self._changed
        try:
            async with asyncio.timeout(within):
                await changed.wait()
        except TimeoutError:
            # Both may fall into one moment; what happened counts.
            return changed.is_set()
        return True

    def _notify(self) -> None:
        if self.quiet and not self._was_quiet:
            self._quiet_since = asyncio.get_running_loop().time()
        self._was_quiet = self.quiet
        self._changed.set()
        self._changed = asyncio.Event()
