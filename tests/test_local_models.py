"""The models on this machine: found where they are served, whatever else listens there, and nobody else is asked."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from rag import local_models
from rag.local_models import LocalServer, find_servers
from tests.browser import free_port

Play = Callable[[socket.socket], None]


def says(body: bytes | object, status: str = "200 OK", more: str = "") -> Play:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()

    def play(connection: socket.socket) -> None:
        head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(data)}\r\n{more}\r\n"
        connection.sendall(head.encode() + data)

    return play


def endlessly(piece: bytes, pause: float, head: bytes = b"HTTP/1.1 200 OK\r\n\r\n") -> Play:
    def play(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(piece)
            time.sleep(pause)

    return play


@contextmanager
def listening(play: Play) -> Iterator[int]:
    """Play this to everyone who connects; yields the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection, suppress(OSError):
                        connection.recv(10_000)
                        play(connection)

        threading.Thread(target=run, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def listens_on(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def set_ports(**ports: int) -> None:
        monkeypatch.setattr(local_models, "PORTS", ports)

    return set_ports


def test_each_server_is_found_with_its_models_and_no_other_address_is_asked(
    listens_on: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    connect = socket.socket.connect

    def noted(self: socket.socket, to: Any) -> None:
        asked.append(to)
        connect(self, to)

    monkeypatch.setattr(socket.socket, "connect", noted)
    closed = free_port()
    two, none = says({"data": [{"id": "qwen2.5:3b"}, {"id": "llama3"}]}), says({"object": "list", "data": None})
    with listening(two) as full, listening(none) as empty:
        listens_on(Full=full, Empty=empty, Closed=closed)
        assert find_servers() == [
            LocalServer(program="Full", url=f"http://127.0.0.1:{full}/v1", models=("qwen2.5:3b", "llama3")),
            LocalServer(program="Empty", url=f"http://127.0.0.1:{empty}/v1", models=()),
        ]
        assert sorted(asked) == sorted(("127.0.0.1", port) for port in (full, empty, closed))


NO_SERVERS: dict[str, Play] = {
    "says-nothing": lambda connection: None,
    "is-no-http": lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "is-a-site": says(b"<!doctype html><title>My site</title>"),
    "has-no-such-page": says({"data": [{"id": "a"}]}, "404 Not Found"),
    "leads-elsewhere": says({"data": [{"id": "a"}]}, "302 Found", "location: http://127.0.0.1:1/v1/models\r\n"),
    "is-packed": says(gzip.compress(b'{"data": [{"id": "a"}]}'), more="content-encoding: gzip\r\n"),
    "has-no-list": says({"models": []}),
    "has-a-number": says({"data": 7}),
    "is-a-list": says([{"id": "a"}]),
    "is-deep": says(b"[" * 100_000),
    "is-cut-off": says(b'{"data": [{"id": "a"}'),
    "never-ends": endlessly(b" " * 10_000, 0),
    "drips": endlessly(b" ", 0.2),
    "never-comes-to-its-head": endlessly(b"HTTP/1.1 100 Continue\r\n\r\n", 0.1, b""),
}


@pytest.mark.parametrize("name", NO_SERVERS)
def test_what_is_no_server_of_models_is_none_and_is_not_waited_for(name: str, listens_on: Any) -> None:
    with listening(NO_SERVERS[name]) as port:
        listens_on(Something=port)
        started = time.monotonic()
        assert find_servers() == []
        assert time.monotonic() - started < 10  # a hundredth of it, but for a busy machine


def test_of_what_a_server_says_only_names_are_taken(listens_on: Any) -> None:
    odd = ["\x1b[2Jx", "a\u202eb", "", "   ", "x" * 201, 7, None, ["a"], {"id": "b"}]
    listed = [*({"id": one} for one in odd), "text", None, {"name": "c"}, {"id": "<b>bold</b>"}, {"id": "<b>bold</b>"}]
    many = [{"id": f"model {number}"} for number in range(1000)]
    with listening(says({"data": listed})) as strange, listening(says({"data": many})) as large:
        listens_on(Strange=strange, Large=large)
        found = find_servers()
    assert found[0].models == ("<b>bold</b>",)
    assert found[1].models == tuple(f"model {number}" for number in range(50))
