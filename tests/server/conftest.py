"""One assistant for the tests of a module, and a server of each test's own."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from rag.assistant import Assistant
from rag.embed import Embedder
from tests.server.sites import assistant_in, site


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Assistant:
    return assistant_in(tmp_path_factory.mktemp("site"), embedder)


@pytest.fixture
def client(assistant: Assistant) -> Iterator[httpx.Client]:
    """A client of a server over the module's assistant."""
    with site(assistant) as client:
        yield client
