"""The page in a real browser: served from a corpus that a test makes, and opened where nothing may go out."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Route, expect

from rag.assistant import Assistant
from rag.embed import Embedder
from rag.settings import Settings
from rag.types import Answer
from ui.serve import launch

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE = 60  # seconds that is waited for what a busy machine may take long to do
# Of every expectation, whoever imports this; of actions, Playwright's own default is 30 s.
expect.set_options(timeout=1000 * PATIENCE)
FLAGS = "--no-sandbox --disable-gpu --no-first-run --disable-sync --disable-background-networking".split()


# What is no fault: a request that is refused, and Gradio's word that a reload cut off an answer.
_USUAL = ("the server responded with a status of", "AbortError: signal is aborted", "Connection errored out")


def start(playwright: Playwright) -> Browser:
    """Return a headless Chromium."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


@dataclass(frozen=True)
class Site:
    """A page that is served, and what it is about."""

    address: str
    assistant: Assistant

    @property
    def corpus(self) -> Path:
        """The folder of its documents."""
        return self.assistant.settings.corpus


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def served(folder: Path, embedder: Embedder, fill: Callable[[Path], object], **more: Any) -> Iterator[Site]:
    """Serve the page over a corpus in ``folder`` that ``fill`` wrote, and follow it meanwhile."""
    places = {"corpus": folder / "corpus", "index": folder / "index", "data": folder / "data"}
    settings = Settings(**{**places, "port": free_port(), **more})
    settings.corpus.mkdir()
    fill(settings.corpus)
    assistant = Assistant(settings, embedder)
    assistant.sync()
    stop = threading.Event()
    follower = threading.Thread(target=lambda: list(assistant.watch(stop)), daemon=True)
    server = launch(assistant)
    follower.start()
    try:
        yield Site(f"http://127.0.0.1:{settings.port}", assistant)
    finally:
        server.close()
        stop.set()
        follower.join(10)


@contextmanager
def serving(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run the real command over the corpus in ``folder``, and kill it at the end, as hard as can be."""
    command = [sys.executable, "-m", "rag", "serve", "--port", str(port)]
    home = str(Path(__file__).parents[1])
    process = subprocess.Popen(command, cwd=folder, env={**os.environ, "PYTHONPATH": home}, stderr=subprocess.DEVNULL)
    try:
        _wait(port)
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def _wait(port: int) -> None:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        try:
            urlopen(f"http://127.0.0.1:{port}/api/health").close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server did not start within a minute")


@contextmanager
def opened(browser: Browser, address: str, **options: Any) -> Iterator[Page]:
    """Open the page in a browser of its own; a request beyond it, or an error in it, fails the test."""
    outside: list[str] = []
    errors: list[str] = []

    def guard(route: Route) -> None:
        if route.request.url.startswith((address, "data:", "blob:")):
            route.continue_()
        else:
            outside.append(route.request.url)
            route.abort()

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(usual in message.text for usual in _USUAL):
            errors.append(message.text)

    context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
    try:
        context.route("**/*", guard)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", note)
        page.goto(address)
        expect(question_box(page)).to_be_visible()
        yield page
    finally:
        context.close()
    assert outside == [], outside
    assert errors == [], errors


def question_box(page: Page) -> Any:
    """Return the box that questions are typed into."""
    return page.get_by_role("textbox", name="Question", exact=True)


def ask(page: Page, question: str) -> None:
    """Ask a question, and wait for its answer."""
    turns = page.locator(".turn").count()
    question_box(page).fill(question)
    send(page)
    answered(page, turns)


def send(page: Page) -> None:
    """Press Enter until the question is taken, as a person would: one more answer may be on its way to its end."""
    ends = time.monotonic() + PATIENCE
    while question_box(page).input_value():
        assert time.monotonic() < ends, "the question was not taken"
        question_box(page).press("Enter")
        with suppress(AssertionError):
            expect(question_box(page)).to_have_value("", timeout=1000)


def held(monkeypatch: pytest.MonkeyPatch, site: Site) -> threading.Event:
    """Hold all answers back until the event is set, which this returns."""
    go = threading.Event()
    real = site.assistant.ask

    def ask_later(*given: Any, **more: Any) -> Answer:
        assert go.wait(PATIENCE)
        return real(*given, **more)

    monkeypatch.setattr(site.assistant, "ask", ask_later)
    return go


def answered(page: Page, before: int) -> None:
    """Wait until one more answer is out, whole, and after it the reader: at its first source, or empty."""
    expect(page.locator(".turn")).to_have_count(before + 1)
    expect(page.locator(".turn:last-child .meta")).to_be_visible()
    is_cited = page.locator(".turn:last-child .marker[data-n]").count() > 0
    shown = f'#reader [data-turn="{before}"]' if is_cited else "#reader .empty"
    expect(page.locator(shown).first).to_be_attached()
