"""Documents that the reader is asked for in tests, and answers that cite them, without an index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lxml import html
from lxml.html import HtmlElement

from rag.assistant import Assistant
from rag.errors import UsageError
from rag.parse import parse
from rag.settings import Settings
from rag.types import (
    Answer,
    Chunk,
    Citation,
    Document,
    Excerpt,
    SearchResult,
    Sentence,
    SentenceScore,
    Standing,
    Support,
)
from ui import reader
from ui.escape import _BIDI


class Shelf(Assistant):
    """An assistant that has these documents and says of each citation what it is told to say."""

    def __init__(self, *documents: Document, standing: Standing = "intact") -> None:
        super().__init__(Settings())
        self._shelf = {document.source: document for document in documents}
        self._says = standing

    def document(self, source: str) -> Document:
        if source not in self._shelf:
            raise UsageError(f"no document {source!r}")
        return self._shelf[source]

    def standing(self, citations: Sequence[Citation]) -> list[Standing | None]:
        return [self._says for _ in citations]


def read(name: str, content: str | bytes) -> Document:
    """Return a file's content as the document the index would hold."""
    return parse(content if isinstance(content, bytes) else content.encode(), name).documents[0]


def citation_of(
    document: Document, start: int, end: int, n: int = 1, excerpt: tuple[int, int] | None = None
) -> Citation:
    shown = Excerpt(start=excerpt[0], end=excerpt[1], text=document.text[slice(*excerpt)]) if excerpt else None
    return Citation(
        n=n,
        document_id=document.id,
        source=document.source,
        title=document.title,
        page=document.page_at(start),
        page_kind=document.page_kind,
        headings=document.headings_at(start),
        start=start,
        end=end,
        quote=document.text[start:end],
        sha256=document.sha256,
        excerpt=shown,
    )


def result_of(document: Document, start: int, end: int) -> SearchResult:
    chunk = Chunk(id="c", document_id=document.id, text=document.text[start:end], start=start, end=end)
    return SearchResult(
        chunk=chunk,
        source=document.source,
        title=document.title,
        sha256=document.sha256,
        page_kind=document.page_kind,
        score=1,
        dense=1,
        lexical=1,
        sentences=(SentenceScore(start=start, end=end, dense=1, score=1),),
    )


def answer_of(
    citations: Sequence[Citation], results: Sequence[SearchResult] = (), support: Support = "quoted"
) -> Answer:
    sentences = tuple(Sentence(text=one.quote, citations=(one.n,), support=support) for one in citations)
    return Answer(
        question="Why?",
        query="Why?",
        sentences=sentences,
        citations=tuple(citations),
        results=tuple(results),
        verdict="strong",
        confidence=0.9,
    )


def refusal_of(closest: Sequence[Citation], results: Sequence[SearchResult] = ()) -> Answer:
    """Return an answer that there is none, with the excerpts that come closest."""
    return answer_of([], results).model_copy(update={"verdict": "none", "closest": tuple(closest), "confidence": 0.1})


def view(document: Document, start: int, end: int, **more: str) -> str:
    """Return the reader for a citation of ``text[start:end]``, as text where nothing else is said."""
    answer = answer_of([citation_of(document, start, end)])
    return reader.open_view(Shelf(document), [answer], {"turn": "0", "n": "1", "view": "text", **more})


def tree(page: str) -> HtmlElement:
    return html.fromstring(page)


def letters(text: str) -> str:
    """Return a text without what a page does not keep: white space between blocks, signs that turn text around."""
    return "".join(text.translate(_BIDI).split())


def marked(page: str, tag: str = "mark") -> str:
    """Return what is marked, in order."""
    return "".join(element.text_content() for element in tree(page).iter(tag))


def shown(page: str) -> str:
    """Return all words of the document in a page, hidden or not."""
    (doc,) = tree(page).find_class("doc")
    for frame in [*doc.find_class("more"), *doc.find_class("division"), *doc.find_class("names")]:
        frame.drop_tree()
    for number in [number for number in doc.iter("th") if number.get("scope") == "row"]:
        number.drop_tree()
    return str(doc.text_content())


def tags(page: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the elements of a page with their attributes."""
    for element in tree(page).iter():
        yield str(element.tag), dict(element.attrib)
