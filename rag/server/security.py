"""What every request passes through before it is served, and every response on its way out.

Headers that keep a page to itself, the names the server answers to, requests from other pages, which routes
there are at all, and the session that a browser is told apart by. It knows nothing of passwords.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.server.layer import Layer, headers_of, refuse, refuse_method, respond

SESSION = "rag_session"
_YEAR = 365 * 86_400  # seconds
_SESSION_VALUE = re.compile(r"[\w-]{43}", re.ASCII)  # 32 bytes, as secrets.token_urlsafe writes them
_INLINE_SCRIPT = re.compile(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)

_NOWHERE = "frame-ancestors 'none'; form-action 'self'; object-src 'none'"
# The page names itself as its base. Of inline scripts only those run that the server wrote, by their hashes.
# Gradio makes functions of text for every `js_on_load`, `js=` and template, which takes 'unsafe-eval': without
# it, nothing is drawn. It writes styles inline all over.
_PAGE_POLICY = (
    f"default-src 'self'; {_NOWHERE}; base-uri 'self'; connect-src 'self'; img-src 'self' data: blob:;"
    " font-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-eval'"
)
_POLICY = f"default-src 'none'; {_NOWHERE}; base-uri 'none'"

HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
# What a browser may keep: the page's own scripts and styles, which have their version in their names.
_KEPT = re.compile(r"/(?:assets|static|svelte)/")

# What the page and Gradio's client use. All else that Gradio serves stays closed: files, uploads, the proxy.
_READ_ONLY = re.compile(
    r"/|/(?:conversations|assets|static|svelte)/.*|/notes\.(?:md|html|json)|/(?:config|theme\.css|favicon\.ico|robots\.txt|manifest\.json)/?"
)
_OPEN = re.compile(
    r"/api/.*|/gradio_api/(?:info|app_id|startup-events|queue/join|queue/data|cancel|reset|heartbeat/\w+|run/predict)/?"
    r"|/gradio_api/call/(?:v2/)?(?:ask|search)(?:/\w+)?/?"
)
PAGES = ("/", "/login")


class SafeHeaders(Layer):
    """Puts the headers on every response, and takes off those that would let another origin read it."""

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        page = _Page(send) if scope["path"] == "/" and scope["method"] == "GET" else None
        if page is not None:  # its scripts are to be read here
            scope = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]}

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                _guard(MutableHeaders(scope=message), scope["path"])
            await (page or send)(message)

        await self.app(scope, receive, guarded)


def _guard(headers: MutableHeaders, path: str) -> None:
    for name in [name for name in headers if name.startswith("access-control-")]:
        del headers[name]
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if not _KEPT.match(path):
        headers["cache-control"] = "no-store"


class _Page:
    """Holds the page back until it is whole, and sends it with the hashes of its own scripts in its policy."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if message.get("more_body", False) or self._start is None:
            return
        headers = MutableHeaders(scope=self._start)
        if headers.get("content-type", "").startswith("text/html") and headers[_CSP] == _POLICY:
            headers[_CSP] = page_policy(self._body.decode("utf-8"))
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": self._body})


_CSP = "content-security-policy"


def page_policy(page: str) -> str:
    """Return the content security policy of a page: of the scripts in it, those that are there now."""
    return " ".join([_PAGE_POLICY, *(digest(script) for script in _INLINE_SCRIPT.findall(page))])


def digest(inline: str) -> str:
    """Return an inline script or style as a policy names it."""
    text = inline.replace("\r\n", "\n").encode()
    return f"'sha256-{base64.b64encode(hashlib.sha256(text).digest()).decode()}'"


class KnownHosts(Layer):
    """Answers only to names of this machine, unless ``any_name``.

    Else a page from elsewhere could point its own name at this machine, and read all there is.
    """

    def __init__(self, app: ASGIApp, any_name: Callable[[], bool]) -> None:
        super().__init__(app)
        self._any_name = any_name

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        host = headers_of(scope).get("host", "")
        # Another port than ours is no harm: it is what a tunnel to here has.
        if re.fullmatch(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?", host.lower()) or (host and self._any_name()):
            return await self.app(scope, receive, send)
        await refuse(send, 421, "this server answers to localhost alone: use http://localhost and its port")


class SameOrigin(Layer):
    """Refuses what a page from elsewhere asks for; following a link from there to the page is no such thing.

    Programs tell neither header, and are let through.
    """

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = headers_of(scope)
        if not _foreign(headers):
            return await self.app(scope, receive, send)
        if _visits(headers) and scope["method"] == "GET" and scope["path"] in PAGES:
            return await _ask_once_more(send)
        await refuse(send, 403, "this request comes from another site's page: open this server's own page")


# Where the address names a conversation, after its #, a script alone can keep that.
_SCRIPT = "location.replace(location.pathname + '?here' + location.hash)"
_ONCE_MORE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Ask your documents</title>'
    f'<noscript><meta http-equiv="refresh" content="0;url=?here"></noscript><script>{_SCRIPT}</script>'
).encode()
_HERE = b"here"


async def _ask_once_more(send: Send) -> None:
    """Let a browser ask again from this server's own page: a strict cookie does not come along from elsewhere."""
    policy = f"{_POLICY}; script-src {digest(_SCRIPT)}"
    await respond(send, 200, _ONCE_MORE, {"content-type": "text/html; charset=utf-8", _CSP: policy})


def _foreign(headers: Headers) -> bool:
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:  # no script can set it; right also behind a proxy that has another name
        return site not in ("same-origin", "none")
    return origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()


def _visits(headers: Headers) -> bool:
    return headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"


class OpenRoutes(Layer):
    """Serves only the routes that are meant to be there."""

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        read_only = _READ_ONLY.fullmatch(scope["path"])
        if read_only and scope["method"] != "GET":
            return await refuse_method(send, scope["path"], "GET, HEAD")
        if read_only or _OPEN.fullmatch(scope["path"]):
            return await self.app(scope, receive, send)
        await refuse(send, 404, "there is nothing here: /api/openapi.json lists what there is")


class Sessions(Layer):
    """Gives a browser a session with the page, for a year."""

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] not in PAGES or scope["method"] != "GET" or session_of(cookies_of(scope)):
            return await self.app(scope, receive, send)
        if _may_have_one(scope):
            return await _ask_once_more(send)

        async def giving(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                value = cookie(SESSION, secrets.token_urlsafe(32), _YEAR, scope)
                MutableHeaders(scope=message).append("set-cookie", value)
            await send(message)

        await self.app(scope, receive, giving)


def _may_have_one(scope: Scope) -> bool:
    """Whether a browser may have a session that did not come along, since a link elsewhere was followed.

    Without https, browsers do not say from where they come.
    """
    headers = headers_of(scope)
    untold = "sec-fetch-site" not in headers and "text/html" in headers.get("accept", "")
    return untold and scope["query_string"] != _HERE


def cookie(name: str, value: str, seconds: int, scope: Scope) -> str:
    """Return a cookie that only this server gets back, from its own pages, and no script sees."""
    secure = "; Secure" if scope.get("scheme") == "https" else ""
    return f"{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"


def cookies_of(scope: Scope) -> dict[str, str]:
    """Return a request's cookies."""
    return cookie_parser(headers_of(scope).get("cookie", ""))


def session_of(cookies: Mapping[str, str]) -> str:
    """Return the session among a request's cookies; "" where there is none."""
    value = cookies.get(SESSION, "")
    return value if _SESSION_VALUE.fullmatch(value) else ""


def owner_of(cookies: Mapping[str, str]) -> str:
    """Return whose a browser's conversations are: a hash, 32 hexadecimal digits; "" where it has no session."""
    session = session_of(cookies)
    return hashlib.sha256(f"owner {session}".encode()).hexdigest()[:32] if session else ""
