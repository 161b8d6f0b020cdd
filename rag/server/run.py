"""A server in the background: an address had at once or not at all, and an end that lets answers be finished."""

from __future__ import annotations

import asyncio
import errno
import logging
import math
import socket
import threading
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from rag.errors import UsageError
from rag.server.connections import Connection
from rag.server.layer import Head, Layer, headers_of
from rag.server.requests import OpenRequests
from rag.server.security import SafeHeaders

log = logging.getLogger(__name__)

DRAINED_WITHIN = 10  # seconds that questions being answered have when the server is stopped
_CLOSED_WITHIN = 5  # seconds more for all the rest of it


class Server:
    """A running server; ``stop`` or ``close`` ends it."""

    def __init__(
        self, app: ASGIApp, host: str, port: int, *, trusted_proxy: str = "", drained_within: float = DRAINED_WITHIN
    ) -> None:
        """Serve ``app`` from a thread of its own, and believe a ``trusted_proxy`` who asks.

        Raises:
            UsageError: The address cannot be had.
        """
        sockets = _listen(host, port)
        self._requests = OpenRequests(app if trusted_proxy else _ProxyNotice(app))
        self._drained_within = drained_within
        config = uvicorn.Config(
            Head(SafeHeaders(self._requests)),
            http=Connection,
            log_level="warning",
            ws="none",
            server_header=False,
            forwarded_allow_ips=trusted_proxy,
            timeout_graceful_shutdown=math.ceil(drained_within + _CLOSED_WITHIN),
        )
        self._server = _Uvicorn(config, self._requests, drained_within)
        self._thread = threading.Thread(target=self._server.run, args=[sockets], name="server", daemon=True)
        self._thread.start()
        while not self._server.started:  # connections wait in the meantime: they are not refused
            self._thread.join(0.01)
            if not self._thread.is_alive():
                raise UsageError(f"the page cannot be served on {host}:{port}: see the lines above this one")

    def wait(self) -> None:
        """Return when the server has ended."""
        self._thread.join()

    def stop(self) -> None:
        """Take no more requests, and end when what is being answered is answered; at once, when told again."""
        if self._server.should_exit:
            self._requests.hurry()
        self._server.should_exit = True

    def close(self) -> None:
        """Stop, and wait for it."""
        self.stop()
        self._thread.join(timeout=self._drained_within + _CLOSED_WITHIN)


class _ProxyNotice(Layer):
    """Says once that requests come through a proxy that is not named as trusted."""

    _said = False

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._said and "x-forwarded-for" in headers_of(scope):
            self._said = True
            log.warning("a proxy passes requests on, so that all count as one address: name it as RAG_TRUSTED_PROXY")
        await self.app(scope, receive, send)


class _Uvicorn(uvicorn.Server):
    """Ends open requests well, where uvicorn would cut them off."""

    def __init__(self, config: uvicorn.Config, requests: OpenRequests, drained_within: float) -> None:
        super().__init__(config)
        self._requests = requests
        self._drained_within = drained_within

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        draining = asyncio.create_task(self._requests.drain(self._drained_within))
        await super().shutdown(sockets)
        await draining


def _listen(host: str, port: int) -> list[socket.socket]:
    """Return listening sockets at all addresses of ``host``: ``localhost`` may have one of each family."""
    found: list[socket.socket] = []
    try:
        for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            with suppress(_FamilyOff):
                found.append(_socket(family, str(address[0]), port))
        if not found:
            raise OSError("this machine has no such address")
    except OSError as error:
        for opened in found:
            opened.close()
        raise UsageError(f"the page cannot be served on {host}:{port} ({error}): name another --port") from error
    return found


def _socket(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
            raise _FamilyOff from error
        raise


class _FamilyOff(Exception):  # noqa: N818, it says what was met
    """A name may have an address of a family that is switched off."""
