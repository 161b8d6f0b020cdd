"""Editing an earlier question: it is seen, can be left, and what it removes can be had back."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser import Site, ask, held, question_box, send

pytestmark = pytest.mark.browser

QUESTIONS = [
    "How many Chinese companies were put on the Entity List in August 2018?",
    "Who is Yin Zhiyao?",
    "How long should an egg be cooked?",
    "What happened to Huawei in May 2019?",
]
OTHER = "Who is Morris Chang?"


@pytest.fixture
def talk(page: Page) -> Page:
    """The page with a conversation whose second question is being edited."""
    for question in QUESTIONS:
        ask(page, question)
    edit(page, 1)
    return page


def edit(page: Page, number: int) -> None:
    page.locator(".turn").nth(number).hover()
    page.get_by_role("button", name="Edit this question").nth(number).click()
    expect(page.locator(".notice")).to_be_visible()


def test_the_question_that_is_edited_is_marked_and_what_will_go_is_named(talk: Page) -> None:
    expect(question_box(talk)).to_have_value(QUESTIONS[1])
    expect(question_box(talk)).to_be_focused()
    expect(talk.locator(".turn.edited .question")).to_have_text([QUESTIONS[1]])
    expect(talk.locator(".turn.after-edited .question")).to_have_text(QUESTIONS[2:])
    expect(talk.locator(".notice")).to_contain_text("Editing a question. The next 2 questions will be removed")
    talk.get_by_role("button", name="This answer is good").first.click()
    expect(talk.get_by_role("button", name="This answer is good").first).to_have_attribute("aria-pressed", "true")
    expect(talk.locator(".turn.edited .question")).to_have_text([QUESTIONS[1]])  # also when it is drawn anew


@pytest.mark.parametrize("way", ["Cancel", "Escape"])
def test_it_can_be_left_and_the_next_question_is_a_new_one(talk: Page, way: str) -> None:
    if way == "Escape":
        talk.keyboard.press(way)
    else:
        talk.get_by_role("button", name=way).click()
    expect(talk.locator(".notice, .edited, .after-edited")).to_have_count(0)
    expect(question_box(talk)).to_have_value("")
    expect(question_box(talk)).to_be_focused()
    ask(talk, OTHER)
    expect(talk.locator(".question")).to_have_text([*QUESTIONS, OTHER])


def test_what_an_edited_question_removed_can_be_had_back(talk: Page) -> None:
    question_box(talk).fill(OTHER)
    send(talk)
    expect(talk.locator(".undone")).to_contain_text("2 later questions were removed.")
    expect(talk.locator(".question")).to_have_text([QUESTIONS[0], OTHER])
    expect(talk.locator(".notice")).to_have_count(0)
    talk.reload()
    expect(talk.locator(".question")).to_have_text([QUESTIONS[0], OTHER])
    talk.get_by_role("button", name="Undo").click()
    expect(talk.locator(".question")).to_have_text(QUESTIONS)
    expect(talk.locator(".undone")).to_have_count(0)
    ask(talk, OTHER)
    expect(talk.locator(".question")).to_have_text([*QUESTIONS, OTHER])


def test_another_conversation_is_not_edited(talk: Page) -> None:
    talk.get_by_role("button", name="New conversation").click()
    expect(talk.locator(".notice")).to_have_count(0)
    ask(talk, OTHER)
    edit(talk, 0)
    expect(talk.locator(".notice")).to_have_text("Editing a question.Cancel")
    talk.get_by_role("tab", name="Conversations").click()
    talk.locator("#talks button.open").nth(1).click()
    expect(talk.locator(".question")).to_have_text(QUESTIONS)
    expect(talk.locator(".notice, .edited")).to_have_count(0)


def test_an_edited_question_that_is_stopped_is_still_edited(
    talk: Page, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = held(monkeypatch, site)
    question_box(talk).fill(OTHER)
    send(talk)
    expect(talk.locator(".waiting")).to_be_visible()
    expect(talk.locator(".notice")).to_have_count(0)
    talk.get_by_role("button", name="Stop").click()
    expect(talk.locator(".question")).to_have_text(QUESTIONS)
    expect(talk.locator(".turn.edited .question")).to_have_text([QUESTIONS[1]])
    expect(question_box(talk)).to_have_value(OTHER)
    go.set()
    send(talk)
    expect(talk.locator(".undone")).to_contain_text("2 later questions were removed.")
    expect(talk.locator(".question")).to_have_text([QUESTIONS[0], OTHER])
