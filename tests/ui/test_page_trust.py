"""What an answer rests on, shown: what was checked and still stands, how well it fits, why these passages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from rag.embed import Embedder
from rag.index.local_reader import LocalReader
from rag.types import Answer, Sentence
from rag.wording import STANDING_WORDS, VERDICT_WORDS
from tests.browser import Site, ask, served
from tests.folders import write
from tests.waiting import wait_until

pytestmark = pytest.mark.browser

EGG = "How long should a soft-boiled egg be cooked?"
MILL = "The mill on the Ouse was built by Ada Brown in 1834.\n"


def fill(corpus: Path) -> None:
    write(corpus, {"mill.txt": MILL, "bridge.txt": "The bridge was built by Carl Dorn in 1871.\n"})


@pytest.fixture
def site(tmp_path: Path, embedder: Embedder) -> Iterator[Site]:
    """A site of each test's own: these tests change its documents."""
    with served(tmp_path, embedder, fill) as made:
        yield made


def test_a_quotation_is_told_to_be_checked_and_how_well_the_answer_fits(page: Page, site: Site) -> None:
    ask(page, "Who built the mill on the Ouse?")
    expect(page.locator(".meta")).to_contain_text("✓ 1 quote verified in the source")
    verdict = site.assistant.ask("Who built the mill on the Ouse?").verdict
    assert verdict != "none"
    expect(page.locator(".verdict")).to_have_text(VERDICT_WORDS[verdict])
    expect(page.locator(".excerpt mark")).to_have_text(MILL.strip())
    expect(page.locator(".tag")).to_have_count(0)


def test_once_the_file_has_changed_the_answer_says_so(page: Page, site: Site) -> None:
    ask(page, "Who built the mill on the Ouse?")
    (site.corpus / "mill.txt").write_text("The mill burned down.\n")
    expect(page.locator(".excerpt .tag")).to_contain_text("The file has changed")
    expect(page.locator(".meta")).to_contain_text("Quote not verified: the file has changed")
    expect(page.locator(".meta .ok")).to_have_count(0)
    # Until the index has followed, the viewer shows the document that was cited, with its words marked.
    assert wait_until(lambda: "burned" in site.assistant.document("mill.txt").text)
    page.locator(".marker").first.click()
    expect(page.locator("#reader")).to_contain_text(STANDING_WORDS["changed"])
    expect(page.locator("#reader mark")).to_have_count(0)
    (site.corpus / "mill.txt").write_text("Of mills.\n" + MILL)
    expect(page.locator(".excerpt .tag")).to_contain_text(STANDING_WORDS["moved"])
    (site.corpus / "mill.txt").unlink()
    expect(page.locator(".excerpt .tag")).to_have_text(STANDING_WORDS["gone"])


def test_sentences_that_are_no_quotations_are_told_apart(
    page: Page, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Sentences as a model may write them; that a model writes them is tested in test_page_model.py.
    real = site.assistant.ask

    def ask_model(*given: object, **more: object) -> Answer:
        answer = real(*given, **more)  # type: ignore[arg-type]
        said = [Sentence(text="Ada Brown built it.", citations=(1,), support="supported")]
        said.append(Sentence(text="It was the finest of all.", citations=(1,), support="unsupported"))
        said.append(Sentence(text="Everyone loved it.", citations=(), support="unsupported"))
        return answer.model_copy(update={"sentences": (*answer.sentences, *said)})

    monkeypatch.setattr(site.assistant, "ask", ask_model)
    ask(page, "Who built the mill on the Ouse?")
    expect(page.locator(".meta")).to_contain_text("1 quote verified in the source2 sentences without support")
    tags = ["in other words", "not supported by its source", "no source given"]
    expect(page.locator(".tag")).to_have_text(tags)
    expect(page.locator(".excerpt")).to_have_count(1)
    page.locator(".sentences .marker").nth(1).hover()
    expect(page.locator(".quote-card.shown")).to_contain_text("not supported by its source")


def test_the_closest_excerpts_are_shown_where_there_is_no_answer_and_open_their_sources(page: Page, site: Site) -> None:
    ask(page, EGG)
    expect(page.locator(".verdict")).to_have_text("I couldn’t find this in your documents.")
    closest = site.assistant.ask(EGG).closest
    assert len(closest) > 1
    expect(page.locator(".excerpt mark")).to_have_text([one.quote for one in closest])
    expect(page.locator(".excerpt .from b")).to_have_text([one.source for one in closest])
    expect(page.locator("#reader .empty")).to_be_visible()
    for at, one in enumerate(closest):
        page.locator(".excerpt .marker").nth(at).click()
        expect(page.locator("#reader h2")).to_have_text(one.source)
        expect(page.locator("#reader mark")).to_have_text(one.quote)
        expect(page.locator("#reader mark")).to_be_in_viewport()
        expect(page.locator(".marker.on")).to_have_text(str(at + 1))
    expect(page.locator("#reader")).to_contain_text("it may not answer it")
    page.get_by_role("button", name="Previous excerpt").click()
    expect(page.locator("#reader mark")).to_have_text(closest[-2].quote)


def test_without_an_answer_the_files_that_could_not_be_read_and_those_still_being_read_are_named(
    page: Page, site: Site
) -> None:
    (site.corpus / "broken.pdf").write_bytes(b"%PDF-1.4 this is none")
    expect(page.locator("#documents .counts")).to_contain_text("1 couldn’t be read")
    (site.corpus / "mill.txt").write_text(MILL + "It has four floors.\n")
    ask(page, EGG)  # at once: the index is a second behind
    (unread,) = site.assistant.ask(EGG).unread
    expect(page.locator(".unread")).to_have_text(f"broken.pdf: {unread.reason}")
    expect(page.locator(".answer")).to_contain_text("1 file is still being read")


def test_why_these_shows_what_each_passage_scored(page: Page, site: Site) -> None:
    question = "Who built the mill on the Ouse?"
    ask(page, question)
    expect(page.locator(".why table")).to_be_hidden()
    page.get_by_text("How this was found").click()
    results = site.assistant.ask(question).results
    cells = page.locator(".why tbody tr").first.locator("td")
    expect(cells).to_have_text([f"{getattr(results[0], name):.2f}" for name in ("score", "dense", "lexical")])
    width = cells.first.locator("i").bounding_box()["width"] / cells.first.locator(".chart").bounding_box()["width"]  # type: ignore[index]
    assert width == pytest.approx(results[0].score, abs=0.03)
    expect(page.locator(".why tr.cited")).to_have_count(1)
    page.get_by_role("button", name="This answer is good").click()
    expect(page.get_by_role("button", name="This answer is good")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".why table")).to_be_visible()  # it was drawn anew, and stays open
    page.locator(".why tbody tr .nearest").last.click()
    expect(page.locator("#reader .passage")).to_be_visible()


def test_how_much_is_embedded_is_told_with_the_answer(page: Page, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocalReader, "embedded", lambda _: 0.5)
    ask(page, "Who built the mill on the Ouse?")
    expect(page.locator(".meta .warn")).to_have_text("Searching by words while 50 % is embedded")


def test_files_newer_than_the_index_are_told_with_the_answer(page: Page, site: Site) -> None:
    (site.corpus / "mill.txt").write_text(MILL + "It has four floors.\n")
    ask(page, "Who built the bridge?")  # at once: the index is a second behind
    expect(page.locator(".meta .warn")).to_have_text("1 file changed since the last update")
