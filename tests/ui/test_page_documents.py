"""The documents on the page: listed with their states, removed and put back, chosen, and followed live."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from rag.embed import Embedder
from rag.index import FileRecord
from rag.index.local import LocalIndex
from tests.browser import Site, ask, opened, served
from tests.folders import write
from ui import live

pytestmark = pytest.mark.browser

MILL = "The mill on the Ouse was built by Ada Brown in 1834.\n"
BRIDGE = "The bridge over the Ouse was built by Carl Dorn in 1871.\n"


def fill(corpus: Path) -> None:
    write(corpus, {"mill.txt": MILL, "bridge.txt": BRIDGE, "broken.pdf": b"%PDF-1.4 this is none"})


@pytest.fixture
def site(tmp_path: Path, embedder: Embedder) -> Iterator[Site]:
    """A site of each test's own: these tests change its documents."""
    with served(tmp_path, embedder, fill) as made:
        yield made


def row(page: Page, name: str) -> Locator:
    return page.locator("#documents li", has_text=name)


def test_each_document_is_listed_with_its_kind_size_and_state(page: Page, site: Site) -> None:
    expect(row(page, "mill.txt")).to_contain_text("TXT")
    expect(row(page, "mill.txt")).to_contain_text("1 passage")
    expect(row(page, "broken.pdf")).to_contain_text(site.assistant.status().failed[0].reason or "?")
    expect(page.locator("#documents .counts")).to_contain_text("2 documents ready")
    expect(page.locator("#documents .counts")).to_contain_text("1 couldn’t be read")


def test_documents_are_in_the_order_that_people_expect(page: Page, site: Site) -> None:
    names = ["Äpfel.txt", "zebra.txt", "page 10.txt", "apfel.txt", "Birne.txt", "page 2.txt"]
    write(site.corpus, {name: f"The file {name} is about fruit." for name in names})
    expect(page.locator("#documents .counts")).to_contain_text("8 documents ready", timeout=30_000)
    assert page.locator("#documents li b").all_inner_texts() == [
        *("apfel.txt", "Äpfel.txt", "Birne.txt", "bridge.txt", "broken.pdf", "mill.txt"),
        *("page 2.txt", "page 10.txt", "zebra.txt"),
    ]


def test_an_empty_check_box_looks_empty_in_the_dark(site: Site, browser: Browser) -> None:
    def within(page: Page) -> bytes:
        """Return how light the box is within its border, pixel by pixel."""
        box = Image.open(BytesIO(page.get_by_label("Ask mill.txt").screenshot())).convert("L")
        return box.crop((4, 4, box.width - 4, box.height - 4)).tobytes()

    with opened(browser, site.address, color_scheme="dark") as page:
        assert max(within(page)) < 70  # of 255; the panel behind it has 32
        page.get_by_label("Ask mill.txt").click()
        expect(page.locator("#only")).to_contain_text("mill.txt")
        assert max(within(page)) > 150


def test_a_document_is_removed_and_put_back(page: Page, site: Site) -> None:
    row(page, "mill.txt").hover()
    page.get_by_role("button", name="Remove mill.txt").click()
    expect(page.locator("#told [role=status]")).to_have_text("mill.txt was removed.")
    expect(page.locator("#documents .counts")).to_contain_text("1 document ready")
    assert not (site.corpus / "mill.txt").exists()
    row(page, "mill.txt").get_by_role("button", name="Undo").click()
    expect(page.locator("#told [role=status]")).to_have_text("mill.txt is back.")
    assert (site.corpus / "mill.txt").read_text() == MILL
    expect(row(page, "mill.txt")).to_contain_text("1 passage")


def test_two_clicks_in_one_place_remove_one_document(page: Page, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_REMOVED_FOR", 3)
    row(page, "bridge.txt").hover()
    page.get_by_role("button", name="Remove bridge.txt").dblclick()
    expect(page.locator("#documents li").first).to_contain_text("Removed · Undo")
    expect(page.locator("#documents li")).to_have_count(2)
    expect(page.get_by_role("button", name="Remove broken.pdf")).to_have_css("opacity", "1")  # it is pointed at now
    press(page)
    page.wait_for_timeout(1_000)
    assert {path.name for path in site.corpus.iterdir()} == {"broken.pdf", "mill.txt"}
    row(page, "mill.txt").hover()
    row(page, "broken.pdf").get_by_role("button", name="Remove").hover()
    press(page)
    expect(row(page, "broken.pdf")).to_contain_text("Removed")
    assert {path.name for path in site.corpus.iterdir()} == {"mill.txt"}


def press(page: Page) -> None:
    """Click where the pointer is, without moving it."""
    page.mouse.down()
    page.mouse.up()


def test_what_keeps_the_index_from_the_folder_is_said_and_removals_are_allowed(
    page: Page, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.changes._GUARDED_FROM", 2)
    before = [document.source for document in site.assistant.documents()]
    aside = site.corpus.rename(site.corpus.with_name("aside"))
    site.corpus.mkdir()
    for place in ("#folder-notice", "#folder-notice-asking"):
        notice = page.locator(place).get_by_role("status")
        expect(notice).to_contain_text(f"{len(before)} of {len(before)} documents are not in")
        expect(notice).to_be_in_viewport()
    assert [document.source for document in site.assistant.documents()] == before
    page.locator("#folder-notice").get_by_role("button", name=f"Remove {len(before)} documents from the search").click()
    expect(page.locator(".folder-notice")).to_have_count(0)
    assert site.assistant.documents() == []
    site.corpus.rmdir()
    aside.rename(site.corpus)
    expect(page.get_by_label("Documents").locator("li.indexed")).to_have_count(len(before))


def test_a_question_is_asked_of_the_chosen_documents_alone(page: Page) -> None:
    ask(page, "Who built the mill?")
    expect(page.locator(".turn:last-child .excerpt mark").first).to_contain_text("Ada Brown")
    page.get_by_label("Ask bridge.txt").click()  # the list is drawn anew, and then the box is checked
    expect(page.locator("#only")).to_contain_text("Asking only bridge.txt")
    ask(page, "Who built the mill on the Ouse?")
    expect(page.locator(".turn:last-child .answer")).not_to_contain_text("Ada Brown")
    expect(page.locator(".turn:last-child .meta")).to_contain_text("Asked of 1 chosen document")
    ask(page, "How long should a soft-boiled egg be cooked?")
    expect(page.locator(".turn:last-child .verdict")).to_have_text("I couldn’t find this in the chosen document.")
    page.locator(".turn:last-child").get_by_role("button", name="Ask all documents").click()
    expect(page.locator("#only .only")).to_have_count(0)
    expect(page.get_by_label("Ask bridge.txt")).not_to_be_checked()
    page.get_by_label("Ask bridge.txt").click()
    page.locator("#only").get_by_role("button", name="Ask all documents").click()
    expect(page.locator("#only .only")).to_have_count(0)
    expect(page.get_by_label("Ask bridge.txt")).not_to_be_checked()
    ask(page, "Who built the mill on the Ouse?")
    expect(page.locator(".turn:last-child .excerpt mark").first).to_contain_text("Ada Brown")


def test_the_list_follows_the_folder_and_says_what_waits(
    page: Page, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = threading.Event()
    real = site.assistant._index.put

    def put(*given: object, **more: object) -> None:
        held.wait(20)
        real(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(site.assistant._index, "put", put)
    (site.corpus / "late.txt").write_text("The bell was cast in 1700.")
    expect(row(page, "late.txt")).to_contain_text("Reading now…")
    expect(page.locator("#documents .counts")).to_contain_text("reading 1")
    expect(page.locator("#documents progress")).to_be_visible()
    held.set()
    expect(row(page, "late.txt")).to_contain_text("1 passage")
    (site.corpus / "late.txt").rename(site.corpus / "later.txt")
    expect(row(page, "later.txt")).to_contain_text("1 passage")
    expect(row(page, "late.txt")).to_have_count(0)


def test_the_index_is_rebuilt_and_that_can_be_stopped(page: Page, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    held = threading.Event()
    real = site.assistant._index.put
    monkeypatch.setattr(site.assistant._index, "put", lambda *given: (held.wait(20), real(*given))[1])
    index = site.assistant._index
    assert isinstance(index, LocalIndex)
    before = index._database
    page.get_by_role("button", name="Rebuild index").click()
    expect(page.locator("#documents progress")).to_be_visible()
    page.locator("#documents").get_by_role("button", name="Stop").click()
    page.wait_for_timeout(500)
    held.set()
    expect(page.locator("#documents")).to_contain_text("The rebuild was stopped")
    assert index._database == before
    ask(page, "Who built the mill?")
    expect(page.locator(".excerpt mark").first).to_contain_text("Ada Brown")
    page.get_by_role("button", name="Rebuild index").click()
    expect(page.locator("#documents")).not_to_contain_text("The rebuild was stopped")
    expect(page.locator("#documents progress")).to_have_count(0)
    for _ in range(100):
        if index._database != before:
            break
        page.wait_for_timeout(100)
    assert index._database != before


def test_a_document_is_found_by_name_among_many(page: Page, site: Site) -> None:
    write(site.corpus, {f"letters/{at:04}.txt": f"Letter number {at} speaks of the weather." for at in range(300)})
    expect(page.locator("#documents .counts")).to_contain_text("302 documents ready", timeout=60_000)
    expect(page.locator("#documents li")).to_have_count(4)  # the letters are in their folder
    page.get_by_role("textbox", name="Find a document").fill("0299")
    expect(page.locator("#documents li")).to_have_count(1)
    page.locator("#documents li button.open").click()
    expect(page.locator("#reader")).to_contain_text("Letter number 299")


def test_a_document_is_read_again_though_it_has_not_changed(
    page: Page, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, put = threading.Event(), site.assistant._index.put
    read: list[str] = []

    def noted(record: FileRecord, *given: Any) -> None:
        held.wait(20)
        read.append(record.source)
        put(record, *given)

    monkeypatch.setattr(site.assistant._index, "put", noted)
    row(page, "mill.txt").hover()
    page.get_by_label("More about mill.txt").click()
    page.get_by_role("button", name="Read again").press("Escape")
    expect(page.get_by_role("button", name="Read again")).not_to_be_visible()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Read again").press("Enter")
    expect(page.get_by_label("More about mill.txt")).to_be_focused()
    expect(row(page, "mill.txt")).to_contain_text("Reading now…")
    expect(page.locator("#documents progress")).to_be_visible()
    expect(row(page, "bridge.txt")).not_to_contain_text("Reading")
    held.set()
    expect(row(page, "mill.txt")).not_to_contain_text("Reading")
    assert read == ["mill.txt"]
    expect(page.locator("#documents .counts")).to_contain_text("2 documents ready")
