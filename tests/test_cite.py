"""Citations are made and checked in one place; none that does not hold leaves it."""

from __future__ import annotations

import pytest

from rag.answer import DraftSentence, Quote
from rag.answer.cite import cite
from rag.errors import IndexFailure
from rag.parse import parse
from rag.types import Block, Document, Page

TEXT = "# A\n\nOne fact.  Another\nfact.\n"
DOCUMENT = Document(
    source="a.md",
    sha256="0" * 64,
    title="A",
    text=TEXT,
    blocks=(Block(kind="heading", level=1, label="A", start=0, end=3),),
    pages=(Page(number=1, start=0, end=10), Page(number=2, start=10, end=len(TEXT))),
)


def find(source: str) -> Document:
    if source != "a.md":
        raise IndexFailure(f"no {source}")
    return DOCUMENT


def quoted(
    text: str, start: int, end: int, source: str = "a.md", excerpt: tuple[int, int] | None = None
) -> DraftSentence:
    quote = Quote(source=source, start=start, end=end, excerpt=excerpt)
    return DraftSentence(text=text, quotes=(quote,), support="quoted")


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


def test_an_excerpt_is_the_stretch_as_it_stands_under_its_headings() -> None:
    _, (citation,) = cite([quoted("One fact.", 5, 14, excerpt=(5, len(TEXT) - 1))], find)
    excerpt = citation.excerpt
    assert excerpt is not None
    assert TEXT[excerpt.start : excerpt.end] == excerpt.text == "One fact.  Another\nfact."
    assert [(part.role, part.text, TEXT[part.start : part.end]) for part in excerpt.context] == [("heading", "A", "A")]
    assert citation.shown == ("", "One fact.", "  Another\nfact.")


def test_a_heading_inside_an_excerpt_is_not_above_it() -> None:
    _, (citation,) = cite([quoted("One fact.", 5, 14, excerpt=(0, 14))], find)
    assert citation.excerpt is not None
    assert citation.excerpt.context == ()


@pytest.mark.parametrize("excerpt", [(6, 30), (5, 13), (-1, 14), (5, len(TEXT) + 1)])
def test_an_excerpt_that_does_not_hold_the_quotation_is_refused(excerpt: tuple[int, int]) -> None:
    with pytest.raises(IndexFailure):
        cite([quoted("One fact.", 5, 14, excerpt=excerpt)], find)


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


def test_forwarded_words_stand_under_who_forwarded_and_who_wrote_them() -> None:
    mail = (
        b"From: Gus <gus@x.org>\nSubject: Fwd: hire\nDate: Wed, 9 Apr 2025 08:00:00 +0100\n\nSee below.\n\n"
        b"---------- Forwarded message ---------\nFrom: Crane Co <hire@x.org>\nDate: Tue, 8 Apr 2025\n"
        b"Subject: hire\n\nThe crane is free in May.\n"
    )
    (document,) = parse(mail, "fwd.eml").documents
    words = "The crane is free in May."
    start = document.text.index(words)
    draft = quoted(words, start, start + len(words), "fwd.eml", (start, start + len(words)))
    _, (citation,) = cite([draft], lambda _: document)
    assert [part.text for part in citation.introduction] == [
        "From: Gus <gus@x.org>",
        "Date: Wed, 09 Apr 2025 08:00:00 +0100",
        "From: Crane Co <hire@x.org>",
        "Date: Tue, 8 Apr 2025",
    ]
