"""Draft → sentences with citations; no citation leaves here that does not hold.

Works the same for every Answerer and is the only place where citations are made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rag.answer import DraftSentence, Quote
from rag.errors import IndexFailure
from rag.types import Citation, Document, Sentence

FindDocument = Callable[[str], Document | None]


def cite(
    drafts: Sequence[DraftSentence], find_document: FindDocument
) -> tuple[tuple[Sentence, ...], tuple[Citation, ...]]:
    """Number the places that ``drafts`` rest on and check each against its document.

    The same place gets the same number. A quoted sentence must be the words of its source, white space
    aside; one that is not is refused, since it would mean that an answer was made up.
    """
    citations: dict[tuple[str, int, int], Citation] = {}
    sentences = []
    for draft in drafts:
        for quote in draft.quotes:
            if quote.place not in citations:
                citations[quote.place] = _citation(len(citations) + 1, quote, find_document)
        cited = [citations[quote.place] for quote in draft.quotes]
        if draft.support == "quoted" and [draft.text] != [" ".join(c.quote.split()) for c in cited]:
            raise IndexFailure(f"a quotation from {cited[0].source if cited else 'nowhere'} is not in it: report this")
        numbers = tuple(citation.n for citation in cited)
        sentences.append(Sentence(text=draft.text, citations=numbers, support=draft.support, reason=draft.reason))
    return tuple(sentences), tuple(citations.values())


def _citation(n: int, quote: Quote, find_document: FindDocument) -> Citation:
    document = find_document(quote.source)
    if document is None:
        raise IndexFailure(f"{quote.source} is cited but not in the index: run `rag index`")
    return Citation(
        n=n,
        document_id=document.id,
        source=document.source,
        title=document.title,
        page=document.page_at(quote.start),
        page_kind=document.page_kind,
        headings=document.headings_at(quote.start),
        start=quote.start,
        end=quote.end,
        quote=document.text[quote.start : quote.end],
        sha256=document.sha256,
        highlight=quote.highlight,
    )
