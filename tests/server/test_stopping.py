"""How the server ends: what is being answered is answered, what hangs is ended, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from rag.assistant import Assistant
from rag.server import requests
from rag.server.app import guarded, server_app
from rag.server.run import Server
from rag.server.upload import _sweep
from tests.browser import free_port
from tests.folders import write

UPLOAD = b"PUT /api/documents?name=cut.txt HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999\r\n\r\nwords"
HEARTBEAT = b"GET /gradio_api/heartbeat/abc HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def slow(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Let answers wait for an event."""
    event, ask = threading.Event(), assistant.ask

    def wait(*given: Any, **named: Any) -> Any:
        event.wait(30)
        return ask(*given, **named)

    monkeypatch.setattr(assistant, "ask", wait)
    return event


@contextmanager
def asked(assistant: Assistant, drained_within: float) -> Iterator[tuple[Server, Any]]:
    """Serve, and ask a question whose response is to come."""
    port = free_port()
    app = guarded(server_app(assistant), assistant.settings)
    server = Server(app, "127.0.0.1", port, drained_within=drained_within)
    with ThreadPoolExecutor(1) as beside:
        address = f"http://127.0.0.1:{port}/api/ask"
        coming = beside.submit(httpx.post, address, json={"question": "Who built the mill?"}, timeout=60)
        until(lambda: server._requests._tasks)
        yield server, coming


def until(is_so: Any) -> None:
    for _ in range(2400):  # two minutes: to start the command takes half of one on a busy machine
        if is_so():
            return
        time.sleep(0.05)
    pytest.fail("it never came to be so")


def test_what_is_being_answered_is_answered(assistant: Assistant, slow: threading.Event) -> None:
    with asked(assistant, 30) as (server, coming):
        server.stop()
        until(lambda: not accepts(server))
        assert server._thread.is_alive()
        slow.set()
        assert coming.result().json()["citations"]
        server.wait()


def accepts(server: Server) -> bool:
    return any(listening.is_serving() for listening in server._server.servers)


def test_what_takes_too_long_is_told_so(
    assistant: Assistant, slow: threading.Event, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "_TO_END", 0.1)
    with asked(assistant, 0.1) as (server, coming):
        server.stop()
        response = coming.result()
        server.wait()
    slow.set()
    assert response.status_code == 503
    assert "the server is being stopped" in response.json()["error"]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert caplog.records == []


def test_told_twice_it_waits_no_longer(assistant: Assistant, slow: threading.Event) -> None:
    with asked(assistant, 600) as (server, coming):
        server.stop()
        server.stop()
        assert coming.result().status_code == 503
        server.wait()
    slow.set()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_command_well(tmp_path: Path, number: signal.Signals) -> None:
    """With a page open and an upload half done, there is one exit code, no traceback, and no part of a file."""
    write(tmp_path / "corpus", {"mill.txt": "The mill was built in 1871."})
    port = free_port()
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-m", "rag", "serve", "--port", str(port)]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    until(lambda: answers(port))
    page, upload = (socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(2))
    page.sendall(HEARTBEAT)
    assert b"200 OK" in page.recv(1000)
    upload.sendall(UPLOAD)
    until(lambda: list((tmp_path / "corpus").glob(".*.part")))
    process.send_signal(number)
    time.sleep(0.5)
    upload.close()  # or it would be waited for
    _, told = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Traceback" not in told
    assert "ERROR" not in told
    assert [path.name for path in (tmp_path / "corpus").iterdir()] == ["mill.txt"]
    page.close()


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/api/ready").is_success
    except httpx.TransportError:
        return False


def test_parts_of_uploads_that_were_cut_off_are_deleted(assistant: Assistant) -> None:
    cut, other = ".0123456789abcdef.part", ".notes.part"
    corpus = assistant.settings.corpus
    write(corpus, {cut: "words", other: "words"})
    server = Server(guarded(server_app(assistant), assistant.settings), "127.0.0.1", free_port())
    assert not (corpus / cut).exists()
    assert (corpus / other).exists()
    server.close()
    write(corpus, {cut: "words"})
    _sweep(corpus, 3600)
    assert (corpus / cut).exists()
    os.utime(corpus / cut, (0, 0))
    _sweep(corpus, 3600)
    assert not (corpus / cut).exists()
    (corpus / other).unlink()
