"""The gate: where a password is set, nobody passes without it; browsers are asked for it on a page of their own."""

from __future__ import annotations

import asyncio
import base64
import binascii
from importlib import resources
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Receive, Scope, Send

from rag.server.layer import Layer, address_of, headers_of, refuse, refuse_method, respond
from rag.server.limits import TOO_SLOW, Later, read_body
from rag.server.password import Password
from rag.server.problems import disk_status
from rag.server.security import cookie, cookies_of, digest, owner_of, session_of

ADMISSION = "rag_admission"
_MONTH = 30 * 86_400  # seconds
_LARGEST_FORM = 10_000  # bytes
ICON = "/favicon.ico"
_FOR_ALL = ("/api/health", "/api/ready", ICON)


class Gate(Layer):
    """Lets through who has the password, by a cookie or in a header; all where none is set."""

    def __init__(self, app: ASGIApp, password: Password) -> None:
        super().__init__(app)
        self._password = password

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._password.is_set or scope["path"] in _FOR_ALL:
            return await self.app(scope, receive, send)
        admitted = self._admitted(scope)
        if scope["path"] == "/login":
            return await self._login(scope, receive, send, admitted=admitted)
        if scope["path"] == "/logout" and scope["method"] != "POST":
            return await refuse_method(send, "/logout", "POST")
        if scope["path"] == "/logout":
            return await self._logout(scope, send, admitted=admitted)
        if admitted:
            scope = {**scope, "rag.client": owner_of(cookies_of(scope))}
            return await self.app(scope, receive, send)
        try:
            told = await self._told(scope)
        except Later as later:
            return await refuse(send, later.status, str(later), later.headers)
        if told:
            return await self.app(scope, receive, send)
        await _turn_away(scope, send)

    def _admitted(self, scope: Scope) -> bool:
        cookies = cookies_of(scope)
        return self._password.admits(session_of(cookies), cookies.get(ADMISSION, ""))

    async def _told(self, scope: Scope) -> bool:
        """Whether the request itself tells the password."""
        password = _told_password(headers_of(scope).get("authorization", ""))
        return password is not None and await self._password.check(password, address_of(scope))

    async def _logout(self, scope: Scope, send: Send, *, admitted: bool) -> None:
        try:
            if admitted:
                await asyncio.to_thread(self._password.log_out, session_of(cookies_of(scope)))
        except OSError as error:
            said = f"You are still logged in: the disk failed ({error.strerror}). Mend that, and try again."
            return await _page(send, disk_status(error), "out", said)
        await _go(send, "/login", cookie(ADMISSION, "", 0, scope))

    async def _login(self, scope: Scope, receive: Receive, send: Send, *, admitted: bool) -> None:
        if scope["method"] not in ("GET", "POST"):
            return await refuse_method(send, "/login", "GET, HEAD, POST")
        if scope["method"] == "GET":
            return await _page(send, 200, "out" if admitted else "in")
        session = session_of(cookies_of(scope))
        if not session:
            return await _page(send, 400, "in", "This browser keeps no cookie for this page: allow it, and try again.")
        try:
            body = await read_body(scope, receive, _LARGEST_FORM) or b""
        except TimeoutError:
            return await refuse(send, 408, TOO_SLOW)
        form = parse_qs(body.decode("utf-8", "replace"))
        try:
            right = await self._password.check(form.get("password", [""])[0], address_of(scope))
        except Later as later:
            message = str(later)
            return await _page(send, later.status, "in", message[0].upper() + message[1:] + ".", later.headers)
        if not right:
            return await _page(send, 401, "in", "This is not the password.")
        await _go(send, "/", cookie(ADMISSION, self._password.admission(session), _MONTH, scope))


def _told_password(header: str) -> str | None:
    """Return the password in an Authorization header; None where there is none."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip().encode("latin-1", "replace").decode("utf-8", "replace")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(rest, validate=True).decode("utf-8", "replace").partition(":")[2]
    except binascii.Error:
        return None


async def _turn_away(scope: Scope, send: Send) -> None:
    headers = headers_of(scope)
    if scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
        return await _go(send, "/login")
    # A browser would meet the challenge with a window of its own, over the page.
    challenge = {} if "sec-fetch-mode" in headers else {"www-authenticate": 'Basic realm="rag", charset="UTF-8"'}
    await refuse(send, 401, "a password is needed: log in at /login, or send it as HTTP Basic or Bearer", challenge)


async def _go(send: Send, to: str, set_cookie: str | None = None) -> None:
    headers = {"location": to, **({"set-cookie": set_cookie} if set_cookie else {})}
    await respond(send, 303, b"", headers)


async def _page(send: Send, status: int, form: str, said: str = "", headers: dict[str, str] | None = None) -> None:
    """Answer with the page to log ``in`` or ``out``; ``said`` is what went wrong."""
    folder = resources.files("rag.server")
    style = folder.joinpath("login.css").read_text(encoding="utf-8")
    shown = folder.joinpath(f"log{form}.html").read_text(encoding="utf-8")
    page = shown.replace("{style}", style).replace("{said}", f'<p role="alert" id="said">{said}</p>' if said else "")
    policy = (
        f"default-src 'none'; img-src 'self'; style-src {digest(style)}; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    )
    named = {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": policy,
        # With no referrer at all, a browser does not say either from which origin the form comes.
        "referrer-policy": "same-origin",
        **(headers or {}),
    }
    await respond(send, status, page.encode(), named)
