"""The server, really running, for a test to talk to over HTTP; with a stand-in for the page, or the page itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from fastapi.responses import HTMLResponse

from rag.assistant import Assistant
from rag.embed import Embedder
from rag.server.app import guarded, server_app
from rag.server.questions import QuestionLimit
from rag.server.run import Server
from rag.settings import Settings
from tests.browser import free_port
from tests.folders import write
from tests.waiting import TIMEOUT

MILL = "The mill at Brook Lane was built in 1871 by Ada Stone.\n\nIt employed 45 people, and burned down in 1902.\n"
BAKER = "The bakery opened in 1950. Its first baker was Otto Klein, who came from Ulm.\n"


def assistant_in(folder: Path, embedder: Embedder) -> Assistant:
    """Return an assistant over two small documents and a broken one, with all it keeps in ``folder``."""
    write(folder / "corpus", {"mill.txt": MILL, "sub/bakery.md": BAKER, "broken.pdf": b"%PDF-1.7 no more"})
    settings = Settings(
        corpus=folder / "corpus",
        index=folder / "index",
        data=folder / "data",
        trusted_proxy="127.0.0.1",  # so that tests come from as many addresses as they like
    )
    made = Assistant(settings, embedder)
    made.sync()
    return made


@contextmanager
def site(assistant: Assistant, limit: QuestionLimit | None = None) -> Iterator[httpx.Client]:
    """Serve an assistant, with a stand-in for the page, and return a client of it."""
    app = server_app(assistant, limit)

    @app.get("/")
    def page() -> HTMLResponse:
        return HTMLResponse("<!doctype html><title>page</title><script>let a = 1;</script>")

    port = free_port()
    proxy = assistant.settings.trusted_proxy
    server = Server(guarded(app, assistant.settings), assistant.settings.host, port, trusted_proxy=proxy)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=TIMEOUT) as client:
        yield client
    server.close()


def folder(assistant: Assistant) -> Path:
    return assistant.settings.corpus


def files(assistant: Assistant) -> set[str]:
    return {path.relative_to(folder(assistant)).as_posix() for path in folder(assistant).rglob("*") if path.is_file()}


def put(client: httpx.Client, name: str, content: bytes | Iterator[bytes], **params: str) -> httpx.Response:
    return client.put("/api/documents", params={"name": name, **params}, content=content)
