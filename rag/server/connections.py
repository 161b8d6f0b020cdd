"""Connections as uvicorn serves them, and what it leaves out: who says nothing neither stays nor locks others out."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

import h11
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from rag.server.layer import address_of, refuse
from rag.server.security import HEADERS, SafeHeaders

_MOST = 512  # a page holds two open for as long as it is looked at
_REQUEST_WITHIN = 10  # seconds: for the head of a request to be there, whole
_READ_WITHIN = 60  # seconds: for a client that reads nothing of a response


async def _too_many(scope: Scope, receive: Receive, send: Send) -> None:
    error = "too many connections: try again in a few seconds"
    await refuse(send, 503, error, {"retry-after": "5", "connection": "close"})


_REFUSED = SafeHeaders(_too_many)


class Connection(H11Protocol):
    """A connection. Where there are too many, one that is idle is closed to make room."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.idle_since = 0.0
        self._request_due: asyncio.TimerHandle | None = None
        self._read_due: asyncio.TimerHandle | None = None

    @property
    def address(self) -> str:
        """Where it comes from."""
        return address_of({"client": self.client})

    @property
    def is_idle(self) -> bool:
        """Whether no request is being served."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection in."""
        super().connection_made(transport)
        self._await_request()
        if not self._make_room():
            self.app = _REFUSED

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        super().connection_lost(exc)
        for timer in (self._request_due, self._read_due):
            if timer is not None:
                timer.cancel()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._await_request()

    def pause_writing(self) -> None:
        """Wait for the client to read."""
        super().pause_writing()
        self._read_due = self.loop.call_later(_READ_WITHIN, self.transport.abort)

    def resume_writing(self) -> None:
        """Write on."""
        super().resume_writing()
        if self._read_due is not None:
            self._read_due.cancel()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, as other errors are."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            body = json.dumps({"error": f"{msg.rstrip('.')}: send HTTP/1.1"}).encode()
            of_body = {"content-type": "application/json", "content-length": str(len(body)), "connection": "close"}
            headers = [(name.encode(), value.encode()) for name, value in {**HEADERS, **of_body}.items()]
            events = (h11.Response(status_code=400, headers=headers), h11.Data(data=body), h11.EndOfMessage())
            self.transport.write(b"".join(self.conn.send(event) or b"" for event in events))
        self.transport.close()

    def _await_request(self) -> None:
        self.idle_since = self.loop.time()
        if self._request_due is not None:
            self._request_due.cancel()
        self._request_due = self.loop.call_later(_REQUEST_WITHIN, self._close_if_idle)

    def _close_if_idle(self) -> None:
        if self.is_idle:
            self.transport.close()

    def _make_room(self) -> bool:
        """Where there are too many, close an idle one, of the address that has most; return whether there is room."""
        open_ones = [one for one in self.connections if isinstance(one, Connection) and not one.transport.is_closing()]
        idle = [one for one in open_ones if one.is_idle and one is not self]
        if len(open_ones) <= _MOST or not idle:
            return len(open_ones) <= _MOST
        of_address = Counter(one.address for one in open_ones)
        max(idle, key=lambda one: (of_address[one.address], -one.idle_since)).transport.close()
        return True
