"""Document → Chunks: passages of whole sentences that fit the embedder.

Pure: text and numbers in, spans out. A passage never crosses a heading, never splits a sentence that
fits, and never holds more tokens than it may, so the embedder cuts nothing off. Every character that
is not white space is in exactly one chunk.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import pairwise

from rag.sentences import Span, sentence_spans
from rag.types import Chunk, Document

TokenSpans = Callable[[str], list[Span]]


def chunk_document(document: Document, token_spans: TokenSpans, max_tokens: int) -> list[Chunk]:
    """Cut ``document`` into chunks of at most ``max_tokens`` tokens.

    Args:
        document: The document.
        token_spans: Gives the spans of a text's tokens in the embedder's own vocabulary, in order.
        max_tokens: The most tokens a chunk may hold, special tokens not counted.

    Returns:
        Chunks in the order of the text, each with its page and heading path.
    """
    starts = [start for start, _ in token_spans(document.text)]

    def tokens(start: int, end: int) -> int:
        return bisect_left(starts, end) - bisect_left(starts, start)

    def chunk(start: int, end: int) -> Chunk:
        return Chunk(
            id=f"{document.id}:{start}",
            document_id=document.id,
            text=document.text[start:end],
            start=start,
            end=end,
            page=document.page_at(start),
            headings=document.headings_at(end - 1),
        )

    return [
        chunk(start, end)
        for section in _sections(document)
        for start, end in _pack(_pieces(document.text, section, starts, max_tokens), tokens, max_tokens)
    ]


def _sections(document: Document) -> Iterator[Span]:
    """Yield the spans between the places where a passage must end: pages, and headings over some text.

    A heading right under another stays with it, so that no passage is a heading alone.
    """
    cuts = {0, len(document.text)} | {page.start for page in document.pages}
    last_end = 0
    for heading in document.headings:
        if document.text[last_end : heading.start].strip():
            cuts.add(heading.start)
        last_end = heading.end
    yield from pairwise(sorted(cuts))


def _pieces(text: str, section: Span, starts: list[int], max_tokens: int) -> Iterator[Span]:
    """Yield the sentences of a section; one that is too long, such as a table, in parts of ``max_tokens``."""
    offset = section[0]
    for sentence_start, sentence_end in sentence_spans(text[section[0] : section[1]]):
        start, end = offset + sentence_start, offset + sentence_end
        first, last = bisect_left(starts, start), bisect_left(starts, end)
        while last - first > max_tokens:
            cut = _last_gap(text, start, starts[first + max_tokens])
            yield start, cut
            start = cut
            first = bisect_left(starts, start)
        yield start, end


def _last_gap(text: str, start: int, limit: int) -> int:
    """Return the best place at or before ``limit`` to cut a long run: after a line, a space, a sign."""
    middle = (start + limit) // 2
    for gap in (r"\n", r"\s", r"\W"):
        found = [match.end() for match in re.finditer(gap, text[middle:limit])]
        if found:
            return middle + found[-1]
    return limit


def _pack(pieces: Iterator[Span], tokens: Callable[[int, int], int], max_tokens: int) -> Iterator[Span]:
    """Join neighbouring pieces for as long as they fit together."""
    current: Span | None = None
    for start, end in pieces:
        if current is not None and tokens(current[0], end) <= max_tokens:
            current = (current[0], end)
            continue
        if current is not None:
            yield current
        current = (start, end)
    if current is not None:
        yield current
