"""What all tests share: the real embedder, loaded once, and a closed network."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from playwright.sync_api import Browser, sync_playwright

from rag.embed.packaged import PackagedEmbedder
from rag.index.local import LocalIndex
from rag.parse import ParsedFile
from rag.parse.worker import Worker
from tests.browser import CHROMIUM, start
from tests.databases import Server, server
from tests.llm.real import RealModel, real_model, weights
from tests.workers import KeptWorkers

# The same examples on every run: a failure is a change of the code, never of luck.
settings.register_profile(
    "tests",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=50,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
)
settings.load_profile("tests")


class NetworkBlockedError(RuntimeError):
    """A test reached for the network."""


_attempts: list[str] = []


def _is_local(host: object) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost", socket.gethostname()):
        return True
    try:
        address = ipaddress.ip_address(str(name))
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _refuse(host: object) -> None:
    _attempts.append(str(host))
    raise NetworkBlockedError(f"the tests may not reach {host}")


@pytest.fixture(scope="session", autouse=True)
def _closed_network() -> Iterator[None]:
    """Let no socket connect beyond this machine, and look no name up, from the first fixture to the last."""

    def guarded(real: Callable[..., Any]) -> Callable[..., Any]:
        def connect(self: socket.socket, address: Any, *rest: Any) -> Any:
            if self.family != socket.AF_UNIX and not _is_local(address[0]):
                _refuse(address[0])
            return real(self, address, *rest)

        return connect

    def guarded_lookup(real: Callable[..., Any]) -> Callable[..., Any]:
        def look_up(host: Any, *rest: Any, **named: Any) -> Any:
            if not _is_local(host):
                _refuse(host)
            return real(host, *rest, **named)

        return look_up

    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, guarded(getattr(socket.socket, name)))
        for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
            patch.setattr(socket, name, guarded_lookup(getattr(socket, name)))
        yield


@pytest.fixture(autouse=True)
def network_attempts() -> Iterator[list[str]]:
    """The hosts this test reached for; it fails if there are any, also where the code swallowed the error."""
    _attempts.clear()
    yield _attempts
    assert not _attempts, f"reached for the network: {_attempts}"


@pytest.fixture(scope="session")
def embedder() -> PackagedEmbedder:
    """The real embedder; its model is loaded once for all tests."""
    return PackagedEmbedder()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium, started once for all tests."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: install it to run the browser tests")
    with sync_playwright() as playwright:
        started = start(playwright)
        yield started
        started.close()


@pytest.fixture(scope="session")
def real_llm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealModel]:
    """A real language model behind a real server, started once for all tests."""
    file = weights()
    if file is None:
        pytest.skip("no weights of a language model on this machine: `make test` installs them")
    with real_model(file, tmp_path_factory.mktemp("real_llm")) as served:
        yield served


@pytest.fixture
def parsed_sources(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sources of the files that are parsed during the test, in order."""
    sources: list[str] = []
    real = Worker.parse

    def noted(worker: Worker, path: Path, source: str) -> ParsedFile:
        sources.append(source)
        return real(worker, path, source)

    monkeypatch.setattr(Worker, "parse", noted)
    return sources


@pytest.fixture(scope="module")
def kept_workers() -> Iterator[None]:
    """Let all runs of a module read their files in one process."""
    kept = KeptWorkers()
    with kept.reads():
        yield
    kept.close()


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """An empty folder for documents."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server with pgvector, started once for all tests, or the database of ``TEST_DATABASE``."""
    with server(os.environ.get("TEST_DATABASE")) as started:
        yield started


@pytest.fixture
def index(tmp_path: Path) -> Iterator[LocalIndex]:
    """An index that nothing was built in yet."""
    opened = LocalIndex(tmp_path / "index")
    yield opened
    opened.close()
