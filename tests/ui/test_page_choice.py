"""Some documents are asked alone: the choice outlives a reload, and a refusal leads to all documents."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import ask
from tests.folders import write

pytestmark = pytest.mark.browser

EGG = "How long should a soft-boiled egg be cooked?"
COOKED = "A soft-boiled egg should be cooked for six minutes."
BUILT = "The bridge over the Ouse was built by Carl Dorn in 1871."


def fill(corpus: Path) -> None:
    write(corpus, {"eggs.txt": COOKED + "\n", "bridge.txt": BUILT + "\n"})


@pytest.fixture
def bridge_alone(page: Page) -> Page:
    """The page, where a question was refused because the bridge alone was asked."""
    page.get_by_label("Ask bridge.txt").click()
    expect(page.locator("#only")).to_contain_text("Asking only bridge.txt")
    ask(page, EGG)
    expect(page.locator(".verdict.none")).to_have_text("I couldn’t find this in the chosen document.")
    return page


def test_a_refusal_leads_to_all_documents(bridge_alone: Page) -> None:
    bridge_alone.locator("#talk").get_by_role("button", name="Ask all documents").click()
    expect(bridge_alone.locator(".excerpt mark")).to_have_text([COOKED])
    expect(bridge_alone.locator(".question")).to_have_text([EGG])
    expect(bridge_alone.locator("#only .only")).to_have_count(0)
    expect(bridge_alone.get_by_label("Ask bridge.txt")).not_to_be_checked()


def test_a_refusal_that_is_not_the_last_leads_there_by_a_new_question(bridge_alone: Page) -> None:
    ask(bridge_alone, "Who built the bridge?")
    bridge_alone.locator("#talk").get_by_role("button", name="Ask all documents").click()
    expect(bridge_alone.locator(".turn:last-child .excerpt mark")).to_have_text([COOKED])
    expect(bridge_alone.locator(".question")).to_have_text([EGG, "Who built the bridge?", EGG])


def test_the_choice_outlives_a_reload(bridge_alone: Page) -> None:
    bridge_alone.reload()
    expect(bridge_alone.locator("#only")).to_contain_text("Asking only bridge.txt")
    expect(bridge_alone.get_by_label("Ask bridge.txt")).to_be_checked()
    ask(bridge_alone, "Who built the bridge?")
    expect(bridge_alone.locator(".turn:last-child .meta")).to_contain_text("Asked of 1 chosen document")
    bridge_alone.locator("#only").get_by_role("button", name="Ask all documents").click()
    expect(bridge_alone.locator("#only .only")).to_have_count(0)
    bridge_alone.reload()
    expect(bridge_alone.locator(".turn .meta")).to_have_count(2)
    expect(bridge_alone.locator("#only .only")).to_have_count(0)
    expect(bridge_alone.get_by_label("Ask bridge.txt")).not_to_be_checked()
