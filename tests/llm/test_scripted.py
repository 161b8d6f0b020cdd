"""The scripted server plays its scripts: what the openai client makes of each, with nothing around it."""

from __future__ import annotations

import json
import socket
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai
import pytest
from openai import OpenAI
from openai.types import CompletionUsage
from openai.types.chat import ChatCompletionChunk

from tests.llm.faults import BOMB, FAULTS, HUGE, ways
from tests.llm.scripted import MODEL, SAID, Body, Script, ScriptedServer, answer, scripted
from tests.waiting import TIMEOUT, wait_until

TEXT = "Der Müller 磨坊主 hieß „Ada“ 🙂 [1].\n\nNext: 45 people [2]."
WAYS = ways(TEXT)
PATIENCE = 2.0  # seconds that a client waits for the next bytes where none come
ENOUGH = 0.3  # seconds that it listens to what has no end
# The client takes all there is, or never returns.
UNHEARD = {"huge-chunk", "gzip-bomb", "endless-line", "endless-comments", "endless-hints", "drip-head"}

# What the client raises; none where nothing is here, and then it is for who reads the chunks to see what is wrong.
RAISED: dict[str, type[Exception]] = {
    **dict.fromkeys(["refused", "closes-at-once", "closes-after-head"], openai.APIConnectionError),
    **dict.fromkeys(["closes-midway", "resets-midway"], openai.APIConnectionError),
    **dict.fromkeys(["silent", "silent-after-head", "silent-midway"], openai.APITimeoutError),
    "400-too-long": openai.BadRequestError,
    "401": openai.AuthenticationError,
    "403": openai.PermissionDeniedError,
    "404-model": openai.NotFoundError,
    "422-detail": openai.UnprocessableEntityError,
    "429": openai.RateLimitError,
    **dict.fromkeys(["500", "502-html", "503"], openai.InternalServerError),
    **dict.fromkeys(["error-in-stream", "error-text-in-stream"], openai.APIError),
    "invalid-json": json.JSONDecodeError,
    "nested-json": RecursionError,
    "long-number": ValueError,
    "not-utf-8": UnicodeDecodeError,
    **dict.fromkeys(["chunk-null", "chunk-list", "choice-null", "delta-null", "delta-text"], AttributeError),
    **dict.fromkeys(["choices-null", "choices-number", "content-number", "content-list"], TypeError),
    "redirect-302": openai.NotFoundError,
}


@dataclass
class Heard:
    """What a client got that takes everything as it comes: the words, why it ended, the tokens, and what it raised."""

    text: str = ""
    reason: str | None = None
    usage: CompletionUsage | None = None
    error: BaseException | None = None
    chunks: int = 0


@cache
def _connections() -> httpx2.Client:
    """Return what all clients connect with, as openai makes it: to make one takes longer than most tests."""
    return openai.DefaultHttpxClient(verify=False, timeout=TIMEOUT)


def client_of(server: ScriptedServer, **options: Any) -> OpenAI:
    kept = {"api_key": "a-key", "max_retries": 0, "http_client": _connections(), **options}
    return OpenAI(base_url=server.url, **{"timeout": TIMEOUT, **kept})


def heard_from(server: ScriptedServer, **options: Any) -> Heard:
    """Ask for a stream, and take what comes; no more of it than shows what it is where it has no end."""
    heard = Heard()
    try:
        with asked(client_of(server, **options)) as stream:
            for chunk in stream:
                _hear(heard, chunk)
                if len(heard.text) > 100 or (not heard.text and heard.chunks > 20):
                    break
    except Exception as error:  # which kinds there are is what is to be found out
        heard.error = error
    return heard


def asked(client: OpenAI, usage: bool = True) -> openai.Stream[ChatCompletionChunk]:
    return client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Who?"}],
        stream=True,
        stream_options={"include_usage": usage},
    )


def _hear(heard: Heard, chunk: ChatCompletionChunk) -> None:
    heard.chunks += 1
    heard.usage = chunk.usage or heard.usage
    for choice in chunk.choices:
        heard.text += choice.delta.content or ""
        heard.reason = choice.finish_reason or heard.reason


@contextmanager
def raw(server: ScriptedServer) -> Iterator[Iterator[bytes]]:
    """Ask without the openai client, and yield the bytes of the body as they come."""
    body = {"model": MODEL, "stream": True, "messages": []}
    url = f"{server.url}/chat/completions"
    with httpx2.Client(timeout=TIMEOUT, verify=False) as client, client.stream("POST", url, json=body) as response:
        yield response.iter_raw()


def listen_a_while(server: ScriptedServer, silent: bool) -> bytes:
    """Ask without any client, which might wait for more than there is, and go; return all that came.

    What comes first is waited for, unless the server is silent.
    """
    heard = b""
    with socket.create_connection(("127.0.0.1", urlsplit(server.url).port), timeout=TIMEOUT) as connection:
        connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\n\r\n{}")
        assert wait_until(lambda: server.asked != [])
        heard += b"" if silent else connection.recv(65_536)
        connection.settimeout(ENOUGH)
        until = time.monotonic() + ENOUGH
        with suppress(TimeoutError):
            while time.monotonic() < until:
                heard += connection.recv(65_536)
    return heard


@pytest.mark.parametrize("name", [name for name in FAULTS if name not in UNHEARD])
def test_a_fault_is_what_it_is_called(name: str) -> None:
    fault = FAULTS[name]
    with scripted(fault.play, pace=0.005) as server:
        heard = heard_from(server, timeout=TIMEOUT if fault.ends else PATIENCE)
        assert type(heard.error) is RAISED.get(name, type(None)), heard
        assert heard.text.startswith(SAID) is fault.starts
        assert len(server.asked) == (name != "refused")


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if not fault.ends])
def test_what_has_no_end_ends_when_the_client_goes(name: str) -> None:
    with scripted(FAULTS[name].play, pace=0.02) as server:
        heard = listen_a_while(server, silent=name == "silent")
        assert (heard == b"") is (name == "silent")
        assert b"\r\n0\r\n\r\n" not in heard
        assert server.asked[0].over.wait(TIMEOUT)
        assert server.asked[0].left


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.ends and name != "refused"])
def test_what_has_an_end_is_played_to_it(name: str) -> None:
    with scripted(FAULTS[name].play) as server:
        try:
            with raw(server) as pieces:
                size = sum(len(piece) for piece in pieces)
        except httpx2.TransportError:
            size = 0
        assert server.asked[0].over.wait(TIMEOUT)
        assert not server.asked[0].left
        assert (size > HUGE) is (name == "huge-chunk")


def test_a_little_gzip_is_a_lot_of_text() -> None:
    with scripted(FAULTS["gzip-bomb"].play) as server, raw(server) as pieces:
        packed = b"".join(pieces)
    unpacker, size = zlib.decompressobj(zlib.MAX_WBITS | 16), 0
    for at in range(0, len(packed), 1024):
        size += len(unpacker.decompress(packed[at : at + 1024]))
    assert BOMB < size < BOMB + 100
    assert len(packed) < BOMB / 900


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_arrives_whole_in_whichever_way_it_is_sent(way: str) -> None:
    with scripted(WAYS[way]) as server:
        heard = heard_from(server)
    assert (heard.text, heard.reason, heard.error) == (TEXT, "stop", None)


def test_tokens_are_told_to_those_who_ask() -> None:
    with scripted(answer("One two three.")) as server:
        heard = heard_from(server)
        untold = list(asked(client_of(server), usage=False))
    assert heard.usage is not None
    assert (heard.usage.prompt_tokens, heard.usage.completion_tokens, heard.usage.total_tokens) == (3, 3, 6)
    assert [chunk.usage for chunk in untold] == [None] * len(untold)


def test_what_is_asked_is_recorded() -> None:
    with scripted(answer("Yes.")) as server:
        heard_from(server, default_headers={"X-Note": "a note"})
        assert [model.id for model in client_of(server).models.list()] == [MODEL]
    request = server.asked[0]
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert request.key == "a-key"
    assert request.headers["x-note"] == "a note"
    assert request.text == "Be brief.\nWho?"
    assert request.body["stream_options"] == {"include_usage": True}
    assert [request.path for request in server.requests] == ["/v1/chat/completions", "/v1/models"]


def test_each_request_is_played_the_next_script_and_the_last_ever_after() -> None:
    def again(body: Body) -> str:
        return f"{len(body['messages'])} messages"

    scripts: tuple[Script, ...] = (answer("One."), FAULTS["500"].play, answer(again))
    with scripted(*scripts) as server:
        heard = [heard_from(server) for _ in range(4)]
        server.plays(answer("Another."))
        heard.append(heard_from(server))
    assert [one.text for one in heard] == ["One.", "", "2 messages", "2 messages", "Another."]
    assert isinstance(heard[1].error, openai.InternalServerError)


def test_who_asks_for_no_stream_gets_none() -> None:
    with scripted(answer("Yes, it is.")) as server:
        said = client_of(server).chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Is it?"}])
    assert said.choices[0].message.content == "Yes, it is."
    assert said.usage is not None
    assert said.usage.completion_tokens == 3


@pytest.mark.parametrize(("name", "method", "body"), [("redirect-302", "GET", False), ("redirect-307", "POST", True)])
def test_who_follows_a_redirect_is_seen_elsewhere(name: str, method: str, body: bool) -> None:
    with scripted(FAULTS[name].play) as server:
        heard_from(server)
        assert [(stray.method, bool(stray.body)) for stray in server.strays] == [(method, body)]
        with httpx2.Client(verify=False, follow_redirects=False, timeout=TIMEOUT) as still:
            heard = heard_from(server, http_client=still)
        assert isinstance(heard.error, openai.APIStatusError)
        assert len(server.strays) == 1


def test_too_many_requests_are_told_when_to_come_back() -> None:
    with scripted(FAULTS["429"].play) as server:
        error = heard_from(server).error
    assert isinstance(error, openai.RateLimitError)
    assert error.response.headers["retry-after"] == "3600"


def test_a_server_that_stops_breaks_off_and_is_down() -> None:
    with scripted(FAULTS["drip"].play, pace=0.02) as server:
        stream = asked(client_of(server))
        next(stream)
        server.stop()
        with pytest.raises(openai.APIConnectionError):
            list(stream)
        with pytest.raises(openai.APIConnectionError):
            asked(client_of(server))
