"""A layer around an application: the plain ASGI that the others are made of, so that streams pass as they come."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Layer:
    """Passes on all but HTTP requests; those, ``_http`` sees to. WebSockets are refused."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a connection, as ASGI has it."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self.app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        await self.app(scope, receive, send)


class Head(Layer):
    """Answers HEAD as GET, without the body: wherever one works, so does the other."""

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "HEAD":
            return await self.app(scope, receive, send)

        async def headers_only(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b""})

        await self.app({**scope, "method": "GET"}, receive, headers_only)


def headers_of(scope: Scope) -> Headers:
    """Return a request's headers."""
    return Headers(scope=scope)


def client_of(scope: Scope) -> str:
    """Return who asks, as far as the rates are concerned: a session that was let in, else an address."""
    return str(scope.get("rag.client") or address_of(scope))


def address_of(scope: Scope) -> str:
    """Return the address a request comes from; of IPv6, the network, since each has as many as it likes."""
    host = str((scope.get("client") or ("",))[0])
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.version == 4:
        return host
    return str(address.ipv4_mapped or ipaddress.ip_network((int(address), 64), strict=False))


async def refuse(send: Send, status: int, error: str, headers: Mapping[str, str] | None = None) -> None:
    """Answer a request with an error in one line."""
    body = json.dumps({"error": error}, ensure_ascii=False).encode()
    await respond(send, status, body, {"content-type": "application/json", **(headers or {})})


async def refuse_method(send: Send, path: str, allowed: str) -> None:
    """Answer a request whose method is none of those ``allowed``."""
    await refuse(send, 405, f"{path} takes {allowed}: use one of these", {"allow": allowed})


async def respond(send: Send, status: int, body: bytes, headers: Mapping[str, str]) -> None:
    """Answer a request."""
    named = {"content-length": str(len(body)), **headers}
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in named.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
