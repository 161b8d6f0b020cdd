"""How much may be asked of the server at once, in a minute and in one request."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.errors import RagError
from rag.server.layer import Layer, client_of, headers_of, refuse
from rag.types import Value

LARGEST_BODY = 2**20  # bytes, of all requests but a document
PEOPLE = 32  # that may be at one address, each with limits of their own: behind a router, or on one machine
_BODY_WITHIN = 30  # seconds
TOO_SLOW = "the request came too slowly: send it again"
_CLIENTS = 10_000  # that are remembered; the one not seen for longest is forgotten

_Result = TypeVar("_Result")


class Later(RagError):  # noqa: N818, it says what to do
    """The request is not served now: ask again after some seconds."""

    def __init__(self, status: int, message: str, seconds: float) -> None:
        super().__init__(message)
        self.status = status
        self.headers = {"Retry-After": str(math.ceil(seconds))}


class Workers:
    """Threads that answer questions: a few at once, some waiting, and no more.

    They are not waited for when the process ends: a language model may take a minute.
    """

    def __init__(self, at_once: int, waiting: int) -> None:
        self._at_once = threading.BoundedSemaphore(at_once)
        self._places = threading.BoundedSemaphore(at_once + waiting)

    def run(self, call: Callable[[], _Result]) -> asyncio.Future[_Result]:
        """Return the result to come; raises Later where too many wait."""
        if not self._places.acquire(blocking=False):
            raise Later(503, "busy with other questions: ask again in a few seconds", 3)
        # Not asyncio's own count of what runs: a client that leaves does not end the work of the thread.
        future: Future[_Result] = Future()
        threading.Thread(target=self._work, args=[future, call], name="question", daemon=True).start()
        coming = asyncio.wrap_future(future)
        coming.add_done_callback(_seen)
        return coming

    def _work(self, future: Future[_Result], call: Callable[[], _Result]) -> None:
        with self._at_once:
            try:
                if future.set_running_or_notify_cancel():  # whoever asked is still there
                    future.set_result(call())
            except BaseException as error:  # raised again where it is waited for
                future.set_exception(error)
            finally:
                self._places.release()


def _seen(coming: asyncio.Future[Any]) -> None:
    """Take note of an error that nobody waits for any more, so that asyncio does not report it."""
    if not coming.cancelled():
        coming.exception()


class _Bucket(Value):
    tokens: float
    at: float


class Rate:
    """So many requests a minute of each client, and as many at once."""

    def __init__(self, a_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = float(a_minute)
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait(self, client: str) -> float:
        """Return the seconds until one more is served; 0 where it is now."""
        return max(0.0, (1 - self._tokens(client)) * 60 / self._most)

    def check(self, client: str) -> None:
        """Raise Later where there were too many."""
        if (seconds := self.wait(client)) > 0:
            raise Later(429, f"more than {self._most:.0f} requests in a minute: wait {math.ceil(seconds)} s", seconds)

    def take(self, client: str) -> None:
        """Count one; raises Later where there were too many."""
        self.check(client)
        self._buckets[client] = _Bucket(tokens=self._tokens(client) - 1, at=self._clock())
        self._buckets.move_to_end(client)
        if len(self._buckets) > _CLIENTS:
            self._buckets.popitem(last=False)

    def _tokens(self, client: str) -> float:
        bucket = self._buckets.get(client)
        if bucket is None:
            return self._most
        return min(self._most, bucket.tokens + (self._clock() - bucket.at) * self._most / 60)


class RateLimit(Layer):
    """Serves so many changing requests a minute to each client, the page's own among them."""

    def __init__(self, app: ASGIApp, a_minute: int) -> None:
        super().__init__(app)
        self._rate = Rate(a_minute)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["method"] not in _READING:
                self._rate.take(client_of(scope))
        except Later as later:
            return await refuse(send, later.status, str(later), later.headers)
        await self.app(scope, receive, send)


_READING = ("GET", "HEAD", "OPTIONS")


class BodyLimit(Layer):
    """Reads a request's body before anything is done for it: none that is too large, or comes too slowly.

    The body of a document is left alone: it goes to the disk in pieces.
    """

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] in _READING or (scope["method"], scope["path"]) == _DOCUMENT:
            return await self.app(scope, receive, send)
        try:
            body = await read_body(scope, receive)
        except TimeoutError:
            return await refuse(send, 408, TOO_SLOW)
        if body is None:
            return await refuse(send, 413, f"the request is larger than {LARGEST_BODY // 2**20} MB: send less")
        await self.app(scope, _after(body, receive), send)


_DOCUMENT = ("PUT", "/api/documents")


async def read_body(scope: Scope, receive: Receive, most: int = LARGEST_BODY) -> bytes | None:
    """Return a request's body; None where it is larger than ``most`` bytes, as soon as that is seen.

    Raises:
        TimeoutError: It does not come in time.
        ClientDisconnect: It was not sent to its end.
    """
    declared = headers_of(scope).get("content-length", "")
    if declared.isdigit() and int(declared) > most:
        return None
    body, more = bytearray(), True
    async with asyncio.timeout(_BODY_WITHIN):
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            body += message.get("body", b"")
            if len(body) > most:
                return None
            more = message.get("more_body", False)
    return bytes(body)


def _after(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that gives ``body``, and then what comes after it."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
