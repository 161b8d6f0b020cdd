"""One assistant and one server for the tests of a module, and a server of its own for a test of limits."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from rag.assistant import Assistant
from rag.embed import Embedder
from tests.server.sites import assistant_in, site
from tests.waiting import TIMEOUT


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Assistant:
    return assistant_in(tmp_path_factory.mktemp("site"), embedder)


@pytest.fixture(scope="module")
def address(assistant: Assistant) -> Iterator[str]:
    """The address of the module's server."""
    with site(assistant) as client:
        yield str(client.base_url)


@pytest.fixture
def client(address: str) -> Iterator[httpx.Client]:
    """A client without cookies of the module's server, which counts what all tests ask of it."""
    with httpx.Client(base_url=address, timeout=TIMEOUT) as client:
        yield client


@pytest.fixture
def alone(assistant: Assistant) -> Iterator[httpx.Client]:
    """The only client of a server that was never asked anything."""
    with site(assistant) as client:
        yield client


@pytest.fixture
def offline_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep Gradio's client, which is not ours, from asking a model hub what kind of program it runs in."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Another site: its address, and the folder of its pages."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_address[1]}", tmp_path
    server.shutdown()
