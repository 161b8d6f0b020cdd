"""What an answer rests on, shown: what was checked and still stands, how sure it is, why these passages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from rag.embed import Embedder
from rag.types import Answer, Sentence
from tests.browser import Site, ask, served
from tests.folders import write

pytestmark = pytest.mark.browser

MILL = "The mill on the Ouse was built by Ada Brown in 1834.\n"


def fill(corpus: Path) -> None:
    write(corpus, {"mill.txt": MILL, "bridge.txt": "The bridge was built by Carl Dorn in 1871.\n"})


@pytest.fixture
def site(tmp_path: Path, embedder: Embedder) -> Iterator[Site]:
    """A site of each test's own: these tests change its documents."""
    with served(tmp_path, embedder, fill) as made:
        yield made


def test_a_quotation_is_told_to_be_checked_and_how_sure_the_answer_is(page: Page) -> None:
    ask(page, "Who built the mill on the Ouse?")
    meta = page.locator(".meta")
    expect(meta).to_contain_text("✓ 1 quote checked against the file")
    expect(meta).to_contain_text("sure")
    expect(page.locator(".sentence.quoted")).to_have_count(1)
    expect(page.locator(".tag")).to_have_count(0)


def test_once_the_file_has_changed_the_answer_says_so(page: Page, site: Site) -> None:
    ask(page, "Who built the mill on the Ouse?")
    (site.corpus / "mill.txt").write_text("The mill burned down.\n")
    expect(page.locator(".sentences .tag")).to_have_text("the file has changed since", timeout=20_000)
    expect(page.locator(".meta")).to_contain_text("the quote cannot be confirmed in the file as it is now")
    expect(page.locator(".meta .ok")).to_have_count(0)
    page.locator(".marker").first.click()
    expect(page.locator("#reader")).to_contain_text("has changed since")
    expect(page.locator("#reader mark")).to_have_count(0)
    (site.corpus / "mill.txt").write_text("Of mills.\n" + MILL)
    expect(page.locator(".sentences .tag")).to_contain_text("these words still stand in it", timeout=20_000)
    (site.corpus / "mill.txt").unlink()
    expect(page.locator(".sentences .tag")).to_have_text("the file is no longer there", timeout=20_000)


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
    tags = ["in other words", "not supported by its source", "no source given"]
    expect(page.locator(".tag")).to_have_text(tags)
    page.locator(".sentences .marker").nth(2).hover()
    expect(page.locator(".quote-card.shown")).to_contain_text("not supported by its source")


def test_the_nearest_passages_are_shown_where_there_is_no_answer(page: Page, site: Site) -> None:
    ask(page, "How long should a soft-boiled egg be cooked?")
    card = page.locator(".card")
    expect(card).to_contain_text("Not in your documents")
    nearest = [result.source for result in site.assistant.search("How long should a soft-boiled egg be cooked?")]
    expect(card.locator(".nearest")).to_have_text(nearest)
    card.locator(".nearest").first.click()
    expect(page.locator("#reader")).to_contain_text("it may not answer it")


def test_why_these_shows_what_each_passage_scored(page: Page, site: Site) -> None:
    question = "Who built the mill on the Ouse?"
    ask(page, question)
    expect(page.locator(".why table")).to_be_hidden()
    page.get_by_text("Why these?").click()
    results = site.assistant.ask(question).results
    cells = page.locator(".why tbody tr").first.locator("td")
    expect(cells).to_have_text([f"{getattr(results[0], name):.2f}" for name in ("score", "dense", "lexical")])
    width = cells.first.locator("i").bounding_box()["width"] / cells.first.locator(".chart").bounding_box()["width"]  # type: ignore[index]
    assert width == pytest.approx(results[0].score, abs=0.03)
    expect(page.locator(".why tr.cited")).to_have_count(1)
    page.locator(".why tbody tr .nearest").last.click()
    expect(page.locator("#reader .passage")).to_be_visible()


def test_files_newer_than_the_index_are_told_with_the_answer(page: Page, site: Site) -> None:
    (site.corpus / "mill.txt").write_text(MILL + "It has four floors.\n")
    ask(page, "Who built the bridge?")  # at once: the index is a second behind
    expect(page.locator(".meta .warn")).to_have_text("1 file newer than the index")
