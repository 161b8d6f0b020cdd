"""How `rag mcp` ends: with its standard input, after what it was asked is answered, or at once by a signal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from rag.assistant import Assistant
from rag.embed import Embedder
from tests.folders import assistant_over
from tests.llm.scripted import MODEL, Exchange, ScriptedServer, scripted
from tests.waiting import TIMEOUT

WHO = "Who built the mill at Brook Lane?"
SAID = "Ada Stone built the mill at Brook Lane in 1871 [1]."
OPENING: list[dict[str, Any]] = [
    {
        "id": 0,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    },
    {"method": "notifications/initialized"},
]


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Assistant:
    text = "The mill at Brook Lane was built in 1871 by Ada Stone.\n"
    return assistant_over(tmp_path_factory.mktemp("mcp"), {"mill.txt": text}, embedder)


class HeldModel:
    """A language model that answers when it is let; ``reached`` is set when it was asked."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.let = threading.Event()

    def __call__(self, exchange: Exchange) -> None:
        self.reached.set()
        self.let.wait(3 * TIMEOUT)
        exchange.begin()
        exchange.say(SAID)
        exchange.finish(SAID)


@contextmanager
def started(assistant: Assistant, model: ScriptedServer) -> Iterator[subprocess.Popen[str]]:
    """Start `rag mcp` over an index, with a language model, greet it, and kill it where it has not ended."""
    path = os.pathsep.join(filter(None, [os.getcwd(), os.environ.get("PYTHONPATH")]))
    given = {"RAG_LLM_URL": model.url, "RAG_LLM_MODEL": MODEL, "RAG_LLM_SECONDS": str(5 * TIMEOUT)}
    command = [sys.executable, "-m", "rag", "mcp", "--corpus", str(assistant.settings.corpus)]
    server = subprocess.Popen(
        [*command, "--index", str(assistant.settings.index)],
        env={**os.environ, "PYTHONPATH": path, **given},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with server:
        try:
            send(server, *OPENING)
            assert server.stdout is not None
            assert json.loads(server.stdout.readline())["id"] == 0
            yield server
        finally:
            server.kill()


def send(server: subprocess.Popen[str], *messages: dict[str, Any]) -> None:
    assert server.stdin is not None
    server.stdin.write("".join(json.dumps({"jsonrpc": "2.0", **message}) + "\n" for message in messages))
    server.stdin.flush()


def call(number: int, tool: str, **arguments: Any) -> dict[str, Any]:
    return {"id": number, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}


def test_the_end_of_standard_input_ends_it_after_all_calls_are_answered(assistant: Assistant) -> None:
    held = HeldModel()
    with scripted(held) as model, started(assistant, model) as server:
        send(server, call(1, "ask", question=WHO), call(2, "search", question=WHO))
        assert held.reached.wait(TIMEOUT)
        assert server.stdin is not None
        server.stdin.close()
        with pytest.raises(subprocess.TimeoutExpired):
            server.wait(0.5)  # it does not end before the call is answered
        held.let.set()
        assert server.stdout is not None
        answers = {one["id"]: one for one in map(json.loads, server.stdout)}
        assert server.wait(TIMEOUT) == 0
        assert server.stderr is not None
        assert server.stderr.read() == ""
    assert answers.keys() == {1, 2}
    assert answers[1]["result"]["structuredContent"]["answer"].startswith("Ada Stone built the mill")
    assert answers[2]["result"]["structuredContent"]["results"][0]["source"] == "mill.txt"


def test_a_call_that_was_cancelled_is_not_waited_for(assistant: Assistant) -> None:
    held = HeldModel()
    with scripted(held) as model, started(assistant, model) as server:
        send(server, call(1, "ask", question=WHO))
        assert held.reached.wait(TIMEOUT)
        send(server, {"method": "notifications/cancelled", "params": {"requestId": 1}})
        held.let.set()
        out, err = server.communicate(timeout=TIMEOUT)
        assert (server.returncode, out, err) == (0, "", "")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_at_once_though_a_call_runs(assistant: Assistant, number: signal.Signals, code: int) -> None:
    held = HeldModel()
    with scripted(held) as model, started(assistant, model) as server:
        send(server, call(1, "ask", question=WHO))
        assert held.reached.wait(TIMEOUT)
        server.send_signal(number)
        out, err = server.communicate(timeout=TIMEOUT)  # the model is held for longer
        assert (server.returncode, out, err) == (code, "", "rag: stopped; nothing is lost\n")
        held.let.set()


def test_a_client_that_is_gone_ends_it_in_silence(assistant: Assistant) -> None:
    held = HeldModel()
    with scripted(held) as model, started(assistant, model) as server:
        send(server, call(1, "ask", question=WHO))
        assert held.reached.wait(TIMEOUT)
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.close()
        server.stdout.close()
        held.let.set()
        assert server.wait(TIMEOUT) == 0
        assert server.stderr is not None
        assert server.stderr.read() == ""
