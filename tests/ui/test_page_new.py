"""What a person who is new meets: an invitation, a card of each document that comes in, and what to ask next."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from rag.embed import Embedder
from tests.browser import Site, ask, served
from tests.folders import write

pytestmark = pytest.mark.browser

MILL = """# The mill

## Who built it

The corn mill on the Ouse was built by Ada Brown in 1834, with stone from her own quarry up the valley.

## What it ground

It ground oats and barley for eleven villages, and in hard years it ground acorns for the poor as well.
"""


@pytest.fixture
def site(tmp_path: Path, embedder: Embedder) -> Iterator[Site]:
    """A site of each test's own, without a document."""
    with served(tmp_path, embedder, lambda corpus: None) as made:
        yield made


def test_where_there_is_no_document_one_is_invited(page: Page, site: Site, tmp_path: Path) -> None:
    expect(page.locator(".invitation")).to_contain_text("Add your first document")
    expect(page.locator(".invitation li")).to_have_count(3)
    write(tmp_path / "mine", {"mill.md": MILL})
    with page.expect_file_chooser() as chooser:
        page.locator(".invitation").get_by_text("Choose files").click()
    chooser.value.set_files(tmp_path / "mine" / "mill.md")
    expect(page.locator("#documents .counts")).to_contain_text("1 document ready")
    expect(page.locator(".invitation")).to_have_count(0)


def test_a_document_that_comes_in_is_shown_on_a_card(page: Page, site: Site) -> None:
    expect(page.locator(".invitation")).to_be_visible()
    write(site.corpus, {"mill.md": MILL})
    card = page.locator("#arrivals section")
    expect(card).to_contain_text("mill.md")
    expect(card).to_contain_text("MD · 2 passages")
    expect(card).to_contain_text("Who built it · What it ground")
    expect(card.locator(".central")).not_to_have_count(0)
    said = card.locator(".central").first.inner_text()
    card.locator(".central").first.click()
    expect(page.locator("#reader mark")).to_have_text(said)
    expect(card.locator(".chip")).to_have_text(
        ["What is said about “Who built it”?", "What is said about “What it ground”?", "What is The mill about?"]
    )
    card.get_by_role("button", name="Close").click()
    expect(card).to_have_count(0)
    write(site.corpus, {"a.txt": "The bridge was built by Carl Dorn.", "b.txt": "The tower was built by Eva Falk."})
    expect(card).to_contain_text("2 documents added")
    expect(card).to_contain_text("a.txt, b.txt")
    card.locator(".chip").first.click()
    expect(page.locator(".turn .meta")).to_be_visible()
    expect(card).to_have_count(0)


def test_after_an_answer_its_neighbours_may_be_asked(page: Page, site: Site) -> None:
    write(site.corpus, {"mill.md": MILL})
    expect(page.locator("#documents .counts")).to_contain_text("1 document ready")
    ask(page, "Who built the mill on the Ouse?")
    page.get_by_role("button", name="Close the source").click()
    page.get_by_role("button", name="See in document of excerpt 1").click()
    expect(page.locator("#reader mark")).to_be_in_viewport()
    chip = page.locator("#suggestions .chip").first
    expect(chip).to_have_text("What is said about “What it ground”?")
    chip.click()
    expect(page.locator(".turn")).to_have_count(2)
    expect(page.locator(".turn:last-child .excerpt mark")).to_contain_text("oats and barley")
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator("#suggestions .chip")).to_have_count(0)
