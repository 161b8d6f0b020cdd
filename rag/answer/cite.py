"""Draft → sentences with citations; no citation leaves here that does not hold.

Works the same for every Answerer and is the only place where citations are made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Literal

from rag.answer import DraftSentence, Quote
from rag.errors import IndexFailure
from rag.types import Citation, ContextPart, Document, Excerpt, FindDocument, Heading, Sentence, Span

_Role = Literal["before", "lead_in", "header"]
_WHOSE_AND_WHEN = frozenset({"from", "date", "sent", "author"})  # of a mail, and of a note's front matter


def cite(
    drafts: Sequence[DraftSentence], find_document: FindDocument
) -> tuple[tuple[Sentence, ...], tuple[Citation, ...]]:
    """Number the places that ``drafts`` rest on and check each against its document.

    The same place gets the same number. A quoted sentence must be the words of its source, white space
    aside, and stand in its excerpt; one that does not is refused, since it would mean that an answer was made up.
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
        excerpt=_excerpt(quote, document),
        also_in=quote.also_in,
    )


def _excerpt(quote: Quote, document: Document) -> Excerpt | None:
    """Return the excerpt around a quotation under its headings; one that does not hold the quotation is refused."""
    if quote.excerpt is None:
        return None
    start, end = quote.excerpt
    if not (0 <= start <= quote.start <= quote.end <= end <= len(document.text)):
        raise IndexFailure(f"an excerpt of {document.source} does not hold what it is cited for: report this")
    over = [heading for heading in document.heading_path(quote.start) if heading.end <= start]
    context = (
        *(_part("before", span, document) for span in _sender(document, quote.start) if span[1] <= start),
        *(_heading(heading, document) for heading in over),
        *(_part(*one, document) for one in _introduction(document, quote.start) if one[1][1] <= start),
    )
    extent = _extent(document, quote.start, start, end)
    return Excerpt(start=start, end=end, text=document.text[start:end], context=context, extent=extent)


def _extent(document: Document, key: int, start: int, end: int) -> str:
    """Return how many of the items or rows around a key sentence are shown; nothing where all are, or it alone."""
    block = document.block_at(key)
    if block is None or block.group is None:
        return ""
    members = [one for one in document.blocks_of(block.group) if one.kind == block.kind and not one.is_context]
    shown = sum(start <= one.start < end for one in members)
    return f"{shown} of {len(members)} {block.kind}s" if 1 < shown < len(members) else ""


def _sender(document: Document, key: int) -> list[Span]:
    """Return the fields that say whose the words at ``key`` are, and of when.

    They are those of the document, and of a forwarded or quoted mail in it the last over its words.
    """
    if not document.blocks or document.blocks[0].kind != "field":
        return []
    groups = groupby(document.blocks_between(0, key), key=lambda block: block.kind == "field")
    runs = [[(block.start, block.end) for block in blocks] for is_field, blocks in groups if is_field]
    saying = [[span for span in run if _says_whose(document.text[slice(*span)])] for run in runs]
    return [span for run in [*saying[:1], *list(filter(None, saying[1:]))[-1:]] for span in run]


def _says_whose(field: str) -> bool:
    return field.partition(":")[0].strip().lower() in _WHOSE_AND_WHEN or field.endswith("wrote:")


def _introduction(document: Document, key: int) -> Iterator[tuple[_Role, Span]]:
    """Yield what introduces the list or table of a key sentence."""
    block = document.block_at(key)
    if block is None or block.group is None:
        return
    group = document.groups[block.group]
    for span in document.introduction_of(block.group):
        yield "lead_in" if span in (group.lead_in, group.caption) else "header", span


def _part(role: _Role, span: Span, document: Document) -> ContextPart:
    return ContextPart(role=role, start=span[0], end=span[1], text=document.text[slice(*span)])


def _heading(heading: Heading, document: Document) -> ContextPart:
    """Return a heading as it stands in the document, without the signs that make it one where these can be told."""
    start = document.text.find(heading.text, heading.start, heading.end)
    start, end = (start, start + len(heading.text)) if start >= 0 else (heading.start, heading.end)
    return ContextPart(role="heading", start=start, end=end, text=document.text[start:end])
