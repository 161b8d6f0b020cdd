"""Connections over real TCP: who says nothing is not waited for, and many of one address lock nobody else out."""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import httpx
import pytest

from rag.assistant import Assistant
from rag.embed import Embedder
from rag.server import connections, requests
from rag.settings import Settings
from tests.server.sites import site

HALF = b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def connect(client: httpx.Client, opened: ExitStack, said: bytes = b"", address: str = "127.0.0.1") -> socket.socket:
    at = ("127.0.0.1", int(client.base_url.port or 0))
    made = opened.enter_context(socket.create_connection(at, timeout=30, source_address=(address, 0)))
    made.sendall(said)
    return made


@pytest.mark.parametrize("said", [b"", HALF, HALF + b"\r\n" + HALF], ids=["nothing", "half", "half of the second"])
def test_who_does_not_say_what_is_wanted_is_not_waited_for(
    client: httpx.Client, opened: ExitStack, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(connections, "_REQUEST_WITHIN", 0.5)
    silent = connect(client, opened, said)
    started = time.monotonic()
    while silent.recv(10_000):
        pass
    assert time.monotonic() - started < 5


def test_who_trickles_is_not_waited_for(
    client: httpx.Client, opened: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_REQUEST_WITHIN", 0.5)
    slow = connect(client, opened, HALF)
    said = 0
    with suppress(OSError):
        while said < 100:
            slow.sendall(b"a: b\r\n")
            said += 1
            time.sleep(0.1)
    assert said < 50


def test_silent_connections_make_room(client: httpx.Client, opened: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_MOST", 20)
    quiet = connect(client, opened, HALF, "127.0.0.2")
    for _ in range(50):
        connect(client, opened)
    for _ in range(5):
        assert httpx.get(f"{client.base_url}/api/health").status_code == 200
    quiet.sendall(b"\r\n")  # of the address with most is one closed, not the oldest of all
    assert b"200 OK" in quiet.recv(1000)


def test_where_all_are_at_work_a_new_one_is_told_so(
    client: httpx.Client, opened: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_MOST", 20)
    body = b"POST /api/ask HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"
    busy = [connect(client, opened, body) for _ in range(30)]
    response = refused(client)
    assert response.json()["error"].startswith("too many connections")
    for connection in busy:
        connection.close()


def test_many_requests_of_one_address_leave_others_theirs(
    client: httpx.Client, opened: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "MOST_OF_ADDRESS", 10)
    body = b"POST /api/ask HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"
    busy = [connect(client, opened, body) for _ in range(10)]
    response = refused(client)
    assert response.json()["error"].startswith("too many connections from your address")
    assert httpx.get(f"{client.base_url}/api/health", headers={"x-forwarded-for": "192.0.2.7"}).status_code == 200
    for connection in busy:
        connection.close()


def refused(client: httpx.Client) -> httpx.Response:
    """Return the first response that is refused: the server may take a moment to see what was sent."""
    for _ in range(100):
        response = httpx.get(f"{client.base_url}/api/health")
        if response.status_code == 503:
            break
        time.sleep(0.05)
    assert response.status_code == 503
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
    assert int(response.headers["retry-after"]) > 0
    return response


def test_thirty_two_people_at_one_address_work_at_the_same_time(alone: httpx.Client, opened: ExitStack) -> None:
    """Each with a browser that keeps six connections open, and asks a question."""
    for _ in range(32 * 5):
        connect(alone, opened)
    asked = {"question": "Who built the mill at Brook Lane?"}

    def ask(_: int) -> int:
        for _ in range(60):
            response = httpx.post(f"{alone.base_url}/api/ask", json=asked, timeout=60)
            if response.status_code != 503:  # busy with the others' questions
                return response.status_code
            time.sleep(0.5)
        return response.status_code

    with ThreadPoolExecutor(32) as people:
        assert list(people.map(ask, range(32))) == [200] * 32


def test_what_is_no_http_is_told_like_other_errors(client: httpx.Client, opened: ExitStack) -> None:
    told = connect(client, opened, b"nonsense\r\n\r\n").makefile("rb").read()
    head, _, body = told.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"x-content-type-options: nosniff" in head.lower()
    assert json.loads(body)["error"].startswith("Invalid HTTP request")


def test_who_does_not_read_is_not_waited_for(
    client: httpx.Client, assistant: Assistant, opened: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_READ_WITHIN", 0.5)
    (assistant.settings.corpus / "mill.txt").write_bytes(b"a" * 2**25)
    deaf = connect(client, opened, b"GET /api/file?source=mill.txt HTTP/1.1\r\nHost: localhost\r\n\r\n")
    time.sleep(2)
    came = 0
    with suppress(ConnectionError):
        while found := deaf.recv(2**20):
            came += len(found)
    assert came < 2**25


def test_an_address_that_a_stranger_tells_is_not_believed(
    assistant: Assistant, embedder: Embedder, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "MOST_OF_ADDRESS", 0)
    settings = Settings(**assistant.settings.model_dump() | {"trusted_proxy": ""})
    caplog.set_level(logging.WARNING)
    with site(Assistant(settings, embedder)) as client:
        assert client.get("/api/health", headers={"x-forwarded-for": "192.0.2.7"}).status_code == 503
        monkeypatch.setattr(requests, "MOST_OF_ADDRESS", 10)
        for _ in range(2):
            response = client.get("/", headers={"x-forwarded-for": "192.0.2.7", "x-forwarded-proto": "https"})
    assert "Secure" not in response.headers.get("set-cookie", "")
    assert [one.getMessage() for one in caplog.records if "RAG_TRUSTED_PROXY" in one.getMessage()] == [
        "a proxy passes requests on, so that all count as one address: name it as RAG_TRUSTED_PROXY"
    ]
