"""Finding words in the document that is shown: in texts beyond what is drawn, and on the pages of PDFs."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from reportlab.pdfgen.canvas import Canvas

from tests.browser import Site, ask, opened
from tests.folders import write
from tests.ui.test_page_manners import serious

pytestmark = pytest.mark.browser

PLACES = {4: "The café at the pump", 9: "A CAFE by the river", 30: "the Café\nof the mill"}


def report() -> bytes:
    """Return a PDF of thirty pages, on three of which there is a café."""
    file = BytesIO()
    canvas = Canvas(file, pagesize=(500, 700))
    for number in range(1, 31):
        text = canvas.beginText(50, 640)
        text.textLines([f"Page {number} of the report."] + [""] * 30 + PLACES.get(number, "Nothing.").split("\n"))
        canvas.drawText(text)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def fill(corpus: Path) -> None:
    lines = [f"Line {number} tells of the weather in the valley." for number in range(3000)]
    lines[100], lines[2900] = "The café was **closed**.", "The Cafe was open."
    write(corpus, {"log.md": "\n\n".join(lines), "report.pdf": report(), "other.md": "Another café altogether."})


def open_document(page: Page, name: str) -> Locator:
    page.locator("#documents .open", has_text=name).click()
    expect(page.locator("#reader h2")).to_have_text(name)
    return page.get_by_role("textbox", name="Find in this document")


def count(page: Page) -> Locator:
    return page.locator("#reader .finding .count")


def test_words_are_found_in_a_long_text_beyond_what_is_drawn(page: Page) -> None:
    box = open_document(page, "log.md")
    expect(box).to_be_hidden()
    page.locator("#reader .doc").focus()
    page.keyboard.press("Control+f")
    expect(box).to_be_focused()
    page.keyboard.type("CAFE")
    expect(count(page)).to_have_text("1 of 2")
    expect(page.locator("#reader mark.here")).to_have_text("café")
    expect(page.locator("#reader mark.here")).to_be_in_viewport()
    expect(box).to_be_focused()
    expect(box).to_have_value("CAFE")
    page.keyboard.press("Enter")
    expect(count(page)).to_have_text("2 of 2")
    expect(page.locator("#reader mark.here")).to_have_text("Cafe")
    expect(page.locator("#reader mark.here")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(count(page)).to_have_text("1 of 2")
    page.keyboard.press("Shift+Enter")
    expect(count(page)).to_have_text("2 of 2")
    page.get_by_role("button", name="Next match").click()
    expect(count(page)).to_have_text("1 of 2")
    expect(page.get_by_role("button", name="Next match")).to_be_focused()
    box.fill("zeppelin")
    expect(count(page)).to_have_text("Not found")
    expect(page.get_by_role("button", name="Next match")).to_be_disabled()
    box.press("Escape")
    expect(box).to_be_hidden()
    expect(page.locator("#reader mark")).to_have_count(0)
    expect(page.get_by_role("button", name="Find", exact=True)).to_be_focused()


def test_words_are_found_on_the_pages_of_a_pdf(page: Page) -> None:
    box = open_document(page, "report.pdf")
    page.get_by_role("button", name="Find", exact=True).click()
    box.fill("café")
    here, number = page.locator("#reader .hits .here"), page.get_by_role("textbox", name="Page")
    for at, wanted in ((1, 4), (2, 9), (3, 30)):
        expect(count(page)).to_have_text(f"{at} of 3")
        expect(number).to_have_value(str(wanted))
        expect(here).to_be_in_viewport()
        word = page.locator(f"#reader [data-page='{wanted}'] .words span", has_text="af").first
        one, other = here.bounding_box(), word.bounding_box()
        assert one is not None
        assert other is not None
        assert abs(one["x"] - other["x"]) < 3
        assert abs(one["y"] - other["y"]) < 3
        page.get_by_role("button", name="Next match").click()
    expect(number).to_have_value("4")
    box.fill("café of the mill")  # over the end of a line
    expect(count(page)).to_have_text("1 of 1")
    expect(here).to_have_count(2)
    expect(here.first).to_be_in_viewport()
    page.get_by_role("button", name="Text", exact=True).click()
    expect(box).to_have_value("café of the mill")
    page.get_by_role("button", name="Next match").click()
    expect(page.locator("#reader mark.here")).to_be_in_viewport()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(site: Site, browser: Browser, scheme: Any) -> None:
    with opened(browser, site.address, color_scheme=scheme) as page:
        for name in ("report.pdf", "log.md"):
            box = open_document(page, name)
            page.get_by_role("button", name="Find", exact=True).click()
            box.fill("café")
            expect(page.locator("#reader .here")).to_be_in_viewport()
            assert serious(page) == []
        page.get_by_role("button", name="Close the panel").click()
        page.get_by_role("button", name="Close the source").click()
        assert serious(page) == []


def test_another_document_is_not_searched_for_the_same(page: Page) -> None:
    box = open_document(page, "report.pdf")
    page.get_by_role("button", name="Find", exact=True).click()
    box.fill("café")
    expect(count(page)).to_have_text("1 of 3")
    box = open_document(page, "other.md")
    expect(box).to_be_hidden()


def test_what_is_sought_is_only_words(page: Page) -> None:
    box = open_document(page, "other.md")
    page.get_by_role("button", name="Find", exact=True).click()
    for text in ("<img src=x onerror=alert(1)>", "${1}", "(", "[^", "\\"):
        box.fill(text)
        expect(count(page)).to_have_text("Not found")
    box.fill("altogether.")
    expect(count(page)).to_have_text("1 of 1")


@pytest.mark.parametrize("page", [(390, 844)], indirect=True)
def test_a_phone_has_it_too(page: Page) -> None:
    ask(page, "What was closed?")
    page.locator(".marker").first.click()
    page.get_by_role("button", name="Find", exact=True).click()
    page.get_by_role("textbox", name="Find in this document").fill("cafe")
    expect(count(page)).to_have_text("1 of 2")
    expect(page.locator("#reader mark.here")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.keyboard.press("Escape")
    expect(page.locator("#reader .finding")).to_be_hidden()
    expect(page.locator("#reader .doc")).to_be_visible()
