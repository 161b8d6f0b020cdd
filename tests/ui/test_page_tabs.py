"""Two tabs of one browser stay in step, and what is typed in either is left alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import Site, ask, held, question_box, send
from tests.folders import write

pytestmark = pytest.mark.browser

WHO, WHEN = "Who built the mill on the Ouse?", "When was the bridge torn down?"
SOON = 10_000  # milliseconds: a look every two seconds, on a busy machine


def fill(corpus: Path) -> None:
    write(corpus, {"mill.txt": "The mill on the Ouse was built by Ada Brown in 1834.\n"})
    write(corpus, {"bridge.txt": "The bridge over the Ouse was torn down in 1871.\n"})


@pytest.fixture
def other(page: Page, site: Site) -> Page:
    """A second tab, at the conversation of the first, with a question half typed."""
    ask(page, WHO)
    tab = page.context.new_page()
    tab.goto(page.url)
    expect(tab.locator(".question")).to_have_text([WHO])
    tab.get_by_role("tab", name="Chats").click()
    question_box(tab).fill("Half a quest")
    return tab


def test_what_is_asked_pinned_and_renamed_in_one_tab_shows_in_the_other(page: Page, other: Page) -> None:
    ask(page, WHEN)
    expect(other.locator(".question")).to_have_text([WHO, WHEN], timeout=SOON)
    expect(other.locator(".turn:last-child .excerpt mark")).to_contain_text("1871")
    expect(other.locator("#talks li.on")).to_contain_text("2 questions")
    page.locator(".pin").first.click()
    expect(other.locator(".pin").first).to_have_attribute("aria-pressed", "true", timeout=SOON)
    page.locator(".turn").first.hover()
    page.get_by_role("button", name="Edit this question").first.click()
    expect(page.locator(".notice")).to_be_visible()
    question_box(page).fill("Who built the mill?")
    send(page)
    expect(other.locator(".branches")).to_have_text(["‹2 of 2›"], timeout=SOON)
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".welcome")).to_be_visible()
    ask(page, WHEN)
    expect(other.locator("#talks li")).to_have_count(2, timeout=SOON)
    expect(other.locator(".question")).to_have_text(["Who built the mill?"])  # it stays at its own
    expect(question_box(other)).to_have_value("Half a quest")
    expect(question_box(other)).to_be_focused()


def test_a_question_that_is_waited_for_in_one_tab_is_so_in_the_other_and_can_be_stopped_there(
    page: Page, other: Page, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = held(monkeypatch, site)
    question_box(page).fill(WHEN)
    send(page)
    expect(other.locator(".waiting")).to_have_text(re.compile("Looking through your documents …"), timeout=SOON)
    other.get_by_role("button", name="Stop").click()
    expect(other.locator(".question")).to_have_text([WHO])
    expect(question_box(other)).to_have_value("Half a quest")
    go.set()
    expect(page.locator(".waiting")).to_have_count(0)
    expect(page.locator(".question")).to_have_text([WHO])
