"""Excerpts in a real browser: folded, unfolded by mouse and keys, and kept so; nothing in them does anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from rag.types import Answer
from tests.browser import Site, ask
from tests.folders import write

pytestmark = pytest.mark.browser

BUILT = "The mill on the Ouse was built by Ada Brown in 1834."
FIRST = "Of the mill on the hill nobody knows a thing, least of all its age or its name."
ATTACK = "<img src=x onerror='window.owned=1'> {{7*7}} ${7*7}"
LAST = "The last of its wheels was sold to a baker of Selby."
AROUND = " ".join(f"Wheel {n} of the mill ground rye for the towns by the river." for n in range(4))
QUESTION = "Who built the mill on the Ouse?"


def fill(corpus: Path) -> None:
    text = f"{FIRST} {AROUND}\n\n{BUILT} It is called {ATTACK} by all.\n\n\n\n{AROUND}\n{LAST}\n"
    write(corpus, {"mill.txt": text, "copy.txt": text, "broken.pdf": b"%PDF-1.4 this is none"})


def lines(words: Locator) -> float:
    return float(words.evaluate("(one) => one.offsetHeight / parseFloat(getComputedStyle(one).lineHeight)"))


def cuts(page: Page) -> list[str]:
    """Return what stands before and after the words where they are cut."""
    paragraphs = page.locator(".excerpt").first.locator("p:is(.cut-before, .cut-after)")
    found = paragraphs.evaluate_all(
        "(all) => all.flatMap((one) => ['::before', '::after'].map((side) => getComputedStyle(one, side).content))"
    )
    return [content.strip('" ') for content in found if content != "none"]


def hidden(page: Page, words: str) -> None:
    expect(page.locator(".excerpt").first).not_to_contain_text(words, use_inner_text=True)


def shown(page: Page, words: str) -> None:
    expect(page.locator(".excerpt").first).to_contain_text(words, use_inner_text=True)


def test_the_excerpt_is_shown_around_its_key_sentence(page: Page, site: Site) -> None:
    ask(page, QUESTION)
    card = page.locator(".excerpt").first
    expect(card.locator("mark")).to_have_text(BUILT)
    assert card.locator("mark").evaluate("(one) => getComputedStyle(one).backgroundColor") != "rgba(0, 0, 0, 0)"
    citation = site.assistant.ask(QUESTION).citations[0]
    assert citation.also_in
    expect(card.locator(".also")).to_have_text(f"also in {', '.join(citation.also_in)}")
    assert 5 <= lines(card.locator(".words")) <= 10
    paragraphs = card.locator(".words p:visible")
    assert all(one.inner_text().strip(" …") for one in paragraphs.all())


@pytest.mark.parametrize("page", [(1440, 900), (390, 844)], indirect=True)
def test_the_rest_is_shown_and_folded_again(page: Page) -> None:
    ask(page, QUESTION)
    button = page.locator(".excerpt .unfold").first
    expect(button).to_have_attribute("aria-expanded", "false")
    hidden(page, LAST)
    before = lines(page.locator(".words").first)
    button.click()
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(button).to_contain_text("Show less")
    shown(page, LAST)
    assert cuts(page) == []
    assert lines(page.locator(".words").first) > before
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    button.click()
    expect(button).to_contain_text("Show more")
    hidden(page, LAST)
    assert cuts(page) == ["…", "…"]


def test_it_is_unfolded_by_keys_and_stays_so_when_the_talk_is_drawn_anew(page: Page) -> None:
    ask(page, QUESTION)
    button = page.get_by_role("button", name="Show more of excerpt 1")
    page.locator(".marker").first.focus()
    page.keyboard.press("Tab")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    shown(page, LAST)
    page.keyboard.press("Space")
    hidden(page, LAST)
    page.keyboard.press("Space")
    page.get_by_role("button", name="This answer is good").click()
    expect(page.get_by_role("button", name="This answer is good")).to_have_attribute("aria-pressed", "true")
    shown(page, LAST)
    ask(page, "What was sold to a baker of Selby?")
    shown(page, LAST)
    expect(page.locator(".turn").nth(0).locator(".unfold").first).to_have_attribute("aria-expanded", "true")
    expect(page.locator(".turn").nth(1).locator(".unfold[aria-expanded=true]")).to_have_count(0)
    page.get_by_role("button", name="Show less of excerpt 1").click()
    hidden(page, LAST)
    page.get_by_role("button", name="This answer is good").first.click()
    expect(page.get_by_role("button", name="This answer is good").first).to_have_attribute("aria-pressed", "false")
    hidden(page, LAST)


def test_by_arrows_one_goes_through_excerpts_that_come_closest(page: Page, site: Site) -> None:
    question = "How long should a soft-boiled egg be cooked?"
    ask(page, question)
    closest = site.assistant.ask(question).closest
    page.locator(".marker").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#reader mark")).to_have_text(closest[0].quote)
    page.keyboard.press("ArrowRight")
    expect(page.locator("#reader mark")).to_have_text(closest[1].quote)
    expect(page.locator(".marker").nth(1)).to_be_focused()


def test_of_a_long_answer_the_beginning_is_in_view(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 500})
    ask(page, QUESTION)
    expect(page.locator(".question")).to_be_in_viewport()
    expect(page.locator(".verdict")).to_be_in_viewport()


def test_nothing_in_an_excerpt_does_anything(page: Page) -> None:
    ask(page, QUESTION)
    shown(page, ATTACK)
    page.locator(".excerpt .unfold").first.click()
    shown(page, ATTACK)
    assert page.evaluate("window.owned") is None
    expect(page.locator(".excerpt img")).to_have_count(0)


def test_an_answer_that_was_saved_without_excerpts_is_shown_as_sentences(
    page: Page, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = site.assistant.ask

    def ask_of_old(*given: object, **more: object) -> Answer:
        answer = real(*given, **more)  # type: ignore[arg-type]
        cited = [one.model_copy(update={"excerpt": None, "also_in": ()}) for one in answer.citations]
        return answer.model_copy(update={"verdict": "likely", "citations": tuple(cited)})

    monkeypatch.setattr(site.assistant, "ask", ask_of_old)
    ask(page, QUESTION)
    expect(page.locator(".sentence.quoted").first).to_have_text(BUILT)
    expect(page.locator(".excerpt, .verdict")).to_have_count(0)
    page.locator(".sentences .marker").first.hover()
    expect(page.locator(".quote-card.shown q")).to_have_text(BUILT)
    page.locator(".sentences .marker").first.click()
    expect(page.locator("#reader mark")).to_have_text(BUILT)
    expect(page.locator("#reader .passage").first).to_be_visible()
