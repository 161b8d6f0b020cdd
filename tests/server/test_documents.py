"""Documents over HTTP: put in, listed, given back as they are, taken out, put back."""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from rag.assistant import Assistant
from rag.embed import Embedder
from rag.parse import LARGEST_FILE
from rag.server import api as api_module
from rag.server import upload
from tests.folders import write
from tests.server.sites import BAKER, MILL, assistant_in, files, folder, put, site
from tests.waiting import TIMEOUT, wait_until


@pytest.fixture
def assistant(tmp_path: Path, embedder: Embedder) -> Assistant:
    """An assistant of this test's own, since its documents change."""
    return assistant_in(tmp_path, embedder)


@pytest.fixture
def client(assistant: Assistant) -> Iterator[httpx.Client]:
    with site(assistant) as client:
        yield client


def states(client: httpx.Client) -> dict[str, str]:
    return {one["source"]: one["state"] for one in client.get("/api/documents").json()["documents"]}


def test_documents_are_listed_each_with_its_state(client: httpx.Client, assistant: Assistant) -> None:
    write(folder(assistant), {"new.txt": "News."})
    assert states(client) == {
        "mill.txt": "indexed",
        "sub/bakery.md": "indexed",
        "broken.pdf": "failed",
        "new.txt": "waiting",
    }
    notes = {one["source"]: one["note"] for one in client.get("/api/documents").json()["documents"]}
    assert notes["broken.pdf"]


def test_a_document_is_put_in_whole_and_can_be_asked_once_indexed(client: httpx.Client, assistant: Assistant) -> None:
    content = b"The lighthouse at Far Point is 41 metres tall.\n"
    response = put(client, "Leuchtturm — größer.txt", content)
    assert (response.status_code, response.json()) == (201, {"source": "Leuchtturm — größer.txt"})
    assert (folder(assistant) / "Leuchtturm — größer.txt").read_bytes() == content
    assistant.sync()
    found = client.post("/api/ask", json={"question": "How tall is the lighthouse at Far Point?"}).json()
    assert found["citations"][0]["source"] == "Leuchtturm — größer.txt"


def test_one_of_the_same_name_is_replaced_only_when_asked(client: httpx.Client, assistant: Assistant) -> None:
    assert put(client, "mill.txt", b"Other words.").status_code == 409
    assert (folder(assistant) / "mill.txt").read_text() == MILL
    assert put(client, "mill.txt", b"Other words.", replace="true").status_code == 201
    assert (folder(assistant) / "mill.txt").read_text() == "Other words."


def test_a_document_goes_to_the_disk_in_pieces(client: httpx.Client, assistant: Assistant) -> None:
    """Before the last piece is sent, the first are on the disk, under a name that no run takes for a document."""
    seen: list[tuple[int, bool]] = []

    def pieces() -> Iterator[bytes]:
        for _ in range(64):
            yield b"word " * 2**14
        wait_until(lambda: any(part.stat().st_size > 2**20 for part in folder(assistant).glob(".*.part")))
        seen.append((len(list(folder(assistant).glob(".*.part"))), (folder(assistant) / "long.txt").exists()))
        yield b"end"

    assert put(client, "long.txt", pieces()).status_code == 201
    assert seen == [(1, False)]
    assert (folder(assistant) / "long.txt").stat().st_size == 64 * 5 * 2**14 + 3
    assert not list(folder(assistant).glob(".*"))


def test_one_too_large_is_refused_by_its_length_before_it_is_sent(client: httpx.Client, assistant: Assistant) -> None:
    raw = http.client.HTTPConnection("127.0.0.1", client.base_url.port, timeout=TIMEOUT)
    raw.putrequest("PUT", "/api/documents?name=large.txt")
    raw.putheader("Content-Length", str(LARGEST_FILE + 1))
    raw.endheaders()
    assert raw.getresponse().status == 413
    raw.close()


def test_one_too_large_is_refused_as_it_comes(
    client: httpx.Client, assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.library.LARGEST_FILE", 2**20)
    before = files(assistant)
    response = put(client, "large.txt", (b"word " * 2**10 for _ in range(2**9)))
    assert response.status_code == 413
    assert files(assistant) == before


def test_a_client_that_breaks_off_or_dawdles_leaves_nothing(
    client: httpx.Client, assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "_WINDOW", 1)
    before = files(assistant)
    head = b"PUT /api/documents?name=%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nwords"
    with socket.create_connection(("127.0.0.1", client.base_url.port)) as broken:
        broken.sendall(head % b"broken.txt")
        time.sleep(0.3)
    with socket.create_connection(("127.0.0.1", client.base_url.port), timeout=TIMEOUT) as slow:
        slow.sendall(head % b"slow.txt")
        assert b" 408 " in slow.recv(1000)
    assert wait_until(lambda: files(assistant) == before)


def test_a_document_that_trickles_is_given_up(
    client: httpx.Client, assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A piece now and then does not keep an upload alive; enough of them do."""
    monkeypatch.setattr(upload, "_WINDOW", 1)
    monkeypatch.setattr(upload, "_LEAST", 100)

    def pieces(size: int) -> Iterator[bytes]:
        for _ in range(15):
            yield b"a" * size
            time.sleep(0.1)

    assert put(client, "steady.txt", pieces(50)).status_code == 201
    with contextlib.suppress(httpx.WriteError):  # the connection may be closed before all is sent
        assert put(client, "trickle.txt", pieces(5)).status_code == 408
    assert "trickle.txt" not in files(assistant)
    assert not list(folder(assistant).glob(".*.part"))


def test_slow_clients_hold_few_places_and_others_go_on(client: httpx.Client) -> None:
    head = b"PUT /api/documents?name=slow%d.txt HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nwords"
    slow: list[socket.socket] = []
    for number in range(100):
        slow.append(socket.create_connection(("127.0.0.1", client.base_url.port)))
        slow[-1].sendall(head % number)
        time.sleep(0.05)  # or the quick one may be in the place of a slow one
        response = put(client, "one-more.txt", b"Words.", replace="true")
        if response.status_code == 503:
            break
    assert response.status_code == 503
    assert len(slow) == 8
    assert int(response.headers["retry-after"]) >= 1
    others = {"x-forwarded-for": "192.0.2.7"}
    assert client.put("/api/documents?name=other.txt", content=b"Words.", headers=others).status_code == 201
    assert client.post("/api/search", json={"question": "Who built the mill?"}).status_code == 200
    for connection in slow:
        connection.close()


def test_uploads_have_their_own_rate(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_module, "_UPLOADS_A_MINUTE", 2)
    with site(assistant) as client:
        found = [put(client, f"{number}.txt", b"Words.").status_code for number in range(3)]
        assert client.post("/api/search", json={"question": "Who built the mill?"}).status_code == 200
    assert found == [201, 201, 429]


def test_a_document_is_taken_out_and_put_back(client: httpx.Client, assistant: Assistant) -> None:
    token = client.delete("/api/documents", params={"source": "mill.txt"}).json()["token"]
    assert "mill.txt" not in files(assistant)
    assert client.post("/api/documents/restore", json={"token": token}).json() == {"source": "mill.txt"}
    assert (folder(assistant) / "mill.txt").read_text() == MILL
    assert client.post("/api/documents/restore", json={"token": token}).status_code == 404


def test_nothing_is_put_back_over_another_file(client: httpx.Client, assistant: Assistant) -> None:
    token = client.delete("/api/documents", params={"source": "mill.txt"}).json()["token"]
    put(client, "mill.txt", b"Other words.")
    assert client.post("/api/documents/restore", json={"token": token}).status_code == 409
    assert (folder(assistant) / "mill.txt").read_text() == "Other words."


def test_the_file_of_a_document_is_given_as_it_is_and_to_be_saved(client: httpx.Client, assistant: Assistant) -> None:
    name = 'größer «<script>"; x=1».html'
    content = b"<title>t</title><p>Words of <script>alert(1)</script> a page.</p>"
    write(folder(assistant), {f"sub/{name}": content})
    assert client.get("/api/file", params={"source": f"sub/{name}"}).status_code == 404  # not indexed yet
    assistant.sync()
    response = client.get("/api/file", params={"source": f"sub/{name}"})
    assert response.content == content
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-disposition"] == f"attachment; filename*=utf-8''{quote(name, safe='')}"
    assert response.headers["cache-control"] == "no-store"
    assert client.get("/api/file", params={"source": "broken.pdf"}).status_code == 404


def test_a_part_of_a_file_may_be_asked_for(client: httpx.Client) -> None:
    response = client.get("/api/file", params={"source": "mill.txt"}, headers={"range": "bytes=4-7"})
    assert (response.status_code, response.text) == (206, MILL[4:8])


def add_lighthouse(assistant: Assistant) -> None:
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(300, 400), invariant=1)
    canvas.drawString(40, 300, "The lighthouse at Far Point is 41 metres tall.")
    canvas.save()
    write(folder(assistant), {"lighthouse.pdf": file.getvalue()})
    assistant.sync()


def test_a_page_of_a_pdf_is_given_as_a_picture(client: httpx.Client, assistant: Assistant) -> None:
    add_lighthouse(assistant)
    asked = {"source": "lighthouse.pdf", "page": "1"}
    response = client.get("/api/page.png", params=asked)
    assert response.headers["content-type"] == "image/png"
    assert response.content == assistant.page_picture("lighthouse.pdf", 1)
    assert response.content.startswith(b"\x89PNG")
    for other in ({"page": "2"}, {"source": "mill.txt"}, {"source": "../secret.pdf"}, {"source": "broken.pdf"}):
        refused = client.get("/api/page.png", params={**asked, **other})
        assert refused.status_code == 404, refused.text
    assert client.get("/api/page.png", params={**asked, "page": "0"}).status_code == 422
    sharp = Image.open(io.BytesIO(client.get("/api/page.png", params={**asked, "scale": "2"}).content))
    assert sharp.size == (1250, 1667)
    assert client.get("/api/page.png", params={**asked, "scale": "3"}).status_code == 422


def test_the_words_of_a_page_are_given_with_their_places(client: httpx.Client, assistant: Assistant) -> None:
    add_lighthouse(assistant)
    asked = {"source": "lighthouse.pdf", "page": "1"}
    response = client.get("/api/page.json", params=asked)
    assert response.headers["content-type"] == "application/json"
    assert (response.headers["cache-control"], response.headers["x-content-type-options"]) == ("no-store", "nosniff")
    words = response.json()["words"]
    assert "".join(one["text"] + one["after"] for one in words) == "The lighthouse at Far Point is 41 metres tall.\n"
    text = assistant.document("lighthouse.pdf").text
    assert all(text[one["start"] :].startswith(one["text"]) for one in words)
    assert all(0 <= at <= 16384 for one in words for at in one["box"])
    for other in ({"page": "2"}, {"source": "mill.txt"}, {"source": "../secret.pdf"}, {"source": "broken.pdf"}):
        assert client.get("/api/page.json", params={**asked, **other}).status_code == 404
    assert client.get("/api/page.json", params={**asked, "page": "0"}).status_code == 422


def test_words_are_found_in_a_document(client: httpx.Client, assistant: Assistant) -> None:
    add_lighthouse(assistant)
    response = client.get("/api/find", params={"source": "lighthouse.pdf", "text": "FÁR  point"})
    assert (response.headers["cache-control"], response.headers["x-content-type-options"]) == ("no-store", "nosniff")
    start = assistant.document("lighthouse.pdf").text.index("Far Point")
    assert response.json() == {"found": [{"start": start, "end": start + 9, "page": 1}], "more": False}
    nothing = client.get("/api/find", params={"source": "mill.txt", "text": "zeppelin"})
    assert nothing.json() == {"found": [], "more": False}
    for source in ("none.txt", "../secret.pdf", "broken.pdf"):
        assert client.get("/api/find", params={"source": source, "text": "a"}).status_code == 404
    for text in ("", "a" * 201):
        assert client.get("/api/find", params={"source": "mill.txt", "text": text}).status_code == 422
    write(folder(assistant), {"many.txt": "mill " * 3000})
    assistant.sync()
    found = client.get("/api/find", params={"source": "many.txt", "text": "mill"}).json()
    assert (len(found["found"]), found["more"]) == (2000, True)


def test_a_pdf_and_a_text_may_be_shown_and_nothing_that_could_run(client: httpx.Client, assistant: Assistant) -> None:
    add_lighthouse(assistant)
    page = b"<!doctype html><title>t</title><p>Words of a page.</p><script>alert(1)</script>"
    drawn = b'<svg xmlns="http://www.w3.org/2000/svg"><text>Words of a drawing.</text><script>alert(1)</script></svg>'
    files = {"a.html": page, "a.xhtml": page, "a.svg": drawn, "a.xml": drawn, "a.md": b"# Words", "page.txt": page}
    write(folder(assistant), {**files, "old.txt": "Wörter.".encode("latin-1"), "page.pdf": page})
    assistant.sync()
    kinds = {one.source: "application/octet-stream" for one in assistant.documents()}
    kinds |= {"lighthouse.pdf": "application/pdf"} | dict.fromkeys(
        ("mill.txt", "a.md", "page.txt"), "text/plain; charset=utf-8"
    )
    for source in {"lighthouse.pdf", "mill.txt", *files, "old.txt", "page.pdf"} & {*kinds}:
        response = client.get("/api/file", params={"source": source, "inline": "true"})
        how = response.headers["content-disposition"].partition(";")[0]
        assert response.headers["content-type"] == kinds[source], source
        assert how == ("attachment" if kinds[source] == "application/octet-stream" else "inline"), source
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in response.headers["content-security-policy"]
        assert "script-src" not in response.headers["content-security-policy"]
        assert client.get("/api/file", params={"source": source}).headers["content-disposition"].startswith("attach")
    assert {"a.html", "a.md", "page.txt", "old.txt", "page.pdf", "lighthouse.pdf"} <= {*kinds}


def test_a_name_that_is_taken_gives_way_and_what_is_there_is_not_added_twice(
    assistant: Assistant, client: httpx.Client
) -> None:
    before = files(assistant)
    assert put(client, "mill.txt", b"Other words of a mill.", keep_both="true").json() == {"source": "mill (2).txt"}
    assert put(client, "mill.txt", b"Again others.", keep_both="true").json() == {"source": "mill (3).txt"}
    assert (folder(assistant) / "mill.txt").read_text() == MILL
    for name, content, there in (("mill.txt", MILL, "mill.txt"), ("copy.md", BAKER, "sub/bakery.md")):
        response = put(client, name, content.encode(), skip_identical="true")
        assert (response.status_code, response.json()) == (200, {"source": there})
    assert put(client, "mill.txt", b"Other words.", skip_identical="true").status_code == 409
    assert put(client, "mill.txt", b"Words.", keep_both="true", replace="true").status_code == 422
    assert files(assistant) == before | {"mill (2).txt", "mill (3).txt"}
