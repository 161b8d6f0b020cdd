"""The requests that are being served: so many of an address at once, and each ended well when the server stops."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import suppress

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.server.layer import Layer, address_of, refuse
from rag.server.limits import PEOPLE

# A browser opens six connections to a server at most. Behind a proxy, requests are all that tells addresses apart.
MOST_OF_ADDRESS = 8 * PEOPLE
_ENDLESS = "/gradio_api/heartbeat/"  # open for as long as a page is: nothing is being answered
_LOOK_EVERY = 0.05  # seconds
_TO_END = 1  # seconds that a request has to end by itself, once it is told that its client has gone
_TOO_MANY = "too many connections from your address: close some pages, and try again"


class OpenRequests(Layer):
    """Knows what is being served."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app)
        self._tasks: dict[asyncio.Task[object], str] = {}  # with the path
        self._of_address: Counter[str] = Counter()
        self._ending = asyncio.Event()
        self._hurried = False

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = address_of(scope)
        if self._of_address[address] >= MOST_OF_ADDRESS:
            return await refuse(send, 503, _TOO_MANY, {"retry-after": "5", "connection": "close"})
        task = asyncio.current_task()
        assert task is not None
        self._tasks[task] = scope["path"]
        self._of_address[address] += 1
        try:
            await self._serve(scope, receive, send)
        finally:
            del self._tasks[task]
            self._of_address[address] -= 1
            if not self._of_address[address]:
                del self._of_address[address]

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = _Response(send)
        try:
            await self.app(scope, lambda: self._receive(receive), response)
        except ClientDisconnect:
            pass
        except asyncio.CancelledError:
            if not self._ending.is_set():
                raise
        if self._ending.is_set():
            await response.end()

    async def _receive(self, receive: Receive) -> Message:
        """Receive a message; once the server ends, that the client has gone."""
        receiving = asyncio.ensure_future(receive())
        ending = asyncio.ensure_future(self._ending.wait())
        try:
            await asyncio.wait((receiving, ending), return_when=asyncio.FIRST_COMPLETED)
            return receiving.result() if receiving.done() else {"type": "http.disconnect"}
        finally:
            receiving.cancel()
            ending.cancel()

    def hurry(self) -> None:
        """Wait no longer for answers."""
        self._hurried = True

    async def drain(self, seconds: float) -> None:
        """Wait until all is answered, for so many seconds at most, and end what is open still."""
        until = time.monotonic() + seconds
        while self._answering() and not self._hurried and time.monotonic() < until:
            await asyncio.sleep(_LOOK_EVERY)
        self._ending.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(_TO_END):
                while self._tasks:
                    await asyncio.sleep(_LOOK_EVERY)
        for task in self._tasks:
            task.cancel()

    def _answering(self) -> bool:
        return any(not path.startswith(_ENDLESS) for path in self._tasks.values())


class _Response:
    """Sends a response, and knows how far it is."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._started = self._ended = False

    async def __call__(self, message: Message) -> None:
        self._started = True
        self._ended = message["type"] == "http.response.body" and not message.get("more_body", False)
        await self._send(message)

    async def end(self) -> None:
        """Send what is missing of it."""
        if not self._started:
            await refuse(self._send, 503, "the server is being stopped: try again in a minute", {"retry-after": "60"})
        elif not self._ended:
            await self._send({"type": "http.response.body", "body": b""})
