"""The list of documents as a tree: folded and unfolded, sorted, chosen by the folder, and quick with thousands."""

from __future__ import annotations

import time
from email.message import EmailMessage
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from rag.embed import Embedder
from tests.browser import Site, ask, opened, question_box, served
from tests.folders import write

pytestmark = pytest.mark.browser


def mail() -> bytes:
    made = EmailMessage()
    made["Subject"], made["From"], made["To"] = "Minutes", "ada@example.org", "carl@example.org"
    made.set_content("Here are the minutes of the mill.")
    made.add_attachment(b"The wheel of the mill was mended in 1840.", "text", "plain", filename="wheel.txt")
    return made.as_bytes()


def fill(corpus: Path) -> None:
    letters = {f"letters/1834/letter {at}.txt": f"Letter {at} speaks of the weather." for at in range(6)}
    write(corpus, {"mill.txt": "The mill on the Ouse was built by Ada Brown in 1834.\n", "minutes.eml": mail()})
    write(corpus, {**letters, "letters/bridge.md": "The bridge was built by Carl Dorn in 1871.\n" * 40})


def folder(page: Page, name: str) -> Locator:
    return page.locator("#documents summary", has_text=name)


def shows(page: Page, *wanted: str) -> None:
    expect(page.locator("#documents .docs b")).to_have_text(list(wanted))


def test_folders_are_unfolded_by_keyboard_and_stay_so(page: Page) -> None:
    shows(page, "letters", "mill.txt", "minutes.eml")
    expect(folder(page, "letters")).to_contain_text("7 documents")
    folder(page, "letters").focus()
    page.keyboard.press("Enter")
    shows(page, "letters", "1834", "bridge.md", "mill.txt", "minutes.eml")
    expect(folder(page, "letters")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(folder(page, "1834")).to_be_focused()
    page.keyboard.press("Space")
    unfolded = ["letters", "1834", *(f"letter {at}.txt" for at in range(6)), "bridge.md", "mill.txt"]
    shows(page, *unfolded, "minutes.eml")
    folder(page, "Attachments (1)").click()
    shows(page, *unfolded, "minutes.eml", "wheel.txt")
    page.reload()
    shows(page, *unfolded, "minutes.eml", "wheel.txt")
    page.get_by_role("button", name="wheel.txt").click()
    expect(page.locator("#reader .doc")).to_contain_text("mended in 1840")
    folder(page, "letters").click()
    shows(page, "letters", "mill.txt", "minutes.eml", "wheel.txt")


def test_a_folder_is_asked_alone_and_so_is_all_in_it_but_one(page: Page) -> None:
    box = page.get_by_label("Ask letters", exact=True)
    box.click()
    expect(page.locator("#only")).to_contain_text("Asking only letters")
    ask(page, "Who built the bridge?")
    expect(page.locator(".turn:last-child .meta")).to_contain_text("Asked of 7 chosen documents")
    folder(page, "letters").click()
    bridge = page.get_by_label("Ask letters/bridge.md")
    expect(bridge).to_be_checked()
    bridge.click()
    expect(bridge).not_to_be_checked()
    expect(box).to_have_js_property("indeterminate", True)
    expect(page.locator("#documents .selection")).to_contain_text("Asking only these 6")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#documents .selection")).to_have_count(0)
    expect(box).to_have_js_property("indeterminate", False)
    expect(box).not_to_be_checked()


def test_what_is_looked_for_is_found_in_folded_folders(page: Page) -> None:
    find = page.get_by_role("textbox", name="Find a document")
    find.fill("letter 5")
    shows(page, "letters/1834/letter 5.txt")
    find.fill("wheel")
    shows(page, "minutes.eml/wheel.txt")
    find.fill("")
    shows(page, "letters", "mill.txt", "minutes.eml")


def test_the_order_is_chosen_and_remembered(page: Page, site: Site) -> None:
    order = page.get_by_label("Sort by")
    order.select_option("Size")
    shows(page, "letters", "minutes.eml", "mill.txt")
    order.focus()
    write(site.corpus, {"new.txt": "The newest of all speaks of a comet."})
    order.select_option("Newest first")
    expect(page.locator("#documents .docs b").first).to_have_text("new.txt")
    expect(order).to_be_focused()
    page.reload()
    expect(page.get_by_label("Sort by")).to_have_value("newest")
    expect(page.locator("#documents .docs b").first).to_have_text("new.txt")
    (site.corpus / "new.txt").unlink()
    expect(page.locator("#documents .docs b").first).not_to_have_text("new.txt")


def test_the_focus_stays_on_its_document_when_others_come(page: Page, site: Site) -> None:
    expect(question_box(page)).to_be_focused()  # it takes the focus once
    page.get_by_label("Ask mill.txt").focus()
    write(site.corpus, {"aaa.txt": "The first of all speaks of a comet."})
    expect(page.locator("#documents .docs b").first).to_have_text("aaa.txt")
    expect(page.get_by_label("Ask mill.txt")).to_be_focused()
    (site.corpus / "aaa.txt").unlink()
    expect(page.locator("#documents .docs b").first).to_have_text("letters")
    expect(page.get_by_label("Ask mill.txt")).to_be_focused()


@pytest.mark.parametrize("page", [(1440, 900), (390, 844)], indirect=True)
def test_axe_finds_nothing(page: Page) -> None:
    if page.viewport_size is not None and page.viewport_size["width"] < 900:
        page.get_by_role("button", name="Menu").click()
    folder(page, "letters").click()
    page.get_by_label("Ask letters/bridge.md").click()
    expect(page.locator("#documents .selection")).to_be_visible()
    page.get_by_text("Paste text").click()
    expect(page.get_by_label("Title")).to_be_focused()
    page.get_by_label("More about mill.txt").press("Enter")
    expect(page.get_by_role("button", name="Read again")).to_be_visible()
    found = Axe().run(page).response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_10_000_documents_are_quick(tmp_path: Path, embedder: Embedder, browser: Browser) -> None:
    def many(corpus: Path) -> None:
        write(corpus, {f"{at % 40}/{at:05}.txt": f"Letter {at}." for at in range(10_000)})

    with served(tmp_path, embedder, many) as site, opened(browser, site.address) as page:
        expect(page.locator("#documents .counts")).to_contain_text("10,000 documents ready")
        expect(page.locator("#documents .docs li")).to_have_count(40)
        started = time.perf_counter()
        page.locator("#documents summary").first.click()
        expect(page.locator("#documents .docs li")).to_have_count(40 + 200 + 1)
        assert time.perf_counter() - started < 3
        expect(page.locator("#documents .rest")).to_have_text("and 50 more: search by name")
        page.get_by_role("textbox", name="Find a document").fill("09999")
        shows(page, "39/09999.txt")
