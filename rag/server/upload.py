"""A document on its way from a client to the disk: in pieces, and none kept in memory."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from anyio import CapacityLimiter, from_thread, to_thread
from fastapi import Request
from starlette.requests import ClientDisconnect

from rag.assistant import Assistant
from rag.errors import DocumentRefused, DocumentTooLarge, UsageError
from rag.library import usable_name
from rag.parse import LARGEST_FILE
from rag.server.layer import client_of
from rag.server.limits import Later

_WINDOW, _LEAST = 30, 256 * 1024  # seconds, and the bytes that come in them: a slow mobile network has ten times that
_CUT_OFF_AFTER = 3600  # seconds: no upload that goes on is silent for so long
_PART = re.compile(r"\.[0-9a-f]{16}\.part")  # as rag.library names them
_WHOLE_WITHIN = 900  # seconds: a client that trickles does not hold a place for ever


@asynccontextmanager
async def swept(corpus: Path) -> AsyncIterator[None]:
    """Delete what is left of uploads that were cut off, by a power cut or a kill: at once, and then every hour."""
    await to_thread.run_sync(_sweep, corpus, 0)
    sweeping = asyncio.create_task(_sweep_hourly(corpus))
    yield
    sweeping.cancel()


async def _sweep_hourly(corpus: Path) -> None:
    while True:
        await asyncio.sleep(_CUT_OFF_AFTER)
        await to_thread.run_sync(_sweep, corpus, _CUT_OFF_AFTER)


def _sweep(corpus: Path, older_than: float) -> None:
    """Delete the parts of documents that were not written to for so many seconds."""
    for path in corpus.glob(".*.part"):
        with suppress(OSError):
            if _PART.fullmatch(path.name) and time.time() - path.stat().st_mtime >= older_than:
                path.unlink()


class Uploads:
    """Writes some documents at once, and some of each client; each takes a thread, for as long as its client takes."""

    def __init__(self, assistant: Assistant, at_once: int, of_client: int) -> None:
        self._assistant = assistant
        self._threads = CapacityLimiter(at_once)
        self._of_client = of_client
        self._clients: Counter[str] = Counter()

    async def add(self, request: Request, name: str, **how: bool) -> str:
        """Put the body of a request into the folder, ``how`` the Assistant has it, and return the document's source.

        Raises:
            UsageError: The name cannot be used, or the client broke off.
            DocumentRefused: As the Assistant says.
            Later: Too many are on their way, or this one comes too slowly.
        """
        _check(name, request.headers.get("content-length", ""))
        with self._place(client_of(request.scope)):
            pieces = _pieces(request.stream(), Pace())
            return await to_thread.run_sync(
                lambda: self._assistant.add_document(name, pieces, **how), limiter=self._threads
            )

    @contextmanager
    def _place(self, client: str) -> Iterator[None]:
        if self._threads.available_tokens < 1 or self._clients[client] >= self._of_client:
            raise Later(503, "busy with other documents: send it again in a few seconds", 5)
        self._clients[client] += 1
        try:
            yield
        finally:
            self._clients[client] -= 1
            self._clients += Counter()  # forgets who has none


class Pace:
    """How much longer a document may take: so many bytes are to come in every window of some seconds."""

    def __init__(self) -> None:
        self._end = time.monotonic() + _WHOLE_WITHIN
        self._begin_window()

    def _begin_window(self) -> None:
        self._window_end = time.monotonic() + _WINDOW
        self._came = 0

    def seconds(self) -> float:
        """Return for how long the next piece is waited for."""
        return min(self._window_end, self._end) - time.monotonic()

    def note(self, size: int) -> None:
        """Take note of a piece."""
        self._came += size
        if self._came >= _LEAST:
            self._begin_window()


def _check(name: str, declared: str) -> None:
    """Refuse what can be refused before it comes."""
    try:
        usable_name(name)
    except DocumentRefused as error:
        raise UsageError(str(error)) from error
    if declared.isdigit() and int(declared) > LARGEST_FILE:
        raise DocumentTooLarge(f"{name} is larger than {LARGEST_FILE // 2**20} MB: split it")


def _pieces(stream: AsyncGenerator[bytes], pace: Pace) -> Iterator[bytes]:
    """Yield, in a thread, what the server's loop receives."""
    while (piece := from_thread.run(_next, stream, pace)) is not None:
        pace.note(len(piece))
        yield piece


async def _next(stream: AsyncGenerator[bytes], pace: Pace) -> bytes | None:
    try:
        async with asyncio.timeout(pace.seconds()):
            return await anext(stream, None)
    except TimeoutError as error:
        raise Later(408, "the file comes too slowly: send it again over a better connection", 1) from error
    except ClientDisconnect as error:
        raise UsageError("the file was not sent to its end: send it again") from error
