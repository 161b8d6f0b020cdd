"""Editing an earlier question: it is seen, can be left, and the former answers stay as another branch."""

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


def test_the_question_that_is_edited_is_marked_and_what_will_not_follow_is_named(talk: Page) -> None:
    expect(question_box(talk)).to_have_value(QUESTIONS[1])
    expect(question_box(talk)).to_be_focused()
    expect(talk.locator(".turn.edited .question")).to_have_text([QUESTIONS[1]])
    expect(talk.locator(".turn.after-edited .question")).to_have_text(QUESTIONS[2:])
    expect(talk.locator(".notice")).to_contain_text(
        "Editing a question. The next 2 questions stay in the earlier version."
    )
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


def test_the_former_answers_are_a_branch_that_one_goes_back_to(talk: Page) -> None:
    question_box(talk).fill(OTHER)
    send(talk)
    expect(talk.locator(".branches")).to_have_text(["‹2 of 2›"])
    expect(talk.locator(".question")).to_have_text([QUESTIONS[0], OTHER])
    expect(talk.locator(".notice")).to_have_count(0)
    talk.reload()
    expect(talk.locator(".question")).to_have_text([QUESTIONS[0], OTHER])
    talk.get_by_role("button", name="Previous version").press("Enter")
    expect(talk.locator(".question")).to_have_text(QUESTIONS)
    expect(talk.locator(".branches")).to_have_text(["‹1 of 2›"])
    expect(talk.get_by_role("button", name="Next version")).to_be_focused()  # the other way is at its end
    expect(talk.locator(".branches")).to_be_in_viewport()
    edit(talk, 1)
    question_box(talk).fill("Who is Xu Zhijun?")
    send(talk)
    expect(talk.locator(".branches")).to_have_text(["‹3 of 3›"])
    talk.get_by_role("button", name="Previous version").click()
    expect(talk.locator(".question")).to_have_text([QUESTIONS[0], OTHER])
    talk.get_by_role("button", name="Try again").click()
    expect(talk.locator(".branches")).to_have_text(["‹4 of 4›"])
    place = talk.url.partition("#")[2]
    saved = talk.request.get(f"{talk.url.partition('#')[0]}conversations/{place}.json").json()
    assert [one["question"] for one in saved["answers"]] == [QUESTIONS[0], OTHER]  # the branch that is shown


def test_another_conversation_is_not_edited(talk: Page) -> None:
    talk.get_by_role("button", name="New conversation").click()
    expect(talk.locator(".notice")).to_have_count(0)
    ask(talk, OTHER)
    edit(talk, 0)
    expect(talk.locator(".notice")).to_have_text("Editing a question.Cancel")
    talk.get_by_role("tab", name="Chats").click()
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
    expect(talk.locator(".branches")).to_have_text(["‹2 of 2›"])
    expect(talk.locator(".question")).to_have_text([QUESTIONS[0], OTHER])
