"""Stop ends an answer on the server too, within a second: one that a model writes, and one that is looked for."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from rag.assistant import Asked
from rag.embed import Embedder
from rag.errors import AnswerStopped
from tests.browser import PATIENCE, Site, ask, question_box, served
from tests.folders import write
from tests.llm.scripted import MODEL, Exchange, ScriptedServer, answer, scripted

pytestmark = pytest.mark.browser

QUESTION = "Who built the mill on the Ouse?"
AT_ONCE = 1.0  # seconds


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with scripted(answer("Ada Brown built the mill [1].")) as running:
        yield running


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder, server: ScriptedServer) -> Iterator[Site]:
    def fill(corpus: Path) -> None:
        text = "The mill on the Ouse was built by Ada Brown in 1834.\n\n"
        more = "".join(f"In the year {1840 + at} the mill had {at} wheels and ground rye.\n\n" for at in range(2000))
        write(corpus, {"mill.txt": text + more})

    model = {"llm_url": server.url, "llm_model": MODEL, "llm_seconds": PATIENCE}
    with served(tmp_path_factory.mktemp("site"), embedder, fill, **model) as made:
        yield made


@pytest.fixture
def came(site: Site, monkeypatch: pytest.MonkeyPatch) -> list[Asked]:
    """The questions that were stopped; those to begin with are asked meanwhile, too."""
    found: list[Asked] = []

    def note(asked: Asked) -> None:
        if isinstance(asked.came, AnswerStopped):
            found.append(asked)

    monkeypatch.setattr(site.assistant, "on_asked", note)
    return found


def stopped_within(page: Page, came: list[Asked]) -> float:
    """Press Stop, and return after how many seconds the server has stopped."""
    pressed = time.monotonic()
    page.get_by_role("button", name="Stop").click()
    while not came and time.monotonic() < pressed + PATIENCE:
        page.wait_for_timeout(20)
    taken = time.monotonic() - pressed
    assert len(came) == 1
    expect(page.locator(".turn")).to_have_count(0)
    expect(question_box(page)).not_to_have_value("")
    return taken


@pytest.mark.parametrize("begun", ["", "Ada Brown built the mill on the Ouse in 1834 [1]. She "])
def test_a_model_is_asked_no_further(page: Page, server: ScriptedServer, came: list[Asked], begun: str) -> None:
    def dawdle(x: Exchange) -> None:
        if begun:
            x.begin()
            x.say(begun)
        x.wait(PATIENCE)

    server.plays(dawdle)
    before = len(server.asked)
    question_box(page).fill(QUESTION)
    page.keyboard.press("Enter")
    expect(page.locator(".waiting")).to_contain_text("Writing" if begun else "Reading")
    while len(server.asked) == before:
        page.wait_for_timeout(20)
    assert stopped_within(page, came) < AT_ONCE
    assert server.asked[-1].over.wait(AT_ONCE)
    assert server.asked[-1].left
    server.plays(answer("Ada Brown built the mill [1]."))
    ask(page, QUESTION)
    expect(page.locator(".sentence")).to_have_count(1)


def test_what_is_looked_for_is_given_up(
    page: Page, site: Site, came: list[Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, begun = site.assistant._query, threading.Event()

    def slowly(*given: object) -> object:
        begun.set()
        time.sleep(AT_ONCE / 2)
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(site.assistant, "_query", slowly)
    question_box(page).fill(" ".join(f"Who built mill number {at}?" for at in "12345"))
    page.keyboard.press("Enter")
    while not begun.is_set():  # the page's requests pass through this thread
        page.wait_for_timeout(20)
    assert stopped_within(page, came) < 2 * AT_ONCE  # the search of one question ends


def test_a_summary_of_a_document_is_made_without_a_model_and_needs_no_stop(page: Page, server: ScriptedServer) -> None:
    before = len(server.asked)
    ask(page, "Summarise mill.txt")
    expect(page.locator(".excerpt").first).to_be_visible()
    assert len(server.asked) == before
