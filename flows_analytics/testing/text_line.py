"""The line of a call in text: no voice, no transport."""

import asyncio
from collections.abc import Awaitable, Callable

from pipecat.frames.frames import Frame, LLMMessagesAppendFrame
from pipecat.processors.aggregators.llm_context import LLMContextMessage
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from flows_analytics.testing.keypad import press_keys


class TextInput(FrameProcessor):
    """Where the messages of a client come into a text pipeline."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Pass every frame on.

        Args:
            frame: The frame.
            direction: Where it goes.
        """
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)

    async def take(self, text: str) -> None:
        """Take a message and have the LLM answer it.

        Args:
            text: What the client typed.
        """
        message: LLMContextMessage = {"role": "user", "content": text}
        await self.push_frame(LLMMessagesAppendFrame(messages=[message], run_llm=True))

    async def press(self, keys: str, secs: float) -> None:
        """Take keys of a telephone.

        Args:
            keys: The keys.
            secs: From one to the next.
        """
        await press_keys(self, keys, secs)


class TextLine:
    """Types what the caller says."""

    def __init__(self, text_input: TextInput, on_hang_up: Callable[[], Awaitable[None]]) -> None:
        """Create the line.

        Args:
            text_input: Where the messages go.
            on_hang_up: Called when the caller hangs up.
        """
        self._input = text_input
        self._on_hang_up = on_hang_up

    async def speak(self, text: str, secs: float) -> None:
        """Send a message and run the LLM.

        Args:
            text: The message.
            secs: How long typing takes.
        """
        await asyncio.sleep(secs)
        await self._input.take(text)

    async def press(self, keys: str, secs: float) -> None:
        """Press keys.

        Args:
            keys: The keys.
            secs: From one to the next.
        """
        await self._input.press(keys, secs)

    async def hang_up(self) -> None:
        """End the call from the caller's side."""
        await self._on_hang_up()
