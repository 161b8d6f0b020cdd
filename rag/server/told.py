"""Sentences told in a thread that answers, taken up in the loop that serves."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence

from rag.errors import AnswerStopped
from rag.types import Citation, Sentence


class Told:
    """All sentences of an answer so far, again and again, until its end."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._coming: asyncio.Queue[Sequence[Sentence] | None] = asyncio.Queue()
        self._closed = threading.Event()

    def tell(self, sentences: Sequence[Sentence], citations: Sequence[Citation]) -> None:
        """Pass sentences on, from any thread; raises AnswerStopped where nobody waits for them any more."""
        if self._closed.is_set():
            raise AnswerStopped("stopped: ask again")
        self._loop.call_soon_threadsafe(self._coming.put_nowait, sentences)

    def end(self, _: object = None) -> None:
        """Let whoever waits know that nothing more comes."""
        self._coming.put_nowait(None)

    def close(self) -> None:
        """Let whoever tells know that nobody waits."""
        self._closed.set()

    async def __aiter__(self) -> AsyncIterator[Sequence[Sentence]]:
        while (sentences := await self._coming.get()) is not None:
            yield sentences
