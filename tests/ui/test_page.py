"""Asking, in a real browser: the answer comes, its numbers show and open its sources, and it can be done over."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from rag.wording import VERDICT_WORDS
from tests.browser import Site, answered, ask, held, opened, question_box

pytestmark = pytest.mark.browser

LISTED = "How many Chinese companies were put on the Entity List in August 2018?"


def test_asking_and_clicking_a_citation_opens_its_source_at_the_sentence(page: Page, site: Site) -> None:
    ask(page, LISTED)
    expect(page.locator(".excerpt mark")).to_contain_text("44 Chinese companies")
    expect(page.locator(".verdict")).to_have_text(VERDICT_WORDS[site.assistant.ask(LISTED).verdict])
    page.locator("#documents button.open[data-source='us-china-ai-chips.md']").click()
    expect(page.locator("#reader mark")).to_have_count(0)
    page.locator(".marker").first.click()
    mark = page.locator("#reader mark")
    expect(mark).to_contain_text("44 Chinese companies")
    expect(mark).to_be_in_viewport()
    expect(page.locator("#reader")).to_contain_text("Quote verified in the source")
    expect(page.locator("#reader .passage", has_text="In May 2019")).to_be_visible()
    expect(page.locator(".marker.on")).to_have_count(1)


def test_the_question_is_there_at_once_and_the_answer_comes_by_excerpts(page: Page) -> None:
    page.evaluate(
        """() => { window.seen = []; new MutationObserver(() => seen.push([
            document.querySelectorAll('.waiting').length, document.querySelectorAll('.turn:last-child .excerpt').length
        ])).observe(document.querySelector('#talk'), { childList: true, subtree: true }); }"""
    )
    ask(page, "How many Chinese companies were put on the Entity List in August 2018? And who is Yin Zhiyao?")
    seen = page.evaluate("window.seen")
    counts = [excerpts for _, excerpts in seen]
    assert [1, 0] in seen  # waiting, with nothing said yet
    assert max(counts) >= 2
    assert set(range(1, max(counts) + 1)) <= set(counts)


def test_pointing_at_a_number_shows_the_place_of_the_words_and_that_they_were_checked(page: Page) -> None:
    ask(page, LISTED)
    marker = page.locator(".marker").first
    card = page.locator(".quote-card.shown")
    marker.hover()
    expect(card).to_contain_text("us-china-ai-chips.md › ")
    expect(card).to_contain_text("Quote verified in the source")
    expect(card).to_be_in_viewport(ratio=1)
    page.locator(".question").hover()
    expect(card).to_have_count(0)
    marker.focus()
    expect(card).to_be_visible()
    assert marker.get_attribute("aria-describedby") == card.get_attribute("id")


def test_by_keys_alone_one_asks_goes_through_the_citations_and_comes_back(page: Page) -> None:
    ask(page, LISTED)
    ask(page, "What happened to Huawei in May 2019?")
    page.locator(".marker").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#reader mark")).to_contain_text("44 Chinese companies")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#reader mark")).to_contain_text("Huawei")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#reader mark")).to_contain_text("44 Chinese companies")
    page.keyboard.press("Escape")
    expect(question_box(page)).to_be_focused()
    question_box(page).fill("left and right are for the text here")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#reader mark")).to_contain_text("44 Chinese companies")


def test_a_slow_answer_can_be_stopped_and_the_question_is_not_lost(
    page: Page, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = held(monkeypatch, site)
    question_box(page).fill(LISTED)
    page.keyboard.press("Enter")
    expect(page.locator(".waiting")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".waiting")).to_have_count(0)
    expect(page.locator(".turn")).to_have_count(0)
    expect(question_box(page)).to_have_value(LISTED)
    go.set()
    ask(page, LISTED)
    expect(page.locator(".turn")).to_have_count(1)
    page.reload()  # and what was stopped did not come in after all
    expect(page.locator(".turn .meta")).to_have_count(1)


def test_the_last_question_can_be_tried_again(page: Page, site: Site) -> None:
    ask(page, "When was the bell of Brimley cast?")
    expect(page.locator(".verdict.none")).to_be_visible()
    late = site.corpus / "late.txt"
    late.write_text("The bell of Brimley was cast in 1700.")
    try:
        expect(page.locator("#documents")).to_contain_text("late.txt")
        expect(page.locator("#documents .counts")).to_contain_text("2 documents ready")
        page.get_by_role("button", name="Try again").click()
        expect(page.locator(".excerpt mark").first).to_contain_text("1700")
        expect(page.locator(".turn")).to_have_count(1)
    finally:
        late.unlink()


def test_an_answer_is_copied_with_its_sources(site: Site, browser: Browser) -> None:
    with opened(browser, site.address, permissions=["clipboard-read", "clipboard-write"]) as page:
        ask(page, LISTED)
        page.get_by_role("button", name="Copy with sources").click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        copied = page.evaluate("navigator.clipboard.readText()")
    quote = site.assistant.ask(LISTED).citations[0].quote
    plain = re.sub(r"[\\*]", "", copied)
    assert " ".join(quote.split()) in " ".join(plain.split())
    assert "us-china-ai-chips.md" in copied.replace("\\", "")


def test_what_a_follow_up_takes_over_is_shown_and_can_be_left_out(page: Page) -> None:
    ask(page, "Who is Yin Zhiyao?")
    ask(page, "When does he expect self-sufficiency?")
    expect(page.locator(".question").last).to_have_text("When does he expect self-sufficiency?")
    expect(page.locator(".query")).to_contain_text("Understood as: Yin Zhiyao")
    page.get_by_role("button", name="Ask without Yin Zhiyao").click()
    expect(page.locator(".query")).to_have_count(0)
    expect(page.locator(".turn")).to_have_count(2)


def test_a_question_about_the_documents_is_answered_in_a_line(page: Page) -> None:
    ask(page, "What documents do you have?")
    expect(page.locator(".reply")).to_contain_text("us-china-ai-chips.md")
    expect(page.locator(".verdict")).to_have_count(0)


def test_an_empty_question_is_met_with_a_word(page: Page) -> None:
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_text("Type a question first.")).to_be_visible()
    expect(page.locator(".question")).to_have_count(0)


def test_a_starter_question_is_there_and_is_answered(page: Page, site: Site) -> None:
    chip = page.locator("#starters .chip").first
    expect(chip).to_be_visible()
    question = chip.inner_text()
    assert not site.assistant.ask(question).abstained
    chip.click()
    answered(page, 0)
    expect(page.locator(".question")).to_have_text(question)
    expect(page.locator(".excerpt").first).to_be_visible()
    expect(chip).to_be_hidden()


@pytest.mark.parametrize("page", [(390, 844)], indirect=True)
def test_on_a_phone_sheets_come_up_and_go_away(page: Page) -> None:
    ask(page, "Who is Yin Zhiyao?")
    expect(page.locator("#reader")).to_be_hidden()
    page.locator(".marker").first.click()
    expect(page.locator("#reader mark")).to_be_in_viewport()
    page.get_by_role("button", name="Close the source").click()
    expect(page.locator("#reader")).to_be_hidden()
    page.get_by_role("button", name="Documents and conversations").click()
    expect(page.locator("#documents")).to_be_visible()
    page.get_by_role("button", name="Close the panel").click()
    expect(page.locator("#documents")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
