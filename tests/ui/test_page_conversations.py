"""Conversations on the page: kept, found, renamed, deleted, exported, rated; through a server that is killed, too."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from rag.evaluate.questions import read_questions
from rag.types import Answer
from rag.wording import VERDICT_WORDS
from tests.browser import PATIENCE, Site, ask, free_port, held, opened, question_box, send, serving

pytestmark = pytest.mark.browser

WELL = "When was the well of Brimley dug?"
LISTED = "How many Chinese companies were put on the Entity List in August 2018?"


def conversations(page: Page) -> Locator:
    page.get_by_role("tab", name="Chats").click()
    return page.locator("#talks li")


def test_conversations_are_listed_found_opened_and_renamed(page: Page) -> None:
    ask(page, LISTED)
    ask(page, "Who is Yin Zhiyao?")
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".welcome")).to_be_visible()
    ask(page, "Who is Morris Chang?")
    listed = conversations(page)
    expect(listed.locator("b")).to_have_text(["Who is Morris Chang?", LISTED])
    expect(listed.nth(1)).to_contain_text("2 questions")
    page.get_by_role("textbox", name="Search conversations").fill("zebra")
    expect(page.locator("#talks")).to_have_text("No conversation matches “zebra”.")
    page.get_by_role("textbox", name="Search conversations").fill("zhiyao")
    expect(listed).to_have_count(1)
    listed.locator("button.open").click()
    expect(page.locator(".question")).to_have_text([LISTED, "Who is Yin Zhiyao?"])
    expect(page.locator("#talks li.on")).to_have_count(1)  # the list has been drawn anew
    page.locator("#talks summary").click()
    page.locator("#talks").get_by_label("Title").fill("The list")
    page.get_by_role("button", name="Rename").click()
    expect(listed.locator("b")).to_have_text(["The list"])
    page.get_by_role("textbox", name="Search conversations").fill("")
    expect(listed.locator("b")).to_have_text(["Who is Morris Chang?", "The list"])
    ask(page, "When does he expect self-sufficiency?")  # and it goes on, with its history
    expect(page.locator(".query")).to_contain_text("Yin Zhiyao")


def test_a_conversation_is_there_again_after_the_page_is_loaded_anew(page: Page) -> None:
    ask(page, LISTED)
    page.reload()
    expect(page.locator(".question")).to_have_text([LISTED])
    page.locator(".marker").first.click()
    expect(page.locator("#reader mark")).to_contain_text("44 Chinese companies")


def test_a_question_is_answered_though_the_page_is_loaded_anew(
    page: Page, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = held(monkeypatch, site)
    question_box(page).fill(LISTED)
    send(page)
    expect(page.locator(".waiting")).to_be_visible()
    page.reload()
    expect(page.locator(".question")).to_have_text([LISTED])
    expect(page.locator(".waiting")).to_be_visible()
    expect(question_box(page)).to_have_value("")
    go.set()
    expect(page.locator(".excerpt mark")).to_contain_text("44 Chinese companies")
    expect(page.locator(".question")).to_have_text([LISTED])


@pytest.fixture
def failing(site: Site, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let no question be answered, as where the server goes down; return those that are asked."""
    asked: list[str] = []

    def fail(question: str, *_: Any, **more: Any) -> Answer:
        asked.append(question)
        raise MemoryError

    monkeypatch.setattr(site.assistant, "ask", fail)
    return asked


def test_a_question_whose_answer_is_cut_off_is_asked_again_but_not_for_ever(
    page: Page, failing: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    question_box(page).fill(LISTED)
    page.keyboard.press("Enter")
    expect(page.locator(".turn")).to_contain_text("This question wasn’t answered.")
    page.wait_for_timeout(5000)
    expect(page.locator(".turn")).to_contain_text("This question wasn’t answered.")
    assert failing == [LISTED, LISTED]
    monkeypatch.undo()
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".excerpt mark")).to_contain_text("44 Chinese companies")
    expect(page.locator(".question")).to_have_text([LISTED])


def test_a_question_without_an_answer_can_be_removed(
    page: Page, failing: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    question_box(page).fill("Who is Yin Zhiyao?")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.locator(".turn")).to_have_count(0)
    monkeypatch.undo()
    ask(page, "Who is Morris Chang?")
    page.reload()
    expect(page.locator(".question")).to_have_text(["Who is Morris Chang?"])


def test_a_deleted_conversation_can_be_had_back(page: Page) -> None:
    ask(page, LISTED)
    listed = conversations(page)
    page.locator("#talks summary").click()
    page.get_by_role("button", name="Delete").click()
    expect(listed).to_have_count(0)
    expect(page.locator(".turn")).to_have_count(0)  # the page showed it
    page.get_by_role("button", name="Undo").click()
    expect(listed.locator("b")).to_have_text([LISTED])


def test_each_browser_sees_its_own_conversations_alone(site: Site, browser: Browser) -> None:
    with opened(browser, site.address) as one, opened(browser, site.address) as other:
        ask(one, LISTED)
        expect(conversations(one)).to_have_count(1)
        expect(conversations(other)).to_have_count(0)
        place = one.url.partition("#")[2]
        other.goto(f"{site.address}/#{place}")
        other.reload()
        expect(other.locator(".welcome")).to_be_visible()
        expect(other.locator(".turn")).to_have_count(0)
        for suffix in ("md", "html", "json"):
            path = f"{site.address}/conversations/{place}.{suffix}"
            assert one.request.get(path).status == 200
            assert other.request.get(path).status == 422
            assert LISTED not in other.request.get(path).text()


def test_a_conversation_is_exported_as_markdown_html_and_json_that_verify_checks(
    page: Page, site: Site, tmp_path: Path
) -> None:
    ask(page, LISTED)
    ask(page, "How long should an egg be cooked?")
    conversations(page)
    page.locator("#talks summary").click()
    saved = {}
    for name, suffix in (("Markdown", "md"), ("HTML", "html"), ("JSON", "json")):
        with page.expect_download() as download:
            page.get_by_role("link", name=name).click()
        saved[suffix] = tmp_path / f"saved.{suffix}"
        download.value.save_as(saved[suffix])
        assert download.value.suggested_filename.endswith(suffix)
    assert "44 Chinese companies" in saved["md"].read_text()
    assert VERDICT_WORDS["none"] in saved["html"].read_text()
    folders = ["--corpus", str(site.corpus), "--index", str(site.assistant.settings.index)]
    command = [sys.executable, "-m", "rag", "verify", str(saved["json"]), *folders, "--json"]
    checked = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    answers = json.loads(saved["json"].read_text())["answers"]
    quoted = sum(len(answer["citations"]) + len(answer["closest"]) for answer in answers)
    assert quoted > 1
    assert (checked["intact"], checked["moved"], checked["changed"], checked["gone"]) == (quoted, 0, 0, 0)


def test_what_a_person_thinks_of_an_answer_is_kept_with_a_note(page: Page, site: Site) -> None:
    ask(page, LISTED)
    page.get_by_role("button", name="This answer is good").click()
    expect(page.get_by_role("button", name="This answer is good")).to_have_attribute("aria-pressed", "true")
    ask(page, "Who is Yin Zhiyao?")
    page.get_by_role("button", name="This answer is not good").last.click()
    page.get_by_label("What was wrong?").fill("It is too short.")
    page.get_by_role("button", name="Save note").click()
    expect(page.get_by_text("The note is kept.")).to_be_visible()
    page.reload()
    expect(page.get_by_label("What was wrong?")).to_have_value("It is too short.")
    data = str(site.assistant.settings.data)
    kept = subprocess.run(
        [sys.executable, "-m", "rag", "feedback", "--data", data], capture_output=True, check=True, text=True
    )
    path = Path(data) / "questions.jsonl"
    path.write_text(kept.stdout)
    good, bad = [one for one in read_questions(path) if one.question in (LISTED, "Who is Yin Zhiyao?")][-2:]
    assert good.useful[0].text == site.assistant.ask(LISTED).citations[0].quote
    assert not bad.evidence_known
    assert "It is too short." in kept.stdout


def test_a_killed_server_loses_nothing_and_the_open_page_goes_on_when_it_is_back(
    tmp_path: Path, browser: Browser
) -> None:
    shutil.copytree("corpus", tmp_path / "corpus")
    port = free_port()
    with serving(tmp_path, port):
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{port}")
        ask(page, LISTED)
        page.get_by_role("button", name="This answer is good").click()
        expect(page.get_by_role("button", name="This answer is good")).to_have_attribute("aria-pressed", "true")
        page.locator("#upload input[type=file]").set_input_files(
            {"name": "well.txt", "mimeType": "text/plain", "buffer": b"The well of Brimley was dug in 1700."}
        )
        expect(page.locator(".uploads")).to_contain_text("added")
        page.evaluate("window.old = true")
    question_box(page).fill(WELL)
    page.keyboard.press("Enter")  # while nobody is there to take it
    with serving(tmp_path, port):
        # The page notices by itself, and loads itself anew.
        page.wait_for_function("!window.old", timeout=1000 * PATIENCE)
        expect(page.locator(".notice")).to_contain_text("Your question wasn’t sent.")
        expect(page.locator(".question")).to_have_text([LISTED])
        expect(page.get_by_role("button", name="This answer is good")).to_have_attribute("aria-pressed", "true")
        expect(page.locator("#documents li", has_text="well.txt")).to_contain_text("1 passage")
        expect(question_box(page)).to_have_value(WELL)
        send(page)
        expect(page.locator(".turn:last-child .excerpt mark")).to_contain_text("1700")
        expect(page.locator(".notice")).to_have_count(0)
        expect(page.locator(".question")).to_have_count(2)
        context.close()
