"""Standard input and output: the server ends with its input, when every request is answered, or at once by a signal.

The mcp package has no settings for either: at the end of standard input it drops the calls that still run, and on
a signal it waits for the thread that reads standard input.
"""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterable, Awaitable, Callable
from types import FrameType
from typing import Any

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.server import Server
from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCError, JSONRPCNotification, JSONRPCRequest, JSONRPCResponse

_Incoming = SessionMessage | Exception  # the second is a line that is no message


def serve(server: Server[Any]) -> None:
    """Serve until standard input ends and all calls are answered; SIGINT and SIGTERM end the process at once."""
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, _end_at_once)
    try:
        anyio.run(_serve, server)
    except* BrokenPipeError:
        pass  # the client is gone


def _end_at_once(signal_number: int, _: FrameType | None) -> None:
    """End the process, not by an exception: Python would wait for the thread that reads standard input."""
    os.write(2, b"rag: stopped; nothing is lost\n")
    os._exit(128 + signal_number)


async def _serve(server: Server[Any]) -> None:
    requests = _OpenRequests()
    to_server, from_client = anyio.create_memory_object_stream[_Incoming]()
    to_client, from_server = anyio.create_memory_object_stream[SessionMessage]()
    async with stdio_server() as (incoming, outgoing), outgoing, anyio.create_task_group() as group:
        group.start_soon(_pass_in, incoming, to_server, requests)
        group.start_soon(_pass_out, from_server, outgoing.send, requests)
        await server.run(from_client, to_client, server.create_initialization_options())


class _OpenRequests:
    """The requests that are not answered yet."""

    def __init__(self) -> None:
        self._open: set[str] = set()
        self._answered = anyio.Event()

    def received(self, item: _Incoming) -> None:
        """Note a request, or that one was cancelled: such a one is never answered."""
        match item.message if isinstance(item, SessionMessage) else None:
            case JSONRPCRequest(id=number):
                self._open.add(str(number))
            case JSONRPCNotification(method="notifications/cancelled", params={"requestId": number}):
                self._open.discard(str(number))

    def sent(self, item: SessionMessage) -> None:
        """Note an answer."""
        if isinstance(item.message, JSONRPCResponse | JSONRPCError):
            self._open.discard(str(item.message.id))
            self._answered.set()

    async def all_answered(self) -> None:
        """Return when no request is open."""
        while self._open:
            self._answered = anyio.Event()
            await self._answered.wait()


async def _pass_in(
    incoming: AsyncIterable[_Incoming], to_server: MemoryObjectSendStream[_Incoming], requests: _OpenRequests
) -> None:
    """Pass on what the client sends; the server sees the end of it when all is answered, for it stops there."""
    async with to_server:
        async for item in incoming:
            requests.received(item)
            await to_server.send(item)
        await requests.all_answered()


async def _pass_out(
    from_server: MemoryObjectReceiveStream[SessionMessage],
    send: Callable[[SessionMessage], Awaitable[None]],
    requests: _OpenRequests,
) -> None:
    async for item in from_server:
        await send(item)
        requests.sent(item)
