"""Questions that were asked come back into the question box by the arrow keys, as in a shell."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser import ask, question_box

pytestmark = pytest.mark.browser

FIRST = "Who is Yin Zhiyao?"
SECOND = "Who is Morris Chang?"


def test_arrows_go_through_the_questions_and_what_is_typed_is_left_alone(page: Page) -> None:
    box = question_box(page)
    box.press("ArrowUp")
    expect(box).to_have_value("")  # nothing was asked yet
    for question in (FIRST, SECOND):
        ask(page, question)
    box.press("ArrowDown")
    expect(box).to_have_value("")
    for key, shown in (
        ("ArrowUp", SECOND), ("ArrowUp", FIRST), ("ArrowUp", FIRST), ("ArrowDown", SECOND), ("ArrowDown", ""),
        ("ArrowUp", SECOND), ("Escape", ""), ("ArrowUp", SECOND),
    ):  # fmt: skip
        box.press(key)
        expect(box).to_have_value(shown)
        expect(box).to_be_focused()
    box.press("End")
    box.press_sequentially(" Why?")
    box.press("ArrowUp")
    expect(box).to_have_value(f"{SECOND} Why?")
    box.press("Enter")
    expect(page.locator(".question").last).to_have_text(f"{SECOND} Why?")
