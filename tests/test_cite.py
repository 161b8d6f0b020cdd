"""Citations are made and checked in one place; none that does not hold leaves it."""

from __future__ import annotations

import pytest

from rag.answer import DraftSentence, Quote
from rag.answer.cite import cite
from rag.errors import IndexFailure
from rag.types import Document, Heading, Page

TEXT = "# A\n\nOne fact.  Another\nfact.\n"
DOCUMENT = Document(
    source="a.md",
    sha256="0" * 64,
    title="A",
    text=TEXT,
    headings=(Heading(level=1, text="A", start=0, end=3),),
    pages=(Page(number=1, start=0, end=10), Page(number=2, start=10, end=len(TEXT))),
)


def find(source: str) -> Document | None:
    return DOCUMENT if source == "a.md" else None


def quoted(text: str, start: int, end: int, source: str = "a.md") -> DraftSentence:
    return DraftSentence(text=text, quotes=(Quote(source=source, start=start, end=end),), support="quoted")


def test_a_citation_holds_the_exact_words_and_where_they_stand() -> None:
    start, end = TEXT.index("Another"), TEXT.index("fact.\n", 20) + 5
    sentences, citations = cite([quoted("Another fact.", start, end)], find)
    (citation,) = citations
    assert citation.quote == TEXT[start:end] == "Another\nfact."
    assert (citation.n, citation.page, citation.headings, citation.sha256) == (1, 2, ("A",), "0" * 64)
    assert sentences[0].citations == (1,)


def test_the_same_place_gets_the_same_number() -> None:
    one = quoted("One fact.", 5, 14)
    sentences, citations = cite([one, one], find)
    assert [sentence.citations for sentence in sentences] == [(1,), (1,)]
    assert len(citations) == 1


@pytest.mark.parametrize(
    "draft",
    [
        quoted("Two facts.", 5, 14),
        quoted("One fact.", 4, 14 + 3),
        quoted("One fact.", 5, 14, source="b.md"),
        DraftSentence(text="One fact.", quotes=(), support="quoted"),
    ],
)
def test_a_quotation_that_is_not_in_its_source_is_refused(draft: DraftSentence) -> None:
    with pytest.raises(IndexFailure):
        cite([draft], find)
