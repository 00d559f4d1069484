"""Keys of a telephone: pressing them, and a keypad that the LLM hears of."""

import asyncio

from pipecat.audio.dtmf.types import KeypadEntry
from pipecat.frames.frames import Frame, InputDTMFFrame, LLMMessagesAppendFrame
from pipecat.processors.aggregators.llm_context import LLMContextMessage
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

# After the last key; less than a caller thinks.
_PAUSE_SECS = 0.507


async def press_keys(line: FrameProcessor, keys: str, secs: float) -> None:
    """Press keys where what the caller does comes into a pipeline.

    Args:
        line: The processor where it comes in.
        keys: The keys.
        secs: From one to the next.
    """
    for key in keys:
        await asyncio.sleep(secs)
        await line.push_frame(InputDTMFFrame(button=KeypadEntry(key)))


class Keypad(FrameProcessor):
    """Collects keys and has the LLM answer them, in the words of Pipecat's own DTMFAggregator.

    That one speaks of keys with a transcript, which the turn strategies of a bot may or may not take for a turn.
    """

    def __init__(self) -> None:
        """Begin without keys."""
        super().__init__()  # pyright: ignore[reportUnknownMemberType]  # Pipecat leaves **kwargs untyped
        self._keys = ""
        self._waiting: asyncio.Task[None] | None = None

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Pass every frame on, and keep the keys.

        Args:
            frame: The frame.
            direction: Where it goes.
        """
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)
        if isinstance(frame, InputDTMFFrame):
            self._keys += frame.button.value
            await self._stop_waiting()
            self._waiting = self.create_task(self._answer(), "keys")  # pyright: ignore[reportUnknownMemberType]  # Pipecat leaves tasks untyped

    async def cleanup(self) -> None:
        """Forget keys that nobody will answer."""
        await self._stop_waiting()
        await super().cleanup()

    async def _stop_waiting(self) -> None:
        if self._waiting:
            await self.cancel_task(self._waiting)  # pyright: ignore[reportUnknownMemberType]  # Pipecat leaves tasks untyped
            self._waiting = None

    async def _answer(self) -> None:
        await asyncio.sleep(_PAUSE_SECS)
        message: LLMContextMessage = {"role": "user", "content": f"DTMF: {self._keys}"}
        self._keys = ""
        await self.push_frame(LLMMessagesAppendFrame(messages=[message], run_llm=True))
