"""The excerpt: the block around a key sentence, its whole list, and as much of its section as there is room for."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from rag.sentences import Span, document_sentences
from rag.types import Document

_LONG_SENTENCE = 1000  # characters, beyond which a sentence may be cut; longer than 999 of 1,000 in the development set
_LONGEST_LIST = 1500  # characters, a screenful: up to here it is shown whole; chosen by hand
_AFTER = 2  # characters after the key sentence for each one before it: what is asked for mostly follows


def excerpt_span(document: Document, key: Span, most: int, apart_from: Iterable[Span] = ()) -> Span:
    """Return the span of whole sentences around ``key``, at most ``most`` characters where ``key`` is no longer.

    It crosses no heading and no slide, and meets none of the spans ``apart_from``.
    """
    low, high = _section(document, key)
    for start, end in apart_from:
        low, high = (max(low, end), high) if end <= key[0] else (low, min(high, start)) if start >= key[1] else key
    listed = _list(document, key)
    if listed is not None and low <= listed[0] and listed[1] <= high and listed[1] - listed[0] <= _LONGEST_LIST:
        key = listed
    sentences, at = _around(document, key, (low, high), most)
    return _grown(sentences, at, most)


def _list(document: Document, key: Span) -> Span | None:
    """Return the span of the list that ``key`` stands in or introduces, with the paragraph that introduces it."""
    block = document.block_at(key[0])
    if block is None:
        return None
    for number, group in enumerate(document.groups):
        if group.kind == "list" and (block.group == number or group.lead_in == (block.start, block.end)):
            items = document.blocks_of(number)
            if not items:  # what it holds is a table, or is not shown
                return None
            return (group.lead_in or (items[0].start, 0))[0], items[-1].end
    return None


def _section(document: Document, key: Span) -> Span:
    """Return the span under the heading over ``key``, or on its slide, up to the next; of a heading, with it."""
    headings = document.headings
    at = bisect_right(headings, key[0], key=lambda heading: heading.start)
    low = min(headings[at - 1].end, key[0]) if at else 0
    high = next((heading.start for heading in headings[at:] if heading.start >= key[1]), len(document.text))
    if document.page_kind == "slide":
        low = max([low, *(page.start for page in document.pages if page.start <= key[0])])
        high = min([high, *(page.start for page in document.pages if page.start >= key[1])])
    return low, high


def _around(document: Document, key: Span, bounds: Span, most: int) -> tuple[list[Span], int]:
    """Return the sentences around ``key``, the one that holds it, and the place of that one among them."""
    reach = most + _LONG_SENTENCE
    low, high = max(bounds[0], key[0] - reach), min(bounds[1], key[1] + reach)
    found = [span for span in document_sentences(document, low, high) if low <= span[0] and span[1] <= high]
    before = [span for span in found if span[1] <= key[0]]
    after = [span for span in found if span[0] >= key[1]]
    within = [key, *found[len(before) : len(found) - len(after)]]
    return [*before, (min(within)[0], max(end for _, end in within)), *after], len(before)


def _grown(sentences: Sequence[Span], at: int, most: int) -> Span:
    """Return the span from the sentence at ``at`` outwards, twice as far after it as before it, while there is room."""
    first = last = at
    while True:
        start, end = sentences[first][0], sentences[last][1]
        forward = last + 1 < len(sentences) and sentences[last + 1][1] - start <= most
        backward = first > 0 and end - sentences[first - 1][0] <= most
        if forward and (not backward or end - sentences[at][1] <= _AFTER * (sentences[at][0] - start)):
            last += 1
        elif backward:
            first -= 1
        else:
            return start, end
