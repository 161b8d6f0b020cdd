"""Text becomes a document: typed or pasted into a form, or pasted anywhere; files of the clipboard are added."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from rag.embed import Embedder
from tests.browser import Site, ask, opened, question_box, served
from tests.folders import write

pytestmark = pytest.mark.browser

BELL = "The bell was cast by Eve Falk in 1700.\nIt weighs two tons."
PASTE = """([selector, text]) => { const data = new DataTransfer();
    if (text) data.setData("text/plain", text);
    else data.items.add(new File(["The well was dug in 1650."], "well.txt"));
    const pasted = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
    document.querySelector(selector).dispatchEvent(pasted); }"""


def fill(corpus: Path) -> None:
    write(corpus, {"mill.txt": "The mill on the Ouse was built by Ada Brown in 1834.\n"})


@pytest.fixture
def site(tmp_path: Path, embedder: Embedder) -> Iterator[Site]:
    """A site of each test's own: these tests change its documents."""
    with served(tmp_path, embedder, fill) as made:
        yield made


def note(page: Page) -> Locator:
    return page.locator("#upload .note")


def paste(page: Page, at: str, text: str = "") -> None:
    page.evaluate(PASTE, [at, text])


def test_a_note_becomes_a_document_with_a_safe_name(page: Page, site: Site) -> None:
    note(page).locator("summary").press("Enter")
    expect(page.get_by_label("Title")).to_be_focused()
    page.get_by_label("Title").fill("../The bell: a/note")
    page.get_by_label("Text", exact=True).fill(BELL)
    page.get_by_label("Save as").select_option("Markdown")
    note(page).get_by_role("button", name="Add").click()
    expect(page.locator(".uploads")).to_contain_text("1 file added")
    assert (site.corpus / "The bell a note.md").read_text() == BELL
    expect(page.get_by_label("Text", exact=True)).not_to_be_visible()
    expect(page.locator("#documents li", has_text="The bell a note.md")).to_contain_text("1 passage")
    ask(page, "Who cast the bell?")
    expect(page.locator(".excerpt mark").first).to_contain_text("Eve Falk")


def test_what_is_pasted_beside_the_fields_is_offered_as_a_note(site: Site, browser: Browser) -> None:
    with opened(browser, site.address, viewport={"width": 390, "height": 844}) as page:
        paste(page, "#asking textarea", BELL)
        expect(note(page)).not_to_have_attribute("open", "")
        paste(page, "#talk", BELL)
        expect(page.get_by_label("Text", exact=True)).to_have_value(BELL)
        expect(page.get_by_label("Title")).to_have_value(BELL.splitlines()[0])
        expect(page.get_by_label("Title")).to_be_in_viewport()
        note(page).get_by_role("button", name="Add").click()
        expect(page.locator(".uploads")).to_contain_text("1 file added")
    assert (site.corpus / (BELL.splitlines()[0] + ".txt")).read_text() == BELL


def test_files_of_the_clipboard_are_added(page: Page, site: Site) -> None:
    question_box(page).focus()
    paste(page, "#asking textarea")
    expect(page.locator(".uploads")).to_contain_text("1 file added")
    assert (site.corpus / "well.txt").read_text() == "The well was dug in 1650."
