"""How what goes wrong is told over real HTTP: the status that fits, as JSON; methods, parts of a file, the disk."""

from __future__ import annotations

import errno
import gc
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from rag.assistant import Assistant
from rag.embed import Embedder
from tests.server.sites import MILL, assistant_in, folder, put, site

PATHS = {
    "/api/health": "GET, HEAD",
    "/api/ask": "POST",
    "/api/documents": "DELETE, GET, HEAD, PUT",
    "/api/documents/restore": "POST",
    "/api/file": "GET, HEAD",
    "/api/page.json": "GET, HEAD",
    "/api/find": "GET, HEAD",
    "/": "GET, HEAD",
    "/conversations/a.md": "GET, HEAD",
    "/notes.md": "GET, HEAD",
}


@pytest.fixture
def own(tmp_path: Path, embedder: Embedder) -> Assistant:
    """An assistant of this test's own, since its folder is damaged."""
    return assistant_in(tmp_path, embedder)


@pytest.fixture
def own_client(own: Assistant) -> Iterator[httpx.Client]:
    with site(own) as client:
        yield client


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])
def test_a_wrong_method_is_told_with_those_there_are(client: httpx.Client, path: str, method: str) -> None:
    if method in PATHS[path].split(", "):
        return
    response = client.request(method, path)
    assert response.status_code == 405
    assert response.headers["allow"] == PATHS[path]
    assert PATHS[path] in response.json()["error"]


@pytest.mark.parametrize(
    "path", ["/", "/api/health", "/api/documents", "/api/file?source=mill.txt", "/api/openapi.json", "/favicon.ico"]
)
def test_head_works_where_get_does(client: httpx.Client, path: str) -> None:
    whole, head = client.get(path), client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) == len(whole.content)
    assert head.headers["content-type"] == whole.headers["content-type"]


def test_head_of_what_is_not_there_is_404(client: httpx.Client) -> None:
    assert client.head("/api/file?source=none.txt").status_code == 404
    assert client.head("/api/ask").status_code == 405


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ("bytes=a-b", 400, "range must be requested"),
        ("lines=1-2", 400, "Only support bytes range"),
        ("bytes=9-3", 400, "start must be less than end"),
        ("none", 400, "Malformed range header"),
        ("bytes=99999-", 416, "Range Not Satisfiable"),
    ],
)
def test_a_part_of_a_file_that_cannot_be_given_is_told_as_json(
    client: httpx.Client, asked: str, status: int, said: str
) -> None:
    response = client.get("/api/file?source=mill.txt", headers={"range": asked})
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"
    assert said in response.json()["error"]
    assert response.headers.get("content-range") == (f"bytes */{len(MILL)}" if status == 416 else None)


@pytest.mark.parametrize(
    ("number", "status"), [(errno.ENOSPC, 507), (errno.EDQUOT, 507), (errno.EROFS, 503), (errno.EIO, 503)]
)
def test_a_disk_that_does_not_take_a_document_is_told(
    own_client: httpx.Client, own: Assistant, monkeypatch: pytest.MonkeyPatch, number: int, status: int
) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("rag.library.os.fsync", fail)
    response = put(own_client, "new.txt", b"Words.")
    assert response.status_code == status
    said = "this folder is read-only" if number == errno.EROFS else os.strerror(number)
    assert said in response.json()["error"]
    assert not (folder(own) / "new.txt").exists()
    monkeypatch.setattr("rag.library.shutil.move", fail)
    assert own_client.delete("/api/documents?source=mill.txt").status_code == status
    monkeypatch.setattr("rag.assistant.Assistant.page_picture", fail)
    assert own_client.get("/api/page.png?source=mill.txt&page=1").status_code == status


def test_a_folder_that_is_gone_is_told(own_client: httpx.Client, own: Assistant) -> None:
    shutil.rmtree(folder(own))
    for response in (
        own_client.get("/api/documents"),
        put(own_client, "new.txt", b"Words."),
        own_client.delete("/api/documents?source=mill.txt"),
    ):
        assert response.status_code == 503
        assert set(response.json()) == {"error"}
        assert response.headers["retry-after"] == "5"
    assert own_client.get("/api/file?source=mill.txt").status_code == 404
    assert own_client.post("/api/search", json={"question": "Who built the mill?"}).status_code == 200


def test_what_is_refused_leaves_no_file_open(client: httpx.Client) -> None:
    def refused() -> int:
        status = client.post("/api/search", json={"question": "Who?", "sources": ["none.txt"]}).status_code
        return status + client.get("/api/file?source=none.txt").status_code

    refused()
    before = len(os.listdir("/proc/self/fd"))
    gc.disable()  # or it would close what is left open
    try:
        assert {refused() for _ in range(20)} == {404 + 404}
        assert len(os.listdir("/proc/self/fd")) == before
    finally:
        gc.enable()


def test_the_schema_tells_what_comes(client: httpx.Client) -> None:
    found = client.get("/api/openapi.json").json()
    assert "HTTPValidationError" not in json.dumps(found)
    assert "400" in found["paths"]["/api/ask"]["post"]["responses"]
    events = found["paths"]["/api/ask"]["post"]["responses"]["200"]["content"]["text/event-stream"]["schema"]
    assert events["properties"]["event"]["enum"] == ["sentence", "again", "answer", "error"]
    assert found["components"]["schemas"]["AskRequest"]["properties"]["question"]["minLength"] == 1
    file = found["paths"]["/api/file"]["get"]
    assert "Range" in file["description"]
    assert {"200", "206", "400", "404", "416"} <= file["responses"].keys()
    for path, methods in found["paths"].items():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    schema = response["content"]["application/json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/Problem"}, path
