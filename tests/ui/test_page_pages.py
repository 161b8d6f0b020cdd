"""The pages of a PDF in the viewer: one below the other, zoomed, copied from, a thousand as quickly as three."""

from __future__ import annotations

import time
from io import BytesIO
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from reportlab.pdfgen.canvas import Canvas

from tests.browser import Site, ask
from tests.folders import write

pytestmark = pytest.mark.browser

BELL = ("The great bell of Waldkirch was cast in 1743 by Johann Gries-", "haber, who found its tone too low.")
FILLING = "Page {} of the report says that the committee met."


def report(pages: int, bell: int) -> bytes:
    """Return a PDF with a line on each page, the second of which is broad, and the bell on one."""
    file = BytesIO()
    canvas = Canvas(file)
    for number in range(1, pages + 1):
        canvas.setPageSize((800, 500) if number == 2 else (500, 700))
        text = canvas.beginText(50, 440)
        text.textLines([FILLING.format(number), *(BELL if number == bell else ())])
        canvas.drawText(text)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def fill(corpus: Path) -> None:
    mill = "\n\n".join(f"Wheel {number} ground rye." for number in range(90))
    write(corpus, {"mill.md": f"{mill}\n\nThe mill on the Ouse was built by Ada Brown in 1834.\n"})
    write(corpus, {"bells.pdf": report(12, 7), "short.pdf": report(3, 0), "long.pdf": report(1000, 0)})


def paper(page: Page, number: int) -> Locator:
    return page.locator(f'#reader [data-page="{number}"].paper')


def number_box(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Page")


def open_bell(page: Page) -> None:
    ask(page, "When was the great bell of Waldkirch cast?")
    open_first(page)


def open_first(page: Page) -> None:
    page.locator(".marker").first.click()
    expect(page.locator("#reader rect.box").first).to_be_in_viewport()
    expect(paper(page, 7).locator("img")).to_have_js_property("complete", True)
    expect(paper(page, 7).locator(".words span").first).to_be_attached()


def test_all_pages_follow_one_another_and_pictures_come_as_they_are_near(page: Page) -> None:
    open_bell(page)
    expect(number_box(page)).to_have_value("7")
    expect(page.locator("#reader .paper")).to_have_count(12)
    expect(paper(page, 1).locator("img")).to_have_count(0)
    expect(page.get_by_role("button", name="Back to the cited words")).to_be_hidden()
    before = page.locator("#reader .doc").evaluate("(doc) => doc.scrollHeight")
    page.locator("#reader .doc").evaluate("(doc) => (doc.scrollTop = 0)")
    expect(number_box(page)).to_have_value("1")
    expect(paper(page, 2).locator("img")).to_have_js_property("complete", True)
    expect(paper(page, 7).locator("img")).to_have_count(0)
    assert page.locator("#reader .doc").evaluate("(doc) => doc.scrollHeight") == before
    for number, shape in ((1, 700 / 500), (2, 500 / 800)):
        box = paper(page, number).bounding_box()
        assert box is not None
        assert abs(box["height"] / box["width"] - shape) < 0.01
    number_box(page).fill("11")
    number_box(page).press("Enter")
    expect(paper(page, 11)).to_be_in_viewport()
    expect(paper(page, 11).locator("img")).to_have_js_property("complete", True)
    for typed, becomes in (("0", "1"), ("99", "12"), ("<b>", "12")):
        number_box(page).fill(typed)
        number_box(page).blur()
        expect(number_box(page)).to_have_value(becomes)
    page.get_by_role("button", name="Back to the cited words").click()
    expect(page.locator("#reader rect.box").first).to_be_in_viewport()
    expect(page.locator("#reader .doc")).to_be_focused()
    expect(page.get_by_role("button", name="Back to the cited words")).to_be_hidden()


def test_the_text_opens_at_the_page_that_is_looked_at_and_back(page: Page) -> None:
    open_bell(page)
    number_box(page).fill("3")
    number_box(page).press("Enter")
    text = page.get_by_role("button", name="Text", exact=True)
    expect(text).to_have_attribute("data-page", "3")
    text.click()
    expect(page.locator("#reader").get_by_text("Page 3 of the report")).to_be_in_viewport()
    page.get_by_role("button", name="Page", exact=True).click()
    expect(number_box(page)).to_have_value("3")
    expect(paper(page, 3)).to_be_in_viewport()


def test_a_source_that_is_drawn_anew_unasked_stays_where_it_was(page: Page, site: Site) -> None:
    ask(page, "Who built the mill on the Ouse?")
    page.locator(".marker").first.click()
    expect(page.locator("#reader mark")).to_be_in_viewport()
    doc = page.locator("#reader .doc")
    doc.focus()
    doc.evaluate("(doc) => (doc.scrollTop = 40)")
    with (site.corpus / "mill.md").open("a") as file:
        file.write("\nA last line.\n")
    expect(doc).to_contain_text("A last line.")
    assert doc.evaluate("(doc) => doc.scrollTop") == 40
    expect(doc).to_be_focused()


def test_zoom_is_sharp_stays_where_it_was_and_is_remembered(page: Page) -> None:
    open_bell(page)
    fit = page.get_by_role("button", name="Fit to width")
    expect(fit).to_have_attribute("aria-pressed", "true")
    for _ in range(5):
        page.get_by_role("button", name="Zoom in").click()
    expect(fit).to_have_attribute("aria-pressed", "false")
    doc = page.locator("#reader .doc")
    assert doc.evaluate("(doc) => doc.scrollWidth / doc.clientWidth") > 3.5
    expect(number_box(page)).to_have_value("7")
    expect(paper(page, 7).locator('img[data-scale="2"]')).to_have_js_property("complete", True)
    assert paper(page, 7).locator("img").evaluate("(one) => one.naturalWidth") > 2000
    page.reload()
    open_first(page)
    assert doc.evaluate("(doc) => doc.scrollWidth / doc.clientWidth") > 3.5
    page.get_by_role("button", name="Fit to width").click()
    assert doc.evaluate("(doc) => doc.scrollWidth <= doc.clientWidth")
    page.get_by_role("button", name="Zoom out").click()
    box, around = paper(page, 7).bounding_box(), doc.bounding_box()
    assert box is not None
    assert around is not None
    assert box["width"] < 0.8 * around["width"]


def test_words_are_selected_on_the_picture_and_copied_in_order(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_bell(page)
    word, mark = paper(page, 7).locator("span", has_text="bell").first, page.locator("#reader rect.box").first
    one, other = word.bounding_box(), mark.bounding_box()
    assert one is not None
    assert other is not None
    assert abs(one["y"] + one["height"] / 2 - other["y"] - other["height"] / 2) < 4
    word.dblclick()
    assert page.evaluate("getSelection().toString().trim()") == "bell"
    last = paper(page, 7).locator("span", has_text="low.").bounding_box()
    first = paper(page, 7).locator("span", has_text="Page").first.bounding_box()
    assert first is not None
    assert last is not None
    page.mouse.move(first["x"] + 1, first["y"] + first["height"] / 2)
    page.mouse.down()
    page.mouse.move(last["x"] + last["width"] - 1, last["y"] + last["height"] / 2, steps=8)
    page.mouse.up()
    page.keyboard.press("Control+c")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.split("\n") == [FILLING.format(7), BELL[0].removesuffix("-") + "haber, who found its tone too low."]


def test_a_thousand_pages_open_as_quickly_as_three(page: Page) -> None:
    taken = {}
    for name in ("short.pdf", "long.pdf", "short.pdf", "long.pdf"):
        started = time.perf_counter()
        page.locator("#documents .open", has_text=name).click()
        expect(page.locator("#reader h2")).to_have_text(name)
        expect(paper(page, 1).locator("img")).to_have_js_property("complete", True)
        taken[name] = time.perf_counter() - started
    expect(page.locator("#reader .paper")).to_have_count(1000)
    expect(page.locator("#reader img")).not_to_have_count(1000)
    assert taken["long.pdf"] < taken["short.pdf"] + 2
    number_box(page).fill("987")
    number_box(page).press("Enter")
    expect(paper(page, 987).locator(".words")).to_contain_text("Page 987 of the report")


def test_a_page_that_cannot_be_drawn_says_so(page: Page) -> None:
    page.route("**/api/page.png*", lambda route: route.fulfill(status=404, body="{}"))
    page.locator("#documents .open", has_text="short.pdf").click()
    expect(paper(page, 1)).to_contain_text("This page can’t be shown.")
    expect(paper(page, 1).locator(".words")).to_contain_text("Page 1 of the report")
