"""Pages of PDFs in the reader: their sizes, the marks on those that are cited, and the ways to the text and back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from lxml.html import HtmlElement
from reportlab.pdfgen.canvas import Canvas

from rag.assistant import Assistant, _LookedAt
from rag.errors import UsageError
from rag.pictures import Pictures
from rag.settings import Settings
from rag.types import Answer, Citation, Document, Page, Standing
from tests.test_pictures import LINES, Held, opened, pdf, place, printed, unread
from tests.ui.shelf import answer_of, citation_of, letters, marked, result_of, tree
from ui import reader


class Desk(Assistant):
    """An assistant over a folder with one PDF, without an index."""

    def __init__(self, folder: Path, held: Held) -> None:
        super().__init__(Settings(corpus=folder))
        self.held = held

    @property
    def _document(self) -> Document:
        return self.held.document

    def document(self, source: str) -> Document:
        if source != self._document.source:
            raise UsageError("no such document")
        return self._document

    def _looked_at(self, source: str) -> _LookedAt:
        return _LookedAt(self.document(source), self.held.word_boxes)

    def standing(self, citations: Sequence[Citation]) -> list[Standing | None]:
        return ["intact"] * len(citations)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Return a PDF of three pages; the second sentence runs over the first break."""
    folder = tmp_path_factory.mktemp("desk")

    def draw(canvas: Canvas) -> None:
        for lines in (LINES[:2], LINES[2:], ("The third page says nothing of the river.",)):
            printed(canvas, lines)
            canvas.showPage()

    return Desk(folder, opened(folder, pdf(draw), "a river & more.pdf"))


def cited(desk: Desk, words: str) -> Answer:
    document, span = desk._document, desk.held.span(words)
    return answer_of([citation_of(document, *span)], [result_of(document, *span)])


def shown(desk: Desk, answer: Answer, **chosen: str) -> str:
    return reader.open_view(desk, [answer], {"turn": "0", "n": "1", **chosen})


def rects(page: str, name: str) -> list[tuple[float, ...]]:
    found = tree(page).xpath(f"//rect[contains(concat(' ', @class, ' '), ' {name} ')]")
    return [tuple(float(rect.get(key)) for key in ("x", "y", "width", "height")) for rect in found]


def press(page: str, label: str) -> dict[str, str]:
    """Return what the page sends when a button is pressed."""
    (button,) = [one for one in tree(page).iter("button") if label in (one.text_content(), one.get("aria-label"))]
    assert button.get("disabled") is None
    return {key.removeprefix("data-"): value for key, value in button.attrib.items() if key.startswith("data-")}


def paper(page: str, number: int) -> HtmlElement:
    (found,) = tree(page).xpath(f"//div[@data-page='{number}'][contains(@class, 'paper')]")
    return found


def test_a_citation_opens_on_the_pages_with_its_words_marked(desk: Desk) -> None:
    page = shown(desk, cited(desk, "measured in 1851"))
    (doc,) = tree(page).find_class("doc")
    assert parse_qs(doc.get("data-pages")) == {"source": ["a river & more.pdf"], "v": [desk._document.sha256[:16]]}
    assert [one.get("style") for one in doc.find_class("paper")] == ["--w:834;--h:625"] * 3
    assert paper(page, 1).get("aria-label") == "Page 1 of 3. Cited on it: “measured in 1851”"
    assert paper(page, 2).get("aria-label") == "Page 2 of 3"
    (svg,) = paper(page, 1).iter("svg")
    assert svg.get("viewbox") == "0 0 834 625"
    ((x, _, width, _),) = rects(page, "mark")
    left, _, right, _ = place(LINES[1], "measured in 1851", 1)
    assert abs(x - left) < 4
    assert abs(x + width - right) < 4


def test_a_quotation_over_two_pages_is_marked_on_both(desk: Desk) -> None:
    page = shown(desk, cited(desk, "by Ada Brown, who"))
    assert [len(list(paper(page, number).iter("rect"))) for number in (1, 2, 3)] == [1, 1, 0]
    assert "Cited on it" in paper(page, 2).get("aria-label")
    assert not tree(page).find_class("note")


def test_from_the_page_to_its_text_and_back(desk: Desk) -> None:
    answer = cited(desk, "measured in 1851")
    page = shown(desk, answer)
    text = shown(desk, answer, **press(page, "Text"))
    assert letters(marked(text)) == letters("measured in 1851")
    assert not tree(text).find_class("paper")
    assert "Page 2" in text
    assert rects(shown(desk, answer, **press(text, "Page")), "mark")
    third = shown(desk, answer, view="page", page="3")
    assert "here" in paper(third, 3).classes
    text = shown(desk, answer, **press(third, "Text"))
    assert tree(text).find_class("doc")[0].text_content().count("The third page") == 1
    assert "here" in paper(shown(desk, answer, **press(text, "Page")), 3).classes


def test_a_passage_and_a_document_open_on_a_page(desk: Desk) -> None:
    answer = cited(desk, "Its example was followed")
    page = reader.open_view(desk, [answer], {"turn": "0", "rank": "0"})
    assert "passage" in paper(page, 2).classes
    assert len(rects(page, "found")) == 2
    page = reader.open_view(desk, [], {"source": "a river & more.pdf"})
    (box,) = tree(page).xpath("//input[@name='page']")
    assert box.get("value") == "1"
    assert "<rect" not in page


@pytest.mark.parametrize("number", ["4", "999999999"])
def test_a_page_that_is_not_there_is_gone(desk: Desk, number: str) -> None:
    assert shown(desk, cited(desk, "measured"), view="page", page=number) == reader.GONE
    assert shown(desk, cited(desk, "measured"), view="text", page=number) == reader.GONE


def test_a_changed_or_broken_file_is_shown_as_the_text_the_index_holds(tmp_path: Path) -> None:
    desk = Desk(tmp_path, opened(tmp_path, pdf(printed)))
    answer = cited(desk, "measured in 1851")
    (tmp_path / "river.pdf").write_bytes(b"%PDF-1.4 of another kind")
    page = shown(desk, answer)
    assert "The page cannot be shown:" in page
    assert letters(marked(page)) == letters("measured in 1851")
    (tmp_path / "river.pdf").unlink()
    assert letters(marked(shown(desk, answer))) == letters("measured in 1851")


def test_of_a_page_without_a_text_layer_it_is_said_where_its_words_are(tmp_path: Path) -> None:
    scan = unread(tmp_path, pdf(lambda canvas: canvas.rect(10, 10, 100, 100, fill=1)))
    scan.document = scan.document.model_copy(update={"pages": (Page(number=1, start=0, end=9),)})
    desk = Desk(tmp_path, scan)
    page = shown(desk, cited(desk, "The river"))
    assert tree(page).find_class("paper")
    assert "No words were read on this page" in page
    assert letters(marked(shown(desk, cited(desk, "The river"), **press(page, "Text")))) == "Theriver"


def test_a_page_once_drawn_is_not_drawn_again(desk: Desk) -> None:
    assert isinstance(desk._pictures, Pictures)
    picture = desk.page_picture("a river & more.pdf", 2)
    assert picture.startswith(b"\x89PNG")
    assert desk.page_picture("a river & more.pdf", 2) is picture


def test_hostile_words_and_names_are_only_told(tmp_path: Path) -> None:
    words = "\"><img src=x onerror=alert(1)> ${1} 'x'"
    name = "a\"><b onload='x'>{1}&.pdf"
    desk = Desk(tmp_path, opened(tmp_path, pdf(lambda canvas: printed(canvas, (words,))), name))
    page = shown(desk, cited(desk, words))
    assert words in paper(page, 1).get("aria-label", "")
    assert parse_qs(tree(page).find_class("doc")[0].get("data-pages"))["source"] == [name]
    assert not list(tree(page).iter("img", "b"))
    assert not any(key.startswith("on") for one in tree(page).iter() for key in one.attrib)
    assert not any(sign in page for sign in "{}$`")
