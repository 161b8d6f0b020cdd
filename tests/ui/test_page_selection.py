"""Several documents are chosen at once, asked alone, removed together and put back together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from rag.embed import Embedder
from tests.browser import Site, served
from tests.folders import write

pytestmark = pytest.mark.browser


def fill(corpus: Path) -> None:
    write(corpus, {f"{name}.txt": f"The {name} was built in 1834." for name in ("bell", "bridge", "mill", "well")})
    write(corpus, {"letters/a.txt": "Dear Ada", "letters/b.txt": "Dear Carl", "letters/broken.pdf": b"%PDF-1.4 none"})


@pytest.fixture
def site(tmp_path: Path, embedder: Embedder) -> Iterator[Site]:
    """A site of each test's own: these tests change its documents."""
    with served(tmp_path, embedder, fill) as made:
        yield made


def files(site: Site) -> set[str]:
    return {path.relative_to(site.corpus).as_posix() for path in site.corpus.rglob("*") if path.is_file()}


def bar(page: Page) -> Locator:
    return page.locator("#documents .selection")


def test_a_range_is_chosen_removed_and_put_back(page: Page, site: Site) -> None:
    before = files(site)
    expect(bar(page)).to_have_count(0)
    page.get_by_label("Ask bridge.txt").click()
    expect(bar(page)).to_contain_text("Asking only this one")
    page.get_by_label("Ask well.txt").click(modifiers=["Shift"])
    expect(bar(page)).to_contain_text("Asking only these 5")
    for name in ("bridge.txt", "letters", "mill.txt", "well.txt"):
        expect(page.get_by_label(f"Ask {name}")).to_be_checked()
    bar(page).get_by_role("button", name="Remove").click()
    told = page.locator("#told [role=status]")
    expect(told).to_contain_text("6 documents were removed.")  # the one that could not be read with its folder
    expect(bar(page)).to_have_count(0)
    expect(page.locator("#only .only")).to_have_count(0)
    assert files(site) == {"bell.txt"}
    expect(page.locator("#documents .counts")).to_contain_text("1 document ready")
    told.get_by_role("button", name="Undo").click()
    expect(told).to_have_text("6 documents are back.")
    assert files(site) == before
    expect(page.locator("#documents .counts")).to_contain_text("6 documents ready")


def test_a_range_is_taken_out_of_the_choice_again(page: Page) -> None:
    page.get_by_label("Ask bell.txt").click()
    page.get_by_label("Ask well.txt").click(modifiers=["Shift"])
    expect(bar(page)).to_contain_text("Asking only these 6")
    page.get_by_label("Ask letters").click()
    expect(bar(page)).to_contain_text("Asking only these 4")
    page.get_by_label("Ask well.txt").click(modifiers=["Shift"])
    expect(bar(page)).to_contain_text("Asking only these 2")
    page.reload()
    expect(bar(page)).to_contain_text("Asking only these 2")
    bar(page).get_by_role("button", name="Clear").click()
    expect(bar(page)).to_have_count(0)
    expect(page.locator("#only .only")).to_have_count(0)
