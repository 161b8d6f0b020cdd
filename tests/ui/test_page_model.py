"""A language model's answer on the page: sentence by sentence, each with what its source makes of it."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from rag.embed import Embedder
from tests.browser import PATIENCE, Site, ask, question_box, send, served
from tests.folders import write
from tests.llm.faults import FAULTS
from tests.llm.injected import injected_documents, obedient_answer, write_injected
from tests.llm.scripted import MODEL, Exchange, ScriptedServer, answer, scripted

pytestmark = pytest.mark.browser

MILL = "The mill on the Ouse was built by Ada Brown in 1834.\n\nIt had nine wheels, and ground rye.\n"
QUESTION = "Who built the mill on the Ouse?"
SAYS = "Ada Brown built the mill on the Ouse in 1834 [1]. It was the finest of all mills [1]. Everyone loved it."


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with scripted(answer(SAYS)) as running:
        yield running


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder, server: ScriptedServer) -> Iterator[Site]:
    def fill(corpus: Path) -> None:
        write(corpus, {"mill.txt": MILL})
        write_injected(corpus / "hostile")

    model = {"llm_url": server.url, "llm_model": MODEL, "llm_seconds": PATIENCE}
    with served(tmp_path_factory.mktemp("site"), embedder, fill, **model) as made:
        yield made


def test_each_sentence_is_told_apart_and_the_model_is_named(page: Page, server: ScriptedServer) -> None:
    server.plays(answer(SAYS))
    ask(page, QUESTION)
    expect(page.locator(".sentence")).to_have_count(3)
    expect(page.locator(".excerpt, .verdict")).to_have_count(0)
    tags = page.locator(".sentences .tag")
    expect(tags.nth(0)).to_have_text("in other words")
    expect(tags.nth(1)).to_contain_text("not supported: ")
    expect(tags.nth(2)).to_have_text("no source given")
    expect(page.locator(".meta")).to_contain_text(f"{MODEL}, ")
    expect(page.locator(".meta")).to_contain_text("tokens")
    expect(page.locator(".meta")).to_contain_text("1 quote verified in the source2 sentences without support")
    expect(page.locator(".meta .ok")).to_have_count(0)
    page.locator(".sentences .marker").first.click()
    expect(page.locator("#reader mark").first).to_contain_text("built by Ada Brown in 1834")
    expect(page.locator("#reader")).to_contain_text("These words do not support what the answer says")


def test_what_the_model_does_is_told_and_sentences_are_there_while_it_still_writes(
    page: Page, server: ScriptedServer
) -> None:
    steps = [threading.Event() for _ in range(3)]

    def slowly(x: Exchange) -> None:
        for step, (start, end) in zip(steps, ((0, 10), (10, 80), (80, len(SAYS))), strict=True):
            step.wait(PATIENCE)
            if not start:
                x.begin()
            x.say(SAYS[start:end])  # of the first sentence; into the second; and the rest
        x.finish(SAYS)

    server.plays(slowly)
    question_box(page).fill(QUESTION)
    send(page)
    expect(page.locator(".waiting")).to_have_text(re.compile(r"Reading the passages … \d+ s"))
    steps[0].set()
    expect(page.locator(".waiting")).to_have_text(re.compile(r"Writing … \d+ s"))
    expect(page.locator(".sentence")).to_have_count(0)
    steps[1].set()
    expect(page.locator(".sentence")).to_have_count(1)
    expect(page.locator(".waiting")).to_contain_text("Writing …")
    steps[2].set()
    expect(page.locator(".sentence")).to_have_count(3)
    expect(page.locator(".waiting")).to_have_count(0)


def test_where_the_model_breaks_off_the_quotation_takes_its_place_and_says_why(
    page: Page, server: ScriptedServer
) -> None:
    server.plays(FAULTS["resets-midway"].play)
    ask(page, QUESTION)
    expect(page.locator(".excerpt mark")).to_have_text("The mill on the Ouse was built by Ada Brown in 1834.")
    expect(page.locator(".verdict")).to_be_visible()
    expect(page.locator(".sentence")).to_have_count(0)
    expect(page.locator(".caveat")).to_contain_text("quoted instead")


def test_what_an_obedient_model_says_does_nothing(page: Page, server: ScriptedServer) -> None:
    server.plays(answer(obedient_answer))
    for document in injected_documents()[::20]:
        ask(page, document.question)
    assert page.evaluate("window.owned") is None
    talk = page.locator(".talk")
    for element in ("img", "script", "iframe", "a[href^=http]", "a[href^=javascript]"):
        expect(talk.locator(element)).to_have_count(0)
