"""The password over real HTTP: nothing without it, all ways of telling it, wrong ones slowed, and what ends it."""

from __future__ import annotations

import base64
import errno
import os
import shutil
import stat
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from rag.assistant import Assistant
from rag.errors import UsageError
from rag.server.limits import Rate
from rag.server.password import Password, password_file, set_password
from tests.server.sites import site
from tests.waiting import TIMEOUT

WORD = "Zwölf Boxkämpfer: 12"
BROWSER = {
    "accept": "text/html,*/*",
    "sec-fetch-mode": "navigate",
    "sec-fetch-dest": "document",
    "sec-fetch-site": "none",
}


@pytest.fixture(scope="module")
def hashed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What is kept of the password; to make it takes a while."""
    folder = tmp_path_factory.mktemp("hashed")
    set_password(folder, WORD)
    return password_file(folder).read_text()


@pytest.fixture(autouse=True)
def data(assistant: Assistant, hashed: str) -> Iterator[Path]:
    """Set the password, and take it away again."""
    assistant.settings.data.mkdir(exist_ok=True)
    password_file(assistant.settings.data).write_text(hashed)
    yield assistant.settings.data
    password_file(assistant.settings.data).unlink(missing_ok=True)
    shutil.rmtree(assistant.settings.data / "logged-out", ignore_errors=True)


def log_in(client: httpx.Client, word: str = WORD) -> httpx.Response:
    client.get("/login")
    return client.post("/login", data={"password": word})


class Clock:
    """A clock that goes when it is told to, for the waits after wrong passwords: they are over soon."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of a server that is made after it."""
    made = Clock()
    monkeypatch.setattr("rag.server.password.Rate", partial(Rate, clock=made.monotonic))
    monkeypatch.setattr("rag.server.password.time", SimpleNamespace(monotonic=made.monotonic, time=time.time))
    return made


def bearer(word: str) -> dict[bytes, bytes]:
    return {b"authorization": b"Bearer " + word.encode()}


def test_only_a_hash_is_kept_and_for_the_owners_eyes(tmp_path: Path) -> None:
    data = tmp_path / "data"
    set_password(data, WORD)
    kept = password_file(data)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert kept.read_text().startswith("scrypt:32768:8:1:")
    assert WORD not in kept.read_text()
    first = kept.read_text()
    set_password(data, WORD)
    assert kept.read_text() != first  # another salt
    assert [path.name for path in data.iterdir()] == ["password"]


@pytest.mark.parametrize("word", ["", "seven77", "x" * 2000])
def test_a_short_or_endless_password_is_not_taken(tmp_path: Path, word: str) -> None:
    with pytest.raises(UsageError):
        set_password(tmp_path, word)
    assert not password_file(tmp_path).exists()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/config",
        "/theme.css",
        "/assets/x.js",
        "/api/documents",
        "/api/openapi.json",
        "/api/file?source=mill.txt",
        "/api/page.json?source=mill.pdf&page=1",
        "/api/find?source=mill.txt&text=mill",
        "/api/health/",
        "/api/health/../documents",
        "/gradio_api/info",
        "/gradio_api/queue/data?session_hash=a",
        "/gradio_api/heartbeat/abc",
        "/conversations/a.md",
        "/notes.md",
        "/%2e/",
        "//api/documents",
    ],
)
def test_nothing_is_given_without_the_password(client: httpx.Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Basic")
    assert "mill" not in response.text


@pytest.mark.parametrize("path", ["/api/ask", "/gradio_api/queue/join", "/gradio_api/run/predict", "/logout/"])
def test_nothing_is_done_without_the_password(client: httpx.Client, path: str) -> None:
    assert client.post(path, json={"question": "Who?"}).status_code == 401


def test_health_and_the_icon_alone_are_open(client: httpx.Client) -> None:
    assert client.get("/api/health").json() == {"ok": True}
    icon = client.get("/favicon.ico")
    assert (icon.status_code, icon.headers["content-type"]) == (200, "image/svg+xml")
    login = client.get("/login", headers=BROWSER)
    assert 'href="/favicon.ico"' in login.text
    assert "img-src 'self'" in login.headers["content-security-policy"]


def test_a_browser_is_led_to_the_log_in_and_from_there_to_the_page(client: httpx.Client) -> None:
    led = client.get("/", headers=BROWSER)
    assert (led.status_code, led.headers["location"]) == (303, "/login")
    page = client.get("/login", headers=BROWSER)
    assert '<label for="password">' in page.text
    assert "<script" not in page.text
    entered = client.post("/login", data={"password": WORD})
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    cookie = entered.headers["set-cookie"]
    assert cookie.startswith("rag_admission=")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert client.get("/").status_code == 200
    assert client.post("/api/search", json={"question": "Who built the mill?"}).status_code == 200


def test_a_browser_is_not_met_with_a_window_of_its_own(client: httpx.Client) -> None:
    response = client.get("/api/documents", headers={"sec-fetch-mode": "cors", "sec-fetch-site": "same-origin"})
    assert response.status_code == 401
    assert "www-authenticate" not in response.headers


@pytest.mark.parametrize("word", ["", "wrong password", WORD.lower(), WORD + " ", "x" * 5000])
def test_a_wrong_password_lets_nobody_in(alone: httpx.Client, word: str) -> None:
    response = log_in(alone, word)
    assert response.status_code == 401
    assert 'role="alert"' in response.text
    assert alone.get("/").status_code == 401
    assert alone.get("/", auth=("anybody", word)).status_code == 401


def test_programs_tell_it_in_a_header(alone: httpx.Client) -> None:
    assert alone.get("/api/documents", headers=bearer(WORD)).status_code == 200
    assert alone.get("/api/documents", auth=("anybody", WORD)).status_code == 200
    basic = base64.b64encode(f":{WORD}".encode()).decode()
    assert alone.get("/api/documents", headers={"authorization": f"basic {basic}"}).status_code == 200
    for header in ("Basic !", "Basic", "Bearer", "Digest x", basic):
        assert alone.get("/api/documents", headers={"authorization": header}).status_code == 401


def test_letters_may_be_composed_or_not(client: httpx.Client) -> None:
    assert client.get("/api/documents", headers=bearer(WORD.replace("ö", "o\u0308").replace("ä", "a\u0308"))).is_success


def test_the_log_in_survives_a_restart_and_ends_with_the_password(assistant: Assistant, data: Path) -> None:
    with site(assistant) as client:
        log_in(client)
        cookies = dict(client.cookies)
    with site(assistant) as client:
        client.cookies.update(cookies)
        assert client.get("/").status_code == 200
        set_password(data, WORD)  # the same word, set anew
        assert client.get("/").status_code == 401
        log_in(client)
        assert client.get("/").status_code == 200


def test_a_new_password_ends_the_old_for_programs_too(client: httpx.Client, data: Path) -> None:
    assert client.get("/api/documents", headers=bearer(WORD)).status_code == 200
    set_password(data, "another password")
    assert client.get("/api/documents", headers=bearer(WORD)).status_code == 401
    assert client.get("/api/documents", headers=bearer("another password")).status_code == 200


def test_a_password_file_that_is_gone_or_broken_opens_nothing(alone: httpx.Client, data: Path) -> None:
    log_in(alone)
    for broken in ("", "scrypt:1", "plain:1:2:3:4:5"):
        password_file(data).write_text(broken)
        assert alone.get("/").status_code == 401
        assert alone.get("/", headers=bearer(WORD)).status_code == 401
    password_file(data).unlink()
    assert alone.get("/").status_code == 401
    assert log_in(alone).status_code == 401


def test_a_broken_password_file_does_not_open_a_new_server(assistant: Assistant, data: Path) -> None:
    password_file(data).write_text("broken")
    with site(assistant) as client:
        assert client.get("/").status_code == 401


def test_an_admission_is_for_one_session_and_a_time(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    password = Password(data)
    given = password.admission("a" * 43)
    assert password.admits("a" * 43, given)
    assert not password.admits("b" * 43, given)
    assert not password.admits("", given)
    expires, _, signature = given.partition(".")
    for forged in (f"{int(expires) + 1}.{signature}", f"{expires}.", expires, "", ".", f"{expires}.é", f"²{given}"):
        assert not password.admits("a" * 43, forged)
    monkeypatch.setattr(time, "time", lambda: float(expires))
    assert not password.admits("a" * 43, given)


def test_logging_out_ends_it_for_this_browser(client: httpx.Client) -> None:
    log_in(client)
    assert 'action="/logout"' in client.get("/login").text
    session = client.cookies["rag_session"]
    out = client.post("/logout")
    assert (out.status_code, out.headers["location"]) == (303, "/login")
    assert client.get("/").status_code == 401
    assert client.cookies["rag_session"] == session


def test_logging_out_ends_the_session_wherever_its_cookies_are(assistant: Assistant, data: Path) -> None:
    with site(assistant) as client, httpx.Client(base_url=client.base_url) as other:
        for one in (client, other):
            log_in(one)
        stolen = {"cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items())}
        assert httpx.get(f"{client.base_url}/", headers=stolen).status_code == 200
        client.post("/logout")
        assert httpx.get(f"{client.base_url}/", headers=stolen).status_code == 401
        assert other.get("/").status_code == 200  # another session of the same person
        log_in(client)  # at once, in the same browser
        assert client.get("/").status_code == 200
        assert httpx.get(f"{client.base_url}/", headers=stolen).status_code == 401
    with site(assistant) as client:  # a server that was started anew
        assert client.get("/", headers=stolen).status_code == 401
    (kept,) = (data / "logged-out").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_what_was_logged_out_is_forgotten_when_it_would_have_expired(data: Path) -> None:
    password = Password(data)
    password.log_out("a" * 43)
    (old,) = (data / "logged-out").iterdir()
    os.utime(old, (0, 0))
    password.log_out("b" * 43)
    assert not old.exists()


def test_a_full_disk_does_not_pretend_to_log_out(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    log_in(client)
    monkeypatch.setattr("rag.server.sessions.Path.touch", fail)
    response = client.post("/logout")
    assert response.status_code == 507
    assert "You are still logged in" in response.text
    assert client.get("/").status_code == 200


def test_without_cookies_nobody_is_let_in(client: httpx.Client) -> None:
    response = client.post("/login", data={"password": WORD})
    assert response.status_code == 400
    assert "cookie" in response.text


def test_another_sites_page_cannot_log_in_or_out(client: httpx.Client) -> None:
    log_in(client)
    for path in ("/login", "/logout"):
        headers = {"origin": "https://evil.example"}
        assert client.post(path, data={"password": WORD}, headers=headers).status_code == 403
    assert client.get("/").status_code == 200


def test_wrong_passwords_are_slowed_and_the_wait_grows(clock: Clock, alone: httpx.Client) -> None:
    assert [alone.get("/", headers=bearer(f"wrong {n}")).status_code for n in range(5)] == [401] * 5
    refused = alone.get("/", headers=bearer("wrong 5"))
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "1"
    assert alone.get("/", headers=bearer(WORD)).status_code == 429  # nor is it told whether a guess is right
    assert (
        alone.post("/login", headers={"cookie": f"rag_session={'a' * 43}"}, data={"password": WORD}).status_code == 429
    )
    clock.now += 1.1
    assert alone.get("/", headers=bearer("wrong 6")).status_code == 401
    assert alone.get("/", headers=bearer("wrong 7")).headers["retry-after"] == "2"
    clock.now += 2.1
    assert alone.get("/", headers=bearer(WORD)).status_code == 200
    assert [alone.get("/", headers=bearer(f"wrong {n}")).status_code for n in range(5)] == [401] * 5


@pytest.mark.usefixtures("clock")
def test_many_tries_at_once_do_not_pass_the_throttle(alone: httpx.Client) -> None:
    def attempt(number: int) -> int:
        return httpx.get(f"{alone.base_url}/", headers=bearer(f"wrong {number}"), timeout=TIMEOUT).status_code

    with ThreadPoolExecutor(30) as many:
        found = list(many.map(attempt, range(30)))
    assert (found.count(401), found.count(429)) == (5, 25)


def test_many_addresses_together_are_slowed_and_none_is_locked_out(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.server.password._TRIES_A_MINUTE", 3)
    headers = [{**bearer(f"wrong {n}"), b"x-forwarded-for": f"192.0.2.{n}".encode()} for n in range(9)]
    right = {**bearer(WORD), b"x-forwarded-for": b"198.51.100.1"}
    with site(assistant) as client:
        started = time.monotonic()
        assert [client.get("/", headers=one).status_code for one in headers] == [401] * 9
        assert time.monotonic() - started > 5 * 0.5  # but for the first, and what is free again meanwhile
        started = time.monotonic()
        assert client.get("/", headers=right).status_code == 200
        assert time.monotonic() - started < 5
        started = time.monotonic()
        assert client.get("/", headers=right).status_code == 200
        assert time.monotonic() - started < 0.5  # who was right before does not wait


def test_only_so_many_wait_for_their_turn(alone: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: object) -> bytes:
        time.sleep(0.3)
        return b""

    monkeypatch.setattr("rag.server.password._hash", slow)

    def attempt(number: int) -> httpx.Response:
        sent = {**bearer(f"wrong {number}"), b"x-forwarded-for": f"192.0.2.{number}".encode()}
        return httpx.get(f"{alone.base_url}/", headers=sent, timeout=60)

    with ThreadPoolExecutor(20) as many:
        found = list(many.map(attempt, range(20)))
    assert [one.status_code for one in found].count(401) >= 10
    refused = [one for one in found if one.status_code == 429]
    assert {one.headers["retry-after"] for one in refused} == {"5"}
    assert len(refused) == 20 - [one.status_code for one in found].count(401)


def test_one_check_at_a_time_takes_the_processor(alone: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    running, most, lock = 0, 0, threading.Lock()

    def slow(*_: object) -> bytes:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.1)
        with lock:
            running -= 1
        return b""

    monkeypatch.setattr("rag.server.password._hash", slow)

    def attempt(number: int) -> int:
        sent = {**bearer(f"wrong {number}"), b"x-forwarded-for": f"192.0.2.{number}".encode()}
        return httpx.get(f"{alone.base_url}/", headers=sent, timeout=TIMEOUT).status_code

    with ThreadPoolExecutor(10) as many:
        assert list(many.map(attempt, range(10))) == [401] * 10
    assert most == 1


def test_with_a_password_any_name_is_answered(client: httpx.Client) -> None:
    sent = {**bearer(WORD), b"host": b"documents.example"}
    assert client.get("/api/documents", headers=sent).status_code == 200
    assert client.get("/api/documents", headers={"host": "documents.example"}).status_code == 401
