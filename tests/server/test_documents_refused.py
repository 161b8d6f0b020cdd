"""What is asked of documents and refused: it changes none, so that all of it is asked of one server."""

from __future__ import annotations

import os

import httpx
import pytest

from rag.assistant import Assistant
from tests.server.sites import files, folder, put


@pytest.mark.parametrize(
    "name",
    [
        "",
        "..",
        "../up.txt",
        "/etc/cron.d/up.txt",
        "sub/up.txt",
        "..\\up.txt",
        "C:\\up.txt",
        ".hidden.txt",
        "up\x00.txt",
        "up\n.txt",
        "up\u202etxt.exe",
        "a" * 300 + ".txt",
    ],
)
def test_a_name_that_is_none_is_refused(client: httpx.Client, assistant: Assistant, name: str) -> None:
    before = files(assistant)
    response = put(client, name, b"Words.")
    assert response.status_code == 422
    assert set(response.json()) == {"error"}
    assert files(assistant) == before
    assert not (folder(assistant).parent / "up.txt").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [("setup.exe", b"MZ\x90\0\3\0"), ("report.pdf", b"\x89PNG\r\n\x1a\n\0\0"), ("letter.docx", b"\0no words")],
)
def test_what_is_no_document_is_refused(client: httpx.Client, assistant: Assistant, name: str, content: bytes) -> None:
    before = files(assistant)
    assert put(client, name, content).status_code == 415
    assert files(assistant) == before


OUTSIDE = [
    "../secret.txt",
    "/etc/passwd",
    "sub/../../secret.txt",
    "link.txt",
    "",
    ".",
    "mill.txt\x00",
    "%2e%2e/secret.txt",
]


@pytest.mark.parametrize("source", OUTSIDE)
@pytest.mark.parametrize("route", ["file", "documents"])
def test_nothing_outside_the_folder_is_given_or_taken(
    client: httpx.Client, assistant: Assistant, source: str, route: str
) -> None:
    secret = folder(assistant).parent / "secret.txt"
    secret.write_text("a secret")
    if not (folder(assistant) / "link.txt").is_symlink():
        os.symlink(secret, folder(assistant) / "link.txt")
    response = client.request("GET" if route == "file" else "DELETE", f"/api/{route}", params={"source": source})
    assert response.status_code == 404
    assert "a secret" not in response.text
    assert str(folder(assistant)) not in response.text
    assert secret.exists()


@pytest.mark.parametrize("token", ["", "../../corpus", "..", "0" * 16, "/etc"])
def test_a_token_that_is_none_puts_nothing_back(client: httpx.Client, token: str) -> None:
    assert client.post("/api/documents/restore", json={"token": token}).status_code == 404
