"""Where there is no answer: what can be tried, each with a click, and nothing that cannot help."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import answered, ask
from tests.folders import write

pytestmark = pytest.mark.browser

MILL = "The mill on the Ouse was built by Ada Brown in 1834. It ground rye for the towns by the river.\n"


def fill(corpus: Path) -> None:
    write(corpus, {"mill.txt": MILL, "bridge.txt": "The bridge over the Ouse was torn down in 1871.\n"})
    write(corpus, {"broken.pdf": b"%PDF-1.4 this is none"})


def tries(page: Page) -> list[str]:
    return page.locator(".turn:last-child .tries button").all_inner_texts()


def test_what_stands_nowhere_can_be_left_out_or_spelt_as_in_the_documents(page: Page) -> None:
    ask(page, "What is the brigde?")
    assert tries(page) == ["Ask with “bridge”", "Open bridge.txt"]
    ask(page, "Who built the mill on the Ouse in order R-2024-191?")
    assert tries(page) == ["Ask without “order R-2024-191”", "Open mill.txt"]
    page.get_by_role("button", name="Ask without").click()
    expect(page.locator(".turn:last-child .excerpt mark")).to_contain_text("Ada Brown")
    expect(page.locator(".question")).to_have_text(["What is the brigde?", "Who built the mill on the Ouse?"])
    page.get_by_role("button", name="Ask with").click()  # of an earlier question: it is asked after the others
    answered(page, 2)
    expect(page.locator(".question").last).to_have_text("What is the bridge?")
    ask(page, "How many eggs does a cake take?")
    assert tries(page) == ["Open mill.txt"] or tries(page) == ["Open bridge.txt"]  # no words that would help


def test_more_documents_and_the_closest_one_are_a_click_away(page: Page) -> None:
    page.get_by_label("Ask bridge.txt").click()
    expect(page.locator("#only")).to_contain_text("Asking only bridge.txt")
    ask(page, "Who built the mill for the towns by the river?")
    assert tries(page) == ["Ask all documents", "Open bridge.txt"]
    page.get_by_role("button", name="Open bridge.txt").click()
    expect(page.locator("#reader mark")).to_contain_text("torn down in 1871")
    page.get_by_role("button", name="Ask all documents").first.click()
    expect(page.locator(".turn:last-child .excerpt mark").first).to_contain_text("Ada Brown")
    expect(page.locator("#only")).to_be_empty()


@pytest.mark.parametrize("page", [(1440, 900), (390, 844)], indirect=True)
def test_a_file_that_could_not_be_read_is_shown_in_the_list_with_the_reason(page: Page) -> None:
    ask(page, "How many eggs does a cake take?")
    page.locator(".unread").get_by_role("button", name="broken.pdf").click()
    line = page.locator("#documents li.failed")
    expect(line).to_be_focused()
    expect(line).to_be_in_viewport()
    expect(line).to_contain_text("broken.pdf")
    expect(line.locator(".bad")).to_be_visible()
