"""A server in the background: an address had at once or not at all, and an end that waits for nobody."""

from __future__ import annotations

import errno
import socket
import threading
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp

from rag.errors import UsageError

_MOST_CONNECTIONS = 512  # a page holds two open for as long as it is looked at
_FAREWELL = 1  # seconds that open streams are given at the end


class Server:
    """A running server; ``close`` ends it."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        """Serve ``app`` from a thread of its own; raises UsageError where the address cannot be had."""
        sockets = _listen(host, port)
        config = uvicorn.Config(
            app,
            log_level="warning",
            ws="none",
            server_header=False,
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_graceful_shutdown=_FAREWELL,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=[sockets], name="server", daemon=True)
        self._thread.start()
        while not self._server.started:  # connections wait in the meantime: they are not refused
            self._thread.join(0.01)
            if not self._thread.is_alive():
                raise UsageError(f"the page cannot be served on {host}:{port}: see the lines above this one")

    def wait(self) -> None:
        """Return when the server has ended."""
        self._thread.join()

    def close(self) -> None:
        """Take no more requests, and end."""
        self._server.should_exit = True
        self._thread.join(timeout=5)


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
