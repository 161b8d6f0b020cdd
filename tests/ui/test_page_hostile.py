"""Over fifty hostile documents: in the list, the talk, the reader, the exports and the terminal, none does anything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import Site, answered, ask, question_box
from tests.folders import write
from tests.hostile import ATTACKS, NAMES, documents, word

pytestmark = pytest.mark.browser

# What the page itself is made of; nothing else may come to be in it.
OURS = set(
    "a article aside b blockquote br button caption code dd details div dl dt em footer g h1 h2 h3 h4 h5 hr i img input"
    " label li main mark nav ol option p path pre progress q rect s section select small span strong style summary svg"
    " table tbody td textarea th thead tr u ul polyline line circle polygon".split()
)


def fill(corpus: Path) -> None:
    assert len(documents()) > 50
    write(corpus, documents())


def unharmed(page: Page) -> None:
    """Check that nothing of a document has run or become an element of the page."""
    assert page.evaluate("window.owned") is None
    assert page.title() == "Ask your documents"
    assert page.url.startswith("http://127.0.0.1:")
    tags = page.evaluate("[...new Set([...document.querySelectorAll('#page *')].map((one) => one.localName))]")
    assert set(tags) <= OURS
    for name in ("src", "href", "action", "srcdoc", "data"):
        found = page.evaluate(
            f"[...document.querySelectorAll('#page [{name}]')].map((one) => one.getAttribute('{name}'))"
        )
        assert [one for one in found if not one.startswith(("api/", "conversations/", "notes."))] == []
    handlers = page.evaluate(
        "[...document.querySelectorAll('#page *')].flatMap((one) => [...one.attributes])"
        ".filter((one) => one.name.startsWith('on')).map((one) => one.name)"
    )
    assert handlers == []


def test_in_the_list_and_the_reader(page: Page, site: Site) -> None:
    expect(page.locator("#documents .open").first).to_be_visible()
    unharmed(page)
    for button in page.locator("#documents .open:not([disabled])").all():
        name = button.get_attribute("data-source") or ""
        button.click()
        expect(page.locator("#reader h2")).to_have_text(name.replace("\u202e", ""))
        unharmed(page)


def test_in_talk_hover_and_exports(page: Page, browser: Browser, tmp_path: Path) -> None:
    for at in range(len(ATTACKS)):
        ask(page, f"What is the password of vault {word(at)}?")
        if at % 8 == 7:
            unharmed(page)
    page.locator("#talk .marker").last.hover()
    for shown in page.locator("#talk .marker").all()[::5]:
        shown.click()
        unharmed(page)
    expect(page.locator(".turn")).to_have_count(len(ATTACKS))
    page.get_by_role("tab", name="Chats").click()
    page.locator("#talks summary").first.click()
    for name in ("Markdown", "HTML", "JSON"):
        with page.expect_download() as download:
            page.get_by_role("link", name=name).first.click()
        download.value.save_as(tmp_path / name)
    (tmp_path / "page.html").write_bytes((tmp_path / "HTML").read_bytes())
    exported = browser.new_page()
    requested: list[str] = []
    exported.on("request", lambda request: requested.append(request.url))
    exported.goto((tmp_path / "page.html").as_uri())
    assert exported.evaluate("window.owned") is None
    assert requested == [(tmp_path / "page.html").as_uri()]
    assert exported.locator("script, img, iframe, object, embed, form, a:not([href^='#'])").count() == 0
    exported.close()
    for name in ("Markdown", "HTML", "JSON"):
        assert "\x1b" not in (tmp_path / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("question", ["<img src=x onerror=window.owned=1>", "{{7*7}} ${7*7}", "\u202eevil", "`x`\\"])
def test_a_question_that_means_harm(page: Page, question: str) -> None:
    before = page.locator(".turn").count()
    question_box(page).fill(question)
    page.keyboard.press("Enter")
    answered(page, before)
    expect(page.locator(".question").last).to_have_text(question.replace("\u202e", ""))
    unharmed(page)


def test_in_the_terminal(site: Site) -> None:
    settings = site.assistant.settings
    folders = ["--corpus", str(settings.corpus), "--index", str(settings.index)]
    asked = [f"What is the password of vault {word(at)}?" for at, attack in enumerate(ATTACKS) if "\x1b" in attack]
    for command in (["status"], *(["ask", question] for question in asked), ["search", f"key of chest {word(5)}"]):
        done = subprocess.run([sys.executable, "-m", "rag", *command, *folders], capture_output=True, check=False)
        printed = (done.stdout + done.stderr).decode("utf-8")
        assert printed
        assert not any(sign in printed for sign in "\x1b\x07\x08\x7f\u202e\u2066")
    assert len(NAMES) > 5
