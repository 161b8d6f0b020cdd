"""The reader in a real browser: pictures of pages and tables, with what is cited in view."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pypandoc
import pytest
from playwright.sync_api import Locator, Page, expect
from reportlab.pdfgen.canvas import Canvas

from tests.browser import ask

pytestmark = pytest.mark.browser

DRILL = """\
# Fire drill

What to do in a fire drill at the weaving mill:

1. Close the shutters
    - those of the north hall first
2. Leave by the east stairs
3. Meet at the pump

| Hall       | Warden of the hall | Meeting point |
|------------|--------------------|---------------|
| North hall | Wendelin Baumgartner | Beside the old pump in the yard |
| Dye works  | Ottilie Zimmermann | Under the chestnut tree |
"""
FILLING = "Report {} of the committee was on roads, on wells and on the price of grain."


def fill(corpus: Path) -> None:
    """Write a PDF of three pages, a table, and a text with a list and a table."""
    pypandoc.convert_text(DRILL, "docx", format="markdown", outputfile=str(corpus / "drill.docx"))
    (corpus / "bells.pdf").write_bytes(_report())
    rows = "".join(f"Town {n},{1000 + 7 * n},{n % 5}\n" for n in range(300))
    (corpus / "towns.csv").write_text("Town,Inhabitants,Bridges\n" + rows + "Zellwangen,48213,9\n")


def _report() -> bytes:
    file = BytesIO()
    canvas = Canvas(file, pagesize=(500, 700))
    for number in range(3):
        text = canvas.beginText(50, 640)
        text.setFont("Helvetica", 12)
        for at in range(30):
            text.textLine(FILLING.format(100 * number + at))
            if number == 1 and at == 20:
                text.textLine("The great bell of Waldkirch was cast in 1743 by Johann Grieshaber.")
        canvas.drawText(text)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def in_view(part: Locator) -> None:
    expect(part).to_be_in_viewport()


def test_a_citation_of_a_pdf_shows_its_page_with_the_words_marked(page: Page) -> None:
    ask(page, "When was the great bell of Waldkirch cast?")
    page.locator(".marker").first.click()
    picture = page.locator("#reader [data-page='2'] img")
    expect(picture).to_be_visible()
    expect(page.get_by_role("textbox", name="Page")).to_have_value("2")
    expect(picture).to_have_js_property("complete", True)
    mark = page.locator("#reader rect.box")
    in_view(mark)
    shown, paper = mark.bounding_box(), picture.bounding_box()
    assert shown is not None
    assert paper is not None
    # The line stands 21 lines of 14.4 points below 640, of 700: there the mark is on the picture as it is shown.
    middle = (shown["y"] + shown["height"] / 2 - paper["y"]) / paper["height"]
    assert abs(middle - (60 + 21 * 14.4 - 4) / 700) < 0.01
    assert abs((shown["x"] - paper["x"]) / paper["width"] - 50 / 500) < 0.01
    page.get_by_role("button", name="Text", exact=True).click()
    words = page.locator("#reader mark")
    expect(words).to_contain_text("cast in 1743")
    in_view(words)
    page.get_by_role("button", name="Page", exact=True).click()
    in_view(page.locator("#reader rect.box"))


def test_a_cited_row_stands_in_its_table(page: Page) -> None:
    ask(page, "How many inhabitants does Zellwangen have?")
    page.locator(".marker").first.click()
    row = page.locator("#reader tr.passage", has_text="Zellwangen")
    in_view(row)
    expect(row.locator("th")).to_have_text("302")
    expect(row.locator("td")).to_have_count(3)
    expect(row.locator("mark", has_text="48213")).to_be_visible()
    page.get_by_role("button", name="Earlier").click()
    expect(page.locator("#reader mark")).to_have_count(0)
    page.get_by_role("button", name="Back to the cited words").first.click()
    in_view(page.locator("#reader mark", has_text="48213"))


def test_lists_and_tables_are_such_in_the_excerpt_and_in_the_source(page: Page) -> None:
    ask(page, "Who is the warden of the dye works?")
    page.locator(".turn:last-child .marker").first.click()
    for place in (page.locator(".turn:last-child .words").first, page.locator("#reader .doc")):
        expect(place.locator("th[scope=col]").nth(1)).to_have_text("Warden of the hall")
        expect(place.locator("td", has_text="Ottilie Zimmermann").locator("mark")).to_be_visible()
    steps = page.locator("#reader .doc > ol > li")
    expect(steps).to_have_count(3)
    number, words = steps.nth(1).locator(".number").bounding_box(), steps.nth(1).locator("p").bounding_box()
    assert number is not None
    assert words is not None
    assert abs(number["x"] + number["width"] - words["x"]) < 2  # it hangs before the words
    assert words["height"] < 40


@pytest.mark.parametrize("page", [(390, 844)], indirect=True)
def test_on_a_phone_nothing_is_wider_than_the_screen(page: Page) -> None:
    questions = (
        "When was the great bell of Waldkirch cast?",
        "How many inhabitants does Zellwangen have?",
        "Who is the warden of the dye works?",
    )
    for question in questions:
        ask(page, question)
        page.locator(".turn:last-child .marker").first.click()
        expect(page.locator("#reader .doc")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert page.evaluate("(e => e.scrollWidth <= e.clientWidth + 1)(document.querySelector('#reader .doc'))")
        page.get_by_role("button", name="Close the source").click()
