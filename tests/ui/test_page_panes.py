"""The panes beside the talk: drawn wider by pointer and by keys, closed and brought back, and remembered."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import ask
from tests.folders import write

pytestmark = pytest.mark.browser


def fill(corpus: Path) -> None:
    write(corpus, {"mill.md": "# The mill\n\nThe mill on the Ouse was built by Ada Brown in 1834.\n"})


def edge(page: Page, name: str) -> Locator:
    return page.get_by_role("separator", name=name)


def width(page: Page, name: str) -> float:
    box = page.locator(name).bounding_box()
    return box["width"] if box is not None else 0


@pytest.mark.parametrize(("name", "pane", "wider"), [("panel", "#panel", 60), ("source", "#reader", -60)])
def test_a_pane_is_drawn_wider_and_stays_so(page: Page, name: str, pane: str, wider: int) -> None:
    handle = edge(page, f"Width of the {name}")
    before, box = width(page, pane), handle.bounding_box()
    assert box is not None
    x = box["x"] + box["width"] / 2
    page.mouse.move(x, 300)
    page.mouse.down()
    page.mouse.move(x + wider, 300, steps=4)
    page.mouse.up()
    assert abs(width(page, pane) - before - 60) <= 2
    handle.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(handle).to_be_focused()
    now = width(page, pane)
    assert abs(now - before - (92 if wider > 0 else 28)) <= 2
    expect(handle).to_have_attribute("aria-valuenow", str(round(now)))
    page.reload()
    expect(handle).to_have_attribute("aria-valuenow", str(round(now)))
    handle.focus()
    page.keyboard.press("Home")
    expect(handle).to_have_attribute("aria-valuenow", handle.get_attribute("aria-valuemin") or "")
    page.keyboard.press("End")
    expect(handle).to_have_attribute("aria-valuenow", handle.get_attribute("aria-valuemax") or "")
    assert width(page, "#chat") >= 380
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_panes_are_closed_and_brought_back(page: Page) -> None:
    page.get_by_role("button", name="Close the panel").click()
    page.get_by_role("button", name="Close the source").click()
    expect(page.locator("#panel")).to_be_hidden()
    expect(page.locator("#reader")).to_be_hidden()
    expect(page.get_by_role("separator")).to_have_count(0)
    expect(page.get_by_role("button", name="Show source")).to_be_focused()
    assert width(page, "#chat") == 1440
    page.reload()
    expect(page.locator("#chat")).to_be_visible()
    expect(page.locator("#panel")).to_be_hidden()
    menu = page.get_by_role("button", name="Menu")
    menu.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#panel")).to_be_visible()
    expect(page.get_by_role("button", name="Close the panel")).to_be_focused()
    expect(menu).to_be_hidden()
    ask(page, "Who built the mill on the Ouse?")
    expect(page.locator("#reader")).to_be_hidden()  # a person has closed it
    page.locator(".marker").first.click()
    expect(page.locator("#reader mark")).to_be_visible()
    page.get_by_role("button", name="Close the source").click()
    page.get_by_role("button", name="Show source").click()
    expect(page.locator("#reader mark")).to_be_visible()


@pytest.mark.parametrize("page", [(390, 844)], indirect=True)
def test_a_phone_has_the_sheet_as_it_was(page: Page) -> None:
    page.evaluate('localStorage.setItem(\'panes\', \'{"panel": {"closed": true}, "reader": {"closed": true}}\')')
    page.reload()
    expect(page.get_by_role("separator")).to_have_count(0)
    expect(page.get_by_role("button", name="Show source")).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    expect(page.locator("#panel")).to_be_visible()
    page.get_by_role("button", name="Close the panel").click()
    ask(page, "Who built the mill on the Ouse?")
    page.locator(".marker").first.click()
    expect(page.locator("#reader mark")).to_be_visible()
    page.get_by_role("button", name="Close the source").click()
    expect(page.locator("#reader")).to_be_hidden()


@pytest.mark.parametrize("kept", ["{", "5", '{"panel": {"width": "<b>", "closed": 1}, "reader": null}'])
def test_whatever_the_browser_has_kept_the_page_comes(page: Page, kept: str) -> None:
    page.evaluate("(kept) => localStorage.setItem('panes', kept)", kept)
    page.reload()
    expect(page.locator("#panel")).to_be_visible()
    expect(edge(page, "Width of the panel")).to_have_attribute("aria-valuenow", "272")
