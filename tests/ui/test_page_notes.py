"""Pinned excerpts: kept in a tab of their own with source and question, remarked on, opened, removed and exported."""

from __future__ import annotations

import html
import json
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import Site, ask, opened
from tests.folders import write
from tests.ui.test_page_manners import serious

pytestmark = pytest.mark.browser

MILL = "The mill on the Ouse was built by Ada Brown in 1834. It ground rye for the towns by the river.\n"
BRIDGE = "The bridge over the Ouse was torn down in 1871.\n"
WHO, WHEN = "Who built the mill on the Ouse?", "When was the bridge torn down?"


def fill(corpus: Path) -> None:
    write(corpus, {"mill.txt": MILL, "bridge.txt": BRIDGE})


def pins(page: Page) -> Locator:
    return page.locator(".turn .pin")


def notes(page: Page) -> Locator:
    page.get_by_role("tab", name="Notes").click()
    return page.locator("#notes li")


def test_an_excerpt_is_pinned_remarked_on_opened_and_removed(page: Page) -> None:
    ask(page, WHO)
    ask(page, WHEN)
    expect(notes(page)).to_have_count(0)
    page.locator("#talk").evaluate("(talk) => talk.scrollTo(0, 0)")
    pins(page).first.click()
    expect(pins(page).first).to_have_attribute("aria-pressed", "true")
    expect(pins(page).first).to_be_focused()
    assert page.locator("#talk").evaluate("(talk) => talk.scrollTop") == 0  # it stays where the person looked
    pins(page).last.press("Enter")
    expect(notes(page)).to_have_count(2)
    expect(page.locator("#notes li p")).to_have_text([WHEN, WHO])
    page.get_by_label("Remark on mill.txt").fill("She was the\nfirst.")
    page.get_by_label("Remark on bridge.txt").fill("Check this.")
    page.locator("#notes .open").last.click()
    expect(page.locator("#reader mark")).to_contain_text("Ada Brown")
    expect(page.locator("#reader")).to_contain_text("Quote verified in the source")
    page.get_by_role("button", name="New conversation").click()
    page.locator("#notes .open").first.click()  # it does not need the talk that it is from
    expect(page.locator("#reader mark")).to_contain_text("torn down in 1871")
    page.get_by_role("button", name="Remove note: mill.txt").click()
    expect(page.locator("#notes li p")).to_have_text([WHEN])
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#notes li p")).to_have_text([WHEN, WHO])
    page.reload()
    notes(page)
    expect(page.get_by_label("Remark on mill.txt")).to_have_value("She was the\nfirst.")
    expect(page.get_by_label("Remark on bridge.txt")).to_have_value("Check this.")


def test_unpinning_removes_the_note_and_pinning_again_brings_its_remark_back(page: Page) -> None:
    ask(page, WHO)
    pins(page).first.click()
    expect(notes(page)).to_have_count(1)
    page.get_by_label("Remark on mill.txt").fill("Mine.")
    pins(page).first.click()
    expect(page.locator("#notes li")).to_have_count(0)
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    pins(page).first.click()
    expect(page.get_by_label("Remark on mill.txt")).to_have_value("Mine.")


def test_a_note_says_when_its_source_has_changed(page: Page, site: Site) -> None:
    ask(page, WHEN)
    pins(page).first.click()
    notes(page)
    try:
        (site.corpus / "bridge.txt").write_text("No word of that.\n")
        page.locator("#notes .open").first.click()
        expect(page.locator("#reader")).to_contain_text("this quote is no longer in it")
    finally:
        (site.corpus / "bridge.txt").write_text(BRIDGE)


def test_notes_are_exported_with_their_sources_and_are_the_browsers_own(
    page: Page, site: Site, browser: Browser, tmp_path: Path
) -> None:
    ask(page, WHO)
    pins(page).first.click()
    notes(page)
    page.get_by_label("Remark on mill.txt").fill("<b>Mine</b>")
    page.get_by_label("Remark on mill.txt").blur()
    saved = {}
    for name, suffix in (("Markdown", "md"), ("HTML", "html"), ("JSON", "json")):
        with page.expect_download() as download:
            page.locator("#notes").get_by_role("link", name=name).click()
        saved[suffix] = tmp_path / f"saved.{suffix}"
        download.value.save_as(saved[suffix])
        assert download.value.suggested_filename == f"Notes.{suffix}"
    for suffix in ("md", "html"):
        seen = html.unescape(saved[suffix].read_text()).replace("\\", "")
        assert [one for one in ("Ada Brown", "mill.txt", WHO, "<b>Mine</b>") if one not in seen] == []
        assert "<b>Mine" not in saved[suffix].read_text()
    assert json.loads(saved["json"].read_text())["answers"][0]["remark"] == "<b>Mine</b>"
    folders = ["--corpus", str(site.corpus), "--index", str(site.assistant.settings.index)]
    command = [sys.executable, "-m", "rag", "verify", str(saved["json"]), *folders, "--json"]
    assert json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["intact"] == 1
    with opened(browser, site.address) as other:
        expect(notes(other)).to_have_count(0)
        assert WHO not in other.request.get(f"{site.address}/notes.md").text()


@pytest.mark.parametrize("page", [(390, 844)], indirect=True)
def test_on_a_phone_all_of_it_is_within_reach(page: Page) -> None:
    ask(page, WHO)
    pins(page).first.click()
    page.get_by_role("button", name="Documents and conversations").click()
    expect(notes(page)).to_have_count(1)
    assert serious(page) == []
    page.locator("#notes .open").click()
    expect(page.locator("#reader mark")).to_be_in_viewport()
