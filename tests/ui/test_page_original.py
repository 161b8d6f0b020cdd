"""The original of a document: a text or a PDF opens in a tab of its own, and what could run is saved."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from reportlab.pdfgen.canvas import Canvas

from tests.folders import write

pytestmark = pytest.mark.browser

HOSTILE = "<!doctype html><title>t</title><p>The mill has four floors.</p><script>document.title = 'owned'</script>"


def fill(corpus: Path) -> None:
    file = BytesIO()
    canvas = Canvas(file)
    canvas.drawString(50, 700, "The bell was cast in 1743.")
    canvas.save()
    write(corpus, {"bell.pdf": file.getvalue(), "mill.md": "# The mill\n\nIt has *four* floors.\n"})
    write(corpus, {"page.html": HOSTILE, "page.txt": HOSTILE})


def open_document(page: Page, name: str) -> None:
    page.locator("#documents .open", has_text=name).click()
    expect(page.locator("#reader h2")).to_have_text(name)


def test_a_text_opens_in_a_tab_of_its_own_as_it_is(page: Page) -> None:
    for name, words in (("mill.md", "It has *four* floors."), ("page.txt", "<script>document.title")):
        open_document(page, name)
        with page.expect_popup() as opened:
            page.get_by_role("link", name="Open original").click()
        shown = opened.value
        expect(shown.locator("body")).to_contain_text(words)
        assert shown.evaluate("[document.contentType, document.title, window.opener]") == ["text/plain", "", None]
        shown.close()


def test_what_could_run_is_saved(page: Page) -> None:
    open_document(page, "page.html")
    expect(page.get_by_role("link", name="Open original")).to_have_count(0)
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download original").click()
    assert saved.value.suggested_filename == "page.html"
    assert len(page.context.pages) == 1
    # Whoever asks for it to be shown gets it to be saved as well.
    with page.expect_download():
        page.evaluate("location.href = 'api/file?source=page.html&inline=true'")


def test_a_pdf_opens_as_such(page: Page) -> None:
    open_document(page, "bell.pdf")
    with page.context.expect_event("response", lambda response: "api/file" in response.url) as given:
        page.get_by_role("link", name="Open original").click()
    assert given.value.headers["content-type"] == "application/pdf"
    assert given.value.headers["content-disposition"].startswith("inline")
