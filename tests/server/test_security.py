"""What guards the server, over real HTTP: headers, names, other sites' pages, sessions; closed routes, slow clients."""

from __future__ import annotations

import base64
import hashlib
import socket

import httpx
import pytest

from rag.assistant import Assistant
from rag.errors import UsageError
from rag.server.app import guarded, server_app
from rag.server.layer import address_of
from rag.server.limits import Later, Rate
from rag.server.run import Server
from rag.server.security import owner_of, page_policy
from tests.browser import free_port
from tests.waiting import TIMEOUT

SEARCH = {"question": "Who built the mill?"}


def test_every_response_carries_the_headers(client: httpx.Client) -> None:
    responses = [
        client.get("/"),
        client.get("/api/health"),
        client.get("/api/nothing"),
        client.get("/gradio_api/upload"),
        client.post("/api/ask", json={}),
        client.get("/", headers={"host": "evil.example"}),
        client.post("/api/ask", headers={"sec-fetch-site": "cross-site"}),
    ]
    assert [response.status_code for response in responses] == [200, 200, 404, 404, 422, 421, 403]
    for response in responses:
        policy = response.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "object-src 'none'" in policy
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["x-frame-options"] == "DENY"
        assert response.headers["referrer-policy"] == "no-referrer"
        assert response.headers["cross-origin-opener-policy"] == "same-origin"
        assert response.headers["cross-origin-resource-policy"] == "same-origin"
        assert response.headers["permissions-policy"]
        assert response.headers["cache-control"] == "no-store"
        assert "server" not in response.headers


def test_of_inline_scripts_those_of_the_page_alone_may_run(client: httpx.Client) -> None:
    policy = client.get("/").headers["content-security-policy"]
    scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
    found = base64.b64encode(hashlib.sha256(b"let a = 1;").digest()).decode()
    assert scripts == f"script-src 'self' 'unsafe-eval' 'sha256-{found}'"
    assert "script-src" not in client.get("/api/health").headers["content-security-policy"]


def test_scripts_from_files_and_styles_need_no_hash() -> None:
    page = '<script src="a.js"></script><script type="module" src="b.js"></script><style>a</style><p onclick="b()">'
    assert "sha256" not in page_policy(page)
    assert page_policy("<script>1</script><script a>\n2</script>").count("sha256") == 2


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:{port}", "127.0.0.1:{port}", "[::1]:{port}", "LOCALHOST:8080"]
)
def test_names_of_this_machine_are_answered(client: httpx.Client, host: str) -> None:
    assert client.get("/api/health", headers={"host": host.format(port=client.base_url.port)}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "localhost.evil.example", "127.0.0.1.nip.io", "192.0.2.1:{port}", ""],
)
def test_another_name_for_this_machine_is_not_answered(client: httpx.Client, host: str) -> None:
    named = host.format(port=client.base_url.port)
    for path in ("/", "/api/health", "/config", "/api/documents"):
        response = client.get(path, headers={"host": named})
        assert response.status_code == 421
        assert "http" in response.json()["error"]


OTHERS = [
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://localhost:3000"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"},
    {"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1:{port}"},
]


@pytest.mark.parametrize("headers", OTHERS)
def test_what_another_sites_page_asks_for_is_refused(client: httpx.Client, headers: dict[str, str]) -> None:
    sent = {name: value.format(port=client.base_url.port) for name, value in headers.items()}
    assert client.post("/api/search", json=SEARCH, headers=sent).status_code == 403
    assert client.put("/api/documents?name=planted.txt", content=b"Words.", headers=sent).status_code == 403
    assert client.delete("/api/documents?source=mill.txt", headers=sent).status_code == 403
    assert client.post("/gradio_api/queue/join", json={}, headers=sent).status_code == 403
    assert client.get("/api/documents", headers=sent).status_code == 403
    listed = {one["source"] for one in client.get("/api/documents").json()["documents"]}
    assert "mill.txt" in listed
    assert "planted.txt" not in listed


@pytest.mark.parametrize(
    "headers",
    [{}, {"origin": "http://127.0.0.1:{port}"}, {"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}],
)
def test_programs_and_the_own_page_are_served(client: httpx.Client, headers: dict[str, str]) -> None:
    sent = {name: value.format(port=client.base_url.port) for name, value in headers.items()}
    assert client.post("/api/search", json=SEARCH, headers=sent).status_code == 200


def test_no_origin_is_allowed_to_read(client: httpx.Client) -> None:
    preflight = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    for origin in ("https://evil.example", "http://localhost:3000", str(client.base_url)):
        for response in (
            client.get("/api/health", headers={"origin": origin}),
            client.options("/api/search", headers={"origin": origin, **preflight}),
        ):
            assert not [name for name in response.headers if name.startswith("access-control-")]


def test_a_link_from_elsewhere_opens_the_page_which_asks_once_more_with_its_cookies(client: httpx.Client) -> None:
    from_elsewhere = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    response = client.get("/", headers=from_elsewhere)
    assert response.status_code == 200
    assert "<script>location.replace(" in response.text
    assert "sha256" in response.headers["content-security-policy"]
    assert "set-cookie" not in response.headers  # it would be another session than the one there may be
    framed = {**from_elsewhere, "sec-fetch-dest": "iframe"}
    assert client.get("/", headers=framed).status_code == 403


def test_a_browser_that_does_not_say_from_where_it_comes_asks_twice_before_it_has_a_session(
    client: httpx.Client,
) -> None:
    accept = {"accept": "text/html,*/*"}
    first = client.get("/", headers=accept)
    assert "set-cookie" not in first.headers
    assert "<script>location.replace(" in first.text
    assert "rag_session=" in client.get("/?here", headers=accept).headers["set-cookie"]
    assert "<title>page</title>" in client.get("/", headers=accept).text


def test_a_session_is_given_once_and_stays(client: httpx.Client) -> None:
    given = client.get("/").headers["set-cookie"]
    name, value = given.split(";")[0].split("=")
    assert name == "rag_session"
    assert len(base64.urlsafe_b64decode(value + "=")) == 32
    assert {part.strip() for part in given.split(";")[1:]} == {
        "Path=/",
        "Max-Age=31536000",
        "HttpOnly",
        "SameSite=Strict",
    }
    assert "set-cookie" not in client.get("/").headers  # the client sends it by now
    assert "set-cookie" not in client.get("/api/health").headers
    among_others = {"cookie": f'other={{"a": 1, "b"}}; =; rag_session={value}; last'}
    assert "set-cookie" not in client.get("/", headers=among_others).headers
    again = client.get("/", headers={"cookie": "rag_session=short"})
    assert "rag_session=" in again.headers["set-cookie"]


def test_behind_https_the_session_is_for_https_alone(client: httpx.Client) -> None:
    assert "; Secure" in client.get("/", headers={"x-forwarded-proto": "https"}).headers["set-cookie"]


def test_two_browsers_have_two_owners(client: httpx.Client) -> None:
    first = client.get("/").cookies
    client.cookies.clear()
    second = client.get("/").cookies
    assert owner_of(dict(first)) == owner_of(dict(first))
    assert len({owner_of(dict(first)), owner_of(dict(second)), ""}) == 3
    assert first["rag_session"] not in owner_of(dict(first))
    assert owner_of({}) == owner_of({"rag_session": "x"}) == owner_of({"rag_session": "é" * 43}) == ""


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file/etc/passwd",
        "/gradio_api/proxy=https://example.org",
        "/gradio_api/upload",
        "/gradio_api/upload_progress",
        "/gradio_api/component_server",
        "/gradio_api/call/edit",
        "/gradio_api/runs",
        "/gradio_api/deep_link",
        "/monitoring",
        "/monitoring/summary",
        "/docs",
        "/openapi.json",
        "/login",
        "/logout",
        "//etc/passwd",
        "/assets/../../../../etc/passwd",
        "/assets/..%2f..%2f..%2fetc/passwd",
    ],
)
def test_routes_that_nobody_needs_are_closed(client: httpx.Client, path: str) -> None:
    for method in ("GET", "POST"):
        assert client.request(method, path).status_code in (404, 405)


def test_a_websocket_is_refused(client: httpx.Client) -> None:
    upgrade = {"connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}
    response = client.get(
        "/gradio_api/queue/join", headers={**upgrade, "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA=="}
    )
    assert response.status_code != 101
    assert "sec-websocket-accept" not in response.headers


def begun(client: httpx.Client) -> socket.socket:
    """Begin a request whose body does not come."""
    connection = socket.create_connection(("127.0.0.1", int(client.base_url.port or 0)), timeout=TIMEOUT)
    connection.sendall(
        b"POST /api/ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    )
    return connection


def test_a_body_that_does_not_come_is_not_waited_for(alone: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.server.limits._BODY_WITHIN", 1)
    with begun(alone) as connection:
        assert b" 408 " in connection.recv(1000)


def test_while_bodies_do_not_come_others_are_served(alone: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.server.limits._BODY_WITHIN", 2 * TIMEOUT)
    many = [begun(alone) for _ in range(50)]
    assert alone.post("/api/search", json=SEARCH).status_code == 200
    for connection in many:
        connection.close()


def test_a_bucket_fills_again_with_time() -> None:
    now = 0.0
    rate = Rate(60, clock=lambda: now)
    for _ in range(60):
        rate.take("a")
    with pytest.raises(Later) as caught:
        rate.take("a")
    assert caught.value.headers == {"Retry-After": "1"}
    rate.take("b")
    now = 1.0
    rate.take("a")
    with pytest.raises(Later):
        rate.take("a")


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8::1", "2001:db8::/64"),
        ("::1", "::/64"),
        ("", ""),
    ],
)
def test_an_ipv6_network_counts_as_one_client(host: str, found: str) -> None:
    assert address_of({"client": (host, 5)}) == found


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "documents.example"])
def test_others_are_not_let_near_without_a_password(assistant: Assistant, host: str) -> None:
    with pytest.raises(UsageError, match="run `rag password`"):
        guarded(server_app(assistant), assistant.settings.model_copy(update={"host": host}))


def test_an_address_that_is_taken_is_told(assistant: Assistant) -> None:
    app, port = server_app(assistant), free_port()
    with socket.create_server(("127.0.0.1", port)), pytest.raises(UsageError, match="name another --port"):
        Server(app, "127.0.0.1", port)


def test_localhost_is_served_on_each_of_its_addresses(assistant: Assistant) -> None:
    port = free_port()
    server = Server(server_app(assistant), "localhost", port)
    assert httpx.get(f"http://127.0.0.1:{port}/api/health", timeout=TIMEOUT).json() == {"ok": True}
    server.close()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/api/health")
