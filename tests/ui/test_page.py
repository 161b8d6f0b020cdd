"""The page in a real browser, over the article that ships, with the server really running."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect, sync_playwright

from rag.assistant import Assistant
from rag.embed import Embedder
from rag.settings import Settings
from ui.serve import launch

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = "--no-sandbox --disable-gpu --no-first-run --disable-sync --disable-background-networking"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: install it to run the browser tests"),
]


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Assistant:
    """Return an assistant over a corpus of the article and a hostile document."""
    place = tmp_path_factory.mktemp("page")
    shutil.copytree(Path("corpus"), place / "corpus")
    image = "<img src=x onerror=\"document.title='owned'\">"
    hostile = f"The password of the Zanzibar vault is {image} {{{{7*7}}}} ${{7*7}} open.\n"
    (place / "corpus/<b>hostile.txt").write_text(hostile)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = Assistant(Settings(corpus=place / "corpus", index=place / "index", port=port), embedder)
    made.sync()
    return made


@pytest.fixture(scope="module")
def address(assistant: Assistant) -> Iterator[str]:
    """Serve the page, and return its address."""
    page = launch(assistant)
    yield f"http://127.0.0.1:{assistant.settings.port}"
    page.close()


@pytest.fixture
def page(address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Open the page; any request beyond this machine fails the test, as does an error in its scripts."""
    outside: list[str] = []
    errors: list[str] = []

    def guard(route: Route) -> None:
        if route.request.url.startswith((address, "data:", "blob:")):
            route.continue_()
        else:
            outside.append(route.request.url)
            route.abort()

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        width, height = getattr(request, "param", (1440, 900))
        page = browser.new_page(viewport={"width": width, "height": height})
        page.route("**/*", guard)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        yield page
        browser.close()
    assert not outside
    assert not errors


def ask(page: Page, question: str) -> None:
    page.get_by_label("Question").fill(question)
    page.keyboard.press("Enter")
    expect(page.locator(".question", has_text=question)).to_be_visible(timeout=30_000)
    expect(page.locator(".waiting")).to_have_count(0, timeout=30_000)


def test_asking_and_clicking_a_citation_opens_its_source_at_the_sentence(page: Page) -> None:
    ask(page, "How many Chinese companies were put on the Entity List in August 2018?")
    expect(page.locator(".sentences")).to_contain_text("44 Chinese companies")
    page.locator("#documents button[data-source='us-china-ai-chips.md']").click()
    expect(page.locator("#reader mark")).to_have_count(0)
    page.locator(".marker").first.click()
    mark = page.locator("#reader mark")
    expect(mark).to_contain_text("44 Chinese companies")
    expect(mark).to_be_in_viewport()
    expect(page.locator("#reader")).to_contain_text("quoted word for word")
    expect(page.locator("#reader .passage", has_text="In May 2019")).to_be_visible()
    expect(page.locator(".marker.on")).to_have_count(1)


def test_what_the_documents_do_not_say_is_not_answered(page: Page) -> None:
    ask(page, "How long should a soft-boiled egg be cooked?")
    card = page.locator(".card")
    expect(card).to_contain_text("Not in your documents")
    card.locator(".nearest").first.click()
    expect(page.locator("#reader")).to_contain_text("it may not answer it")


def test_nothing_in_a_document_runs(page: Page) -> None:
    ask(page, "What is the password of the Zanzibar vault?")
    expect(page.locator(".sentences")).to_contain_text("<img src=x onerror")
    expect(page.locator(".sentences")).to_contain_text("{{7*7}} ${7*7} open.")
    page.locator(".marker").first.click()
    expect(page.locator("#reader .doc")).to_contain_text("{{7*7}} ${7*7} open.")
    expect(page.locator("#documents")).to_contain_text("<b>hostile.txt")
    assert page.locator("#page img").count() == 0
    assert page.title() == "Ask your documents"


def test_an_empty_question_is_met_with_a_word(page: Page) -> None:
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_text("Type a question first.")).to_be_visible()
    expect(page.locator(".question")).to_have_count(0)


def test_rebuilding_tells_when_it_is_done(page: Page) -> None:
    page.get_by_role("button", name="Rebuild index").click()
    expect(page.get_by_text("2 documents,")).to_be_visible(timeout=60_000)
    ask(page, "Who is Yin Zhiyao?")
    expect(page.locator(".sentences")).to_contain_text("Advanced Micro-Fabrication Equipment")


@pytest.mark.parametrize("page", [(390, 844)], indirect=True)
def test_on_a_phone_the_source_comes_up_as_a_sheet_and_goes_away(page: Page) -> None:
    ask(page, "Who is Yin Zhiyao?")
    expect(page.locator("#reader")).to_be_hidden()
    page.locator(".marker").first.click()
    expect(page.locator("#reader mark")).to_be_in_viewport()
    page.get_by_role("button", name="Close the source").click()
    expect(page.locator("#reader")).to_be_hidden()
    page.get_by_role("button", name="Documents", exact=True).click()
    expect(page.locator("#documents")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_list_of_documents_follows_the_index(page: Page, assistant: Assistant) -> None:
    late = Path(assistant.settings.corpus) / "late.txt"
    late.write_text("The bell was cast in 1700.")
    assistant.sync()
    expect(page.get_by_role("button", name="late.txt")).to_be_visible(timeout=10_000)
    late.unlink()
    assistant.sync()
    expect(page.get_by_role("button", name="late.txt")).to_have_count(0, timeout=10_000)


def test_what_a_follow_up_was_asked_as_can_be_edited_and_is_then_asked_as_typed(page: Page) -> None:
    ask(page, "Who is Yin Zhiyao?")
    ask(page, "When does he expect self-sufficiency?")
    expect(page.locator(".query")).to_contain_text("Asked as: When does Yin Zhiyao expect self-sufficiency?")
    page.get_by_role("button", name="Edit what was asked").click()
    box = page.get_by_label("Question")
    expect(box).to_have_value("When does Yin Zhiyao expect self-sufficiency?")
    expect(box).to_be_focused()
    typed = page.get_by_label("Ask as typed")
    expect(typed).to_be_checked()
    ask(page, "What does he expect?")  # with the conversation, it would be asked with his name
    expect(page.locator(".query")).to_have_count(1)
    expect(typed).not_to_be_checked()


def test_a_new_topic_leaves_the_conversation_behind(page: Page) -> None:
    ask(page, "Who is Yin Zhiyao?")
    page.get_by_role("button", name="New topic").click()
    expect(page.locator(".question")).to_have_count(0)
    expect(page.locator(".welcome")).to_be_visible()
    ask(page, "When does he expect self-sufficiency?")
    expect(page.locator(".query")).to_have_count(0)
