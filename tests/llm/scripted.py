"""A server that speaks the OpenAI chat protocol just as a test tells it to, and records what it was asked.

It knows nothing of who asks, and no model is in it: each request is played one script, which sends whole answers
or goes wrong (tests/llm/faults.py). Nothing in it outlives ``TOO_LONG``, also where a script has no end.
"""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "scripted-1"
SAID = "The first sentence is whole [1]. The second one bre"
TOO_LONG = 120.0  # seconds that any exchange takes at most

Body = dict[str, Any]
Script = Callable[["Exchange"], None]


@dataclass
class Request:
    """What a client asked: the names of headers are lower-case, and the body is {} where there was none.

    ``over`` is set when it was answered, or given up; ``left`` then says whether the client had gone before the end.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: Body
    over: threading.Event = field(default_factory=threading.Event)
    left: bool = False

    @property
    def text(self) -> str:
        """All that its messages say, whoever they are said to be from."""
        return "\n".join(_content(message.get("content")) for message in self.body.get("messages", []))

    @property
    def key(self) -> str:
        """The key it was asked with."""
        return self.headers.get("authorization", "").removeprefix("Bearer ")


def _content(content: object) -> str:
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content)
    return str(content or "")


class _LeftError(Exception):
    """The client has gone, or the server is to end."""


class Exchange:
    """One request, and the means to answer it; a script calls these in whatever order it likes."""

    def __init__(self, server: ScriptedServer, handler: BaseHTTPRequestHandler, request: Request) -> None:
        self.request = request
        self.said = server.said
        self.pace = server.pace
        self.elsewhere = server.elsewhere
        self._handler = handler
        self._closing = server.closing
        self._until = time.monotonic() + TOO_LONG

    def head(self, status: int = 200, kind: str = "text/event-stream", **headers: str) -> None:
        """Send the head of a response whose body comes in pieces; in names of headers, ``_`` is ``-``."""
        self._handler.send_response(status)
        for name, value in {"content_type": kind, **headers}.items():
            self._handler.send_header(name.replace("_", "-"), value)
        self._handler.send_header("transfer-encoding", "chunked")
        self._handler.send_header("connection", "close")  # else a client may use it again while it is being closed
        self._handler.end_headers()

    def line(self, text: str) -> None:
        """Send a line of a head that is not made by ``head``."""
        self._handler.wfile.write(f"{text}\r\n".encode())

    def send(self, data: bytes) -> None:
        """Send a piece of the body.

        Raises:
            _LeftError: nobody listens any more.
        """
        if self._closing.is_set() or time.monotonic() > self._until:
            raise _LeftError
        if data:  # a piece of nothing would be the end
            self._handler.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def end(self) -> None:
        """End the body as it should end."""
        self._handler.wfile.write(b"0\r\n\r\n")

    def reset(self) -> None:
        """Break the connection, so that the client is told of an error and not of an end."""
        self._handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self._handler.connection.detach())

    def whole(self, status: int, body: bytes | Body, kind: str = "application/json", **headers: str) -> None:
        """Send a response that is no stream."""
        self.head(status, kind, **headers)
        self.send(body if isinstance(body, bytes) else json.dumps(body).encode())
        self.end()

    def refuse(self, status: int, message: str, code: str, **headers: str) -> None:
        """Send an error as the protocol words it."""
        error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
        self.whole(status, {"error": error}, **headers)

    def event(self, data: object) -> None:
        """Send one event of the stream."""
        self.send(b"data: %b\n\n" % json.dumps(data).encode())

    def chunk(self, delta: Body | None, finish: str | None = None, **more: object) -> Body:
        """Return a chunk of an answer as the protocol has it; ``more`` is added to it, or put in its place."""
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return {**self._top("chat.completion.chunk"), "choices": [choice], **self._usage(None), **more}

    def begin(self) -> None:
        """Begin a streamed answer."""
        self.head()
        self.event(self.chunk({"role": "assistant", "content": "", "refusal": None}))

    def say(self, text: str, size: int = 4) -> None:
        """Send words of a streamed answer, so many characters at a time."""
        for at in range(0, len(text), size):
            self.event(self.chunk({"content": text[at : at + size]}))

    def finish(self, text: str = "", reason: str = "stop", done: bool = True) -> None:
        """End a streamed answer that said ``text``, and tell its tokens (words, here) if that was asked for."""
        self.event(self.chunk({}, reason))
        if self._wants_usage:
            self.event({**self._top("chat.completion.chunk"), "choices": [], **self._usage(text)})
        if done:
            self.send(b"data: [DONE]\n\n")
        self.end()

    def complete(self, text: str) -> None:
        """Send an answer that is no stream."""
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        self.whole(200, {**self._top("chat.completion"), "choices": [choice], "usage": self.tokens(text)})

    def tokens(self, text: str) -> Body:
        """Return the tokens that this request and an answer took."""
        asked, said = len(self.request.text.split()), len(text.split())
        return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}

    def wait(self, seconds: float) -> None:
        """Do nothing for a while.

        Raises:
            _LeftError: the client has gone, or the server is to end.
        """
        until = min(time.monotonic() + seconds, self._until)
        while time.monotonic() < until:
            if self._closing.is_set() or self._gone(min(0.02, seconds)):
                raise _LeftError

    def forever(self) -> Iterator[int]:
        """Count, until the client has gone or ``TOO_LONG`` is over."""
        count = 0
        while time.monotonic() < self._until:
            yield count
            count += 1

    def _gone(self, seconds: float) -> bool:
        connection = self._handler.connection
        readable, _, _ = select.select([connection], [], [], seconds)
        return bool(readable) and connection.recv(1, socket.MSG_PEEK) == b""

    def _top(self, kind: str) -> Body:
        model = self.request.body.get("model", MODEL)
        return {"id": "chatcmpl-1", "object": kind, "created": 1_800_000_000, "model": model}

    @property
    def _wants_usage(self) -> bool:
        return bool((self.request.body.get("stream_options") or {}).get("include_usage"))

    def _usage(self, text: str | None) -> Body:
        if not self._wants_usage:
            return {}
        return {"usage": None if text is None else self.tokens(text)}


def answer(text: str | Callable[[Body], str], size: int = 4) -> Script:
    """Return a script that answers, with a text or with what is made of the request; a stream if one is asked for."""

    def play(exchange: Exchange) -> None:
        said = text if isinstance(text, str) else text(exchange.request.body)
        if not exchange.request.body.get("stream"):
            exchange.complete(said)
            return
        exchange.begin()
        exchange.say(said, size)
        exchange.finish(said)

    return play


def no_listener(exchange: Exchange) -> None:
    """Stand for a server that is down: alone or first among scripts, no connection to it is made."""
    raise AssertionError(f"nothing listens, and {exchange.request.path} was asked")


class ScriptedServer:
    """The server; ``url`` is its address as a client wants it, and ``requests`` are those it got, in order.

    Of its scripts each request is played the next, and the last one ever after. ``said`` is what a script says
    before it goes wrong, and ``pace`` the seconds between the letters of a slow one. ``elsewhere`` is the address
    of another server, to which scripts redirect, and ``strays`` are the requests that came there.
    """

    def __init__(self, scripts: tuple[Script, ...], said: str = SAID, pace: float = 0.05) -> None:
        self.said, self.pace = said, pace
        self.requests: list[Request] = []
        self.strays: list[Request] = []
        self.closing = threading.Event()
        self._scripts, self._lock = list(scripts), threading.Lock()
        self._running: list[ThreadingHTTPServer] = []
        self._other = self._listener(self.strays, lambda: answer("This came from elsewhere [1]."))
        self._main = self._listener(self.requests, self._next, listens=scripts[0] is not no_listener)
        self.elsewhere = f"http://localhost:{self._other.server_address[1]}/v1"
        self.url = f"http://127.0.0.1:{self._main.server_address[1]}/v1"

    def plays(self, *scripts: Script) -> None:
        """Play these from now on."""
        with self._lock:
            self._scripts[:] = scripts

    @property
    def asked(self) -> list[Request]:
        """The requests for an answer: not those for a list of models and the like."""
        return [request for request in self.requests if request.path == "/v1/chat/completions"]

    def stop(self) -> None:
        """Be down from now on; what is being sent is broken off."""
        self.closing.set()
        for server in self._running:
            server.shutdown()
        for server in (self._main, self._other):
            server.server_close()
        self._running.clear()

    def _next(self) -> Script:
        with self._lock:
            return self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]

    def _listener(
        self, requests: list[Request], script: Callable[[], Script], listens: bool = True
    ) -> ThreadingHTTPServer:
        """Return a listener; one that does not listen still keeps its port, so that no other program gets it."""
        owner = self

        class Handler(_Handler):
            def play(self, request: Request) -> None:
                requests.append(request)
                _play(script, Exchange(owner, self, request))

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
        server.daemon_threads = True
        server.server_bind()
        if listens:
            server.server_activate()
            self._running.append(server)
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return server


def _play(script: Callable[[], Script], exchange: Exchange) -> None:
    request = exchange.request
    try:
        if request.path == "/v1/chat/completions" and request.method == "POST":
            script()(exchange)
        elif request.path == "/v1/models":
            exchange.whole(200, {"object": "list", "data": [{"id": MODEL, "object": "model", "owned_by": "tests"}]})
        else:
            exchange.refuse(404, f"no such address: {request.path}", "not_found")
    except (_LeftError, ConnectionError):
        request.left = True
    finally:
        request.over.set()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def play(self, request: Request) -> None:
        raise NotImplementedError

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.close_connection = True  # a connection is never used twice: each script may break its own
        self.play(Request(self.command, self.path, headers, json.loads(data) if data else {}))

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def scripted(*scripts: Script, said: str = SAID, pace: float = 0.05) -> Iterator[ScriptedServer]:
    """Run a server that plays these scripts."""
    server = ScriptedServer(scripts, said, pace)
    try:
        yield server
    finally:
        server.stop()
