"""The excerpt: the block of a key sentence, what belongs with it, and as much around it as there is room for.

A list is shown whole. A row of a table says all it has to say under its header, so it stands alone, unless rows are to
be compared. After a block that leads on, such as a question or a line that ends in a colon, comes the next one.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise

from rag.sentences import block_sentences, document_sentences
from rag.types import Block, Document, Span

_LONG_SENTENCE = 1000  # characters, beyond which a sentence may be cut; longer than 999 of 1,000 in the development set
_LONGEST_GROUP = 1500  # characters, a screenful: a list or table is shown whole up to here; chosen by hand
_UNSEEN = re.compile("<!--|%%")  # what begins a comment of Markdown
_REACH = 5000  # characters from a key sentence within which all of its excerpt stands, with room to spare
_AFTER = 2  # characters after the key sentence for each one before it: what is asked for mostly follows


def excerpt_span(
    document: Document, key: Span, most: int, apart_from: Iterable[Span] = (), *, compares: bool = False
) -> Span:
    """Return the span of whole sentences around ``key``, at most ``most`` characters where what belongs is no longer.

    It crosses no heading and no slide, and meets none of the spans ``apart_from``. Where rows are compared, a row is
    shown with its table.
    """
    block = document.block_at(key[0])
    low, high = _within(document, block, _section(document, key))
    for start, end in apart_from:
        low, high = (max(low, end), high) if end <= key[0] else (low, min(high, start)) if start >= key[1] else key
    bounds = low, high
    if block is not None and block.kind == "row" and block.group is not None and not (compares or block.is_context):
        return _joined(key, (block.start, block.end), bounds)
    core = _joined(key, _belonging(document, key), bounds)
    sentences, at = _around(document, core, bounds, most)
    return _grown(sentences, at, most)


def _joined(key: Span, whole: Span, bounds: Span) -> Span:
    """Return ``whole`` where it is no longer than a screenful and within bounds; else ``key``."""
    fits = bounds[0] <= whole[0] and whole[1] <= bounds[1] and whole[1] - whole[0] <= _LONGEST_GROUP
    return (min(key[0], whole[0]), max(key[1], whole[1])) if fits else key


def _belonging(document: Document, key: Span) -> Span:
    """Return the span of what belongs with ``key``: its list or table, or what its block leads on to."""
    block = document.block_at(key[0])
    if block is None:
        return key
    if block.group is None and _leads_on(document, block):
        following = next((one for one in document.blocks_between(block.end, block.end + _LONG_SENTENCE)), None)
        return block.start, _whole(document, following)[1] if following is not None else block.end
    return _whole(document, block)


def _whole(document: Document, block: Block) -> Span:
    """Return the span of the list or table of a block, as much as a screenful holds; of any other block, its own.

    Of a long list it is the list within it that the block stands in, under the item which introduces that, or the item.
    """
    if block.group is None:
        return block.start, block.end
    members = document.blocks_of(block.group)
    lead_in = document.groups[block.group].lead_in
    span = min(members[0].start, (lead_in or (members[0].start, 0))[0]), members[-1].end
    at, level = members.index(block), 1
    while span[1] - span[0] > _LONGEST_GROUP and level <= block.level:
        first = max((n for n in range(at + 1) if members[n].level <= level), default=0)
        last = next((n for n in range(at + 1, len(members)) if members[n].level <= level), len(members)) - 1
        span, level = (members[first].start, members[last].end), level + 1
    return span


def _leads_on(document: Document, block: Block) -> bool:
    """Whether a block is nothing without the next one."""
    return block.kind == "heading" or document.text[block.start : block.end].rstrip("*_ ").endswith((":", "?"))


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


def _within(document: Document, block: Block | None, section: Span) -> Span:
    """Return the part of a section around a block that is no context.

    It ends at a field, at what a mail quotes, and at a comment, which a reader of the document does not see.
    """
    low, high = section
    if block is None or block.is_context:
        return section
    blocks = document.blocks_between(max(low, block.start - _REACH), min(high, block.end + _REACH))
    for other in blocks:
        if other.is_context and other.kind in ("field", "quote"):
            low, high = (max(low, other.end), high) if other.end <= block.start else (low, min(high, other.start))
    for before, after in pairwise(blocks):
        if _UNSEEN.search(document.text, before.end, after.start):
            low, high = (max(low, after.start), high) if after.start <= block.start else (low, min(high, before.end))
    return low, high


def _around(document: Document, key: Span, bounds: Span, most: int) -> tuple[list[Span], int]:
    """Return the sentences around ``key``, the one that holds it, and the place of that one among them."""
    reach = most + _LONG_SENTENCE
    low, high = max(bounds[0], key[0] - reach), min(bounds[1], key[1] + reach)
    found = [span for span in _units(document, key, low, high) if low <= span[0] and span[1] <= high]
    before = [span for span in found if span[1] <= key[0]]
    after = [span for span in found if span[0] >= key[1]]
    within = [key, *found[len(before) : len(found) - len(after)]]
    return [*before, (min(within)[0], max(end for _, end in within)), *after], len(before)


def _units(document: Document, key: Span, low: int, high: int) -> Iterator[Span]:
    """Yield what may be shown around ``key``: sentences, and tables whole but for the one it stands in."""
    if not document.has_blocks:
        yield from document_sentences(document, low, high)
        return
    for number, members in groupby(document.blocks_between(low, high), key=lambda block: block.group):
        blocks = list(members)
        is_table = number is not None and document.groups[number].kind == "table"
        whole = document.blocks_of(number) if number is not None else ()
        if is_table and not whole[0].start <= key[0] < whole[-1].end:
            yield whole[0].start, whole[-1].end
        else:
            yield from (span for block in blocks for span in block_sentences(document.text, block))


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
