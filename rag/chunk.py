"""Document → Chunks: passages of whole blocks that fit the embedder.

Pure: text and numbers in, spans out. A passage never crosses a heading, never splits a block or a sentence that
fits, and never holds more tokens than it may, so the embedder cuts nothing off. Every character that
is not white space is in exactly one chunk.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import groupby, pairwise

from rag.sentences import block_sentences, sentence_spans
from rag.types import Chunk, Document, Introduction, Span

TokenSpans = Callable[[str], list[Span]]

_MOST_CHARACTERS = 40  # a token, in a passage without sentences


def chunk_document(document: Document, token_spans: TokenSpans, max_tokens: int) -> list[Chunk]:
    """Cut ``document`` into chunks of at most ``max_tokens`` tokens.

    Args:
        document: The document.
        token_spans: Gives the spans of a text's tokens in the embedder's own vocabulary, in order.
        max_tokens: The most tokens a chunk may hold, special tokens not counted.

    Returns:
        Chunks in the order of the text, each with its page, its heading path and what introduces its lists and tables.
    """
    cutter = _Cutter(document.text, token_spans, max_tokens)

    def chunk(start: int, end: int) -> Chunk:
        return Chunk(
            id=f"{document.id}:{start}",
            document_id=document.id,
            text=document.text[start:end],
            start=start,
            end=end,
            page=document.page_at(start),
            headings=document.headings_at(end - 1),
            introductions=tuple(_introductions(document, start, end)),
        )

    return [chunk(start, end) for section in _sections(document) for start, end in _pack(document, section, cutter)]


def _sections(document: Document) -> Iterator[Span]:
    """Yield the spans between the places where a passage must end: headings over some text, and slides.

    A heading right under another stays with it, so that no passage is a heading alone. Sentences and
    tables run on over the end of a page; what is on a slide does not.
    """
    cuts = {0, len(document.text)}
    if document.page_kind == "slide":
        cuts |= {page.start for page in document.pages}
    last_end = 0
    for heading in document.headings:
        if document.text[last_end : heading.start].strip():
            cuts.add(heading.start)
        last_end = heading.end
    yield from pairwise(sorted(cuts))


class _Cutter:
    """Counts tokens, and cuts what has too many."""

    def __init__(self, text: str, token_spans: TokenSpans, max_tokens: int) -> None:
        self._text = text
        self._token_spans = token_spans
        self._max_tokens = max_tokens
        self._starts = [start for start, _ in token_spans(text)]

    def fits(self, start: int, end: int) -> bool:
        """Whether a span has few enough tokens to be one passage."""
        first = bisect_left(self._starts, start)
        if self._starts[first : first + 1] != [start]:  # it begins inside a word, whose pieces may be others
            return len(self._token_spans(self._text[start:end])) <= self._max_tokens
        return bisect_left(self._starts, end) - first <= self._max_tokens

    def cut(self, start: int, end: int, body: int) -> Iterator[Span]:
        """Yield the parts of a long run, such as a table or a minified line, each short enough.

        Its first part goes beyond ``body``, where what stands under its heading begins.
        """
        while start < end:
            # However few its tokens, a part has an end: a word that the model does not know is one token.
            limit = min(end, start + _MOST_CHARACTERS * self._max_tokens)
            spans = self._token_spans(self._text[start:limit])
            if len(spans) > self._max_tokens:
                limit = start + spans[self._max_tokens][0]
            earliest = max((start + limit) // 2, min(body, limit - 1))
            cut = limit if limit == end else _last_gap(self._text, earliest, limit)
            # Cut inside a word, its pieces may be others, and more.
            while len(self._token_spans(self._text[start:cut])) > self._max_tokens:
                cut = start + max(1, (cut - start) * 3 // 4)
            yield start, cut
            start = cut


def _introductions(document: Document, start: int, end: int) -> Iterator[Introduction]:
    """Yield what introduces the lists and tables that a stretch of the text holds some of."""
    for number, members in groupby(document.blocks_between(start, end), key=lambda block: block.group):
        spans = document.introduction_of(number) if number is not None else ()
        if spans:
            held = list(members)
            text = "\n".join(document.text[slice(*span)] for span in spans)
            stretch = max(start, held[0].start), min(end, held[-1].end)
            yield Introduction(start=stretch[0], end=stretch[1], text=text, is_apart=spans[-1][1] <= start)


def _pack(document: Document, section: Span, cutter: _Cutter) -> Iterator[Span]:
    """Yield the passages of a section: neighbouring blocks for as long as they fit together.

    The sentences of a block that fits into no passage, or under no heading, are packed one by one.
    """
    current: Span | None = None
    for sentences in _blocks(document, section):
        whole = (sentences[0][0], sentences[-1][1])
        has_heading = current is not None and _ends_in_heading(document, current)
        is_whole = cutter.fits((current or whole)[0], whole[1]) or (cutter.fits(*whole) and not has_heading)
        for start, end in [whole] if is_whole else sentences:
            if not cutter.fits(start, end):
                body = start
                if current is not None and _ends_in_heading(document, current):
                    start = current[0]  # a heading goes with what is under it
                elif current is not None:
                    yield current
                *parts, current = cutter.cut(start, end, body)
                yield from parts
            elif current is not None and cutter.fits(current[0], end):
                current = (current[0], end)
            else:
                if current is not None:
                    yield current
                current = (start, end)
    if current is not None:
        yield current


def _blocks(document: Document, section: Span) -> Iterator[list[Span]]:
    """Yield the sentences of each block in a section; of a document whose blocks are not known, each sentence."""
    if document.has_blocks:
        blocks = document.blocks_between(*section)
        every = (block_sentences(document.text, block) for block in blocks)
        found = ([one for one in some if one[0] < section[1] and one[1] > section[0]] for some in every)
    else:
        start, end = section
        found = ([(start + first, start + last)] for first, last in sentence_spans(document.text[start:end]))
    for sentences in filter(None, found):
        yield [_within(document.text, sentence, section) for sentence in sentences]


def _within(text: str, sentence: Span, section: Span) -> Span:
    """Return the part of a sentence that stands in a section; only a slide ends within one."""
    start, end = max(sentence[0], section[0]), min(sentence[1], section[1])
    return start, start + len(text[start:end].rstrip())


def _ends_in_heading(document: Document, span: Span) -> bool:
    return any(heading.start < span[1] <= heading.end for heading in document.headings)


def _last_gap(text: str, earliest: int, limit: int) -> int:
    """Return the best place in ``earliest``–``limit`` to cut a long run: after a line, a space, a sign."""
    for gap in (r"\n", r"\s", r"\W"):
        found = [match.end() for match in re.finditer(gap, text[earliest:limit])]
        if found:
            return earliest + found[-1]
    return limit
