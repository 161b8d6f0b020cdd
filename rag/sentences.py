"""Where the sentences of a text begin and end.

nupunkt finds the ends of sentences inside a block of a document; a heading, a field, a table row or a line of a log is
one whatever stands in it, unless it is very long. Which lines of a plain text belong together is told by ``rag.lines``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import nupunkt

from rag.lines import STAMP, code_blocks, line_blocks
from rag.types import Block, BlockKind, Document
from rag.types import Span as Span
from rag.words import STOP_WORDS

_UNDIVIDED = frozenset[BlockKind]({"heading", "field", "row"})
_INITIALISM = re.compile(r"[A-Z](?<!\w[A-Z])\.(?:[A-Z]\.)+\s+(?P<next>[A-Z]\w*)")
# The full stops of other scripts, with the brackets and quotes that close after them. A quotation that goes on
# with the Japanese "to" or "tte" is part of what says it.
_OTHER_STOP = re.compile(r"[。｡！？।॥۔؟።፧။។]+[」』）】》〉”’\")]*\s*(?![とっ」』）】》〉”’])")
# Thai and Lao part sentences, and their longer clauses, by a space; within a sentence a space sets names apart.
_THAI_GAP = re.compile(r"(?<=[\u0e00-\u0e4e\u0e80-\u0eff])[ \u00a0]+(?=[\u0e01-\u0e44\u0e81-\u0ec4])")
_SHORTEST_THAI = 40
# German ordinals: their full stop ends no sentence before a month or a century.
_ORDINAL = re.compile(
    r"\d(?<!\w\d)\d?\.\s+(?=(?:Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember"
    r"|Jahrhunderts?)\b)"
)
# Characters: longer than nearly every sentence of prose. What is longer is a table, a program or a dump on one line.
_LONGEST = 1000
_LONGEST_BLOCK = 10 * _LONGEST
_RECORD = re.compile(r"(?<=\s)\S{0,2}\d{4}-\d\d-\d\d[T ]\d\d:\d\d")  # the next entry of a log
_GAPS = tuple(map(re.compile, (r"[;}]\s*,?\s*|\n", r",\s*", r"\s")))  # where to cut what is too long, best first
_WINDOW = 20_000  # characters at a time: nupunkt's time grows faster than the text
_INNER_STOP = re.compile(r"[.!?][^\w\s]*\s")


def sentence_spans(text: str) -> list[Span]:
    """Return the spans of the sentences of ``text``, in order, without the white space between them.

    Together they hold every character that is not white space.
    """
    return [span for block in line_blocks(text) for span in _within(text, block)]


def block_sentences(text: str, block: Block) -> list[Span]:
    """Return the spans of the sentences of a block of ``text``."""
    span = (block.start, block.end)
    if block.kind in _UNDIVIDED and block.end - block.start <= _LONGEST:
        return [span]
    if block.kind != "code":
        return list(_within(text, span))
    lines = code_blocks(text[block.start : block.end])
    return [found for start, end in lines for found in _within(text, (block.start + start, block.start + end))]


def parts_of(text: str, block: Span) -> list[Span]:
    """Return a block of ``text``, or its sentences where it is a dump or a program on one line, and not one thing."""
    return [block] if block[1] - block[0] <= _LONGEST_BLOCK else list(_within(text, block))


def document_sentences(document: Document, start: int = 0, end: int | None = None) -> list[Span]:
    """Return the spans of the sentences in a stretch of a document, or that begin or end in it; by default of all.

    Of a document whose blocks are not known, they are those of its text.
    """
    end = len(document.text) if end is None else end
    if not document.has_blocks:
        return [(start + first, start + last) for first, last in sentence_spans(document.text[start:end])]
    found = (span for block in document.blocks_between(start, end) for span in block_sentences(document.text, block))
    return [span for span in found if span[0] < end and span[1] > start]


def _within(text: str, block: Span) -> Iterator[Span]:
    """Yield the sentences of a stretch of text, whose lines belong together."""
    for start, end in _sentences(text[block[0] : block[1]]):
        span = _trim(text, block[0] + start, block[0] + end)
        if span[0] < span[1]:
            yield span


def _sentences(block: str) -> Iterator[Span]:
    """Yield the sentences of a block, white space included, none of them very long."""
    if len(block) <= _LONGEST and (STAMP.match(block) or (block.isascii() and not _INNER_STOP.search(block))):
        yield 0, len(block)
        return
    start = 0
    while start < len(block):
        ends = _sentence_ends(block[start : start + _WINDOW])
        spans = pairwise([start, *(start + end for end in ends)])
        parts = [part for first, last in spans for part in _parts(block, first, last)]
        if start + _WINDOW < len(block) and len(parts) > 1:
            parts.pop()  # the window may end within it
        yield from parts
        start = parts[-1][1]


def _parts(block: str, start: int, end: int) -> Iterator[Span]:
    """Yield a sentence, or the parts of one that is none: of a log, a program or a dump on one line."""
    if end - start <= _LONGEST:
        yield start, end
        return
    records = [start + record.start() for record in _RECORD.finditer(block[start:end])]
    for first, last in pairwise([start, *(at for at in records if at > start), end]):
        while last - first > _LONGEST:
            gaps = (_last_gap(block, gap, first + _LONGEST // 2, first + _LONGEST) for gap in _GAPS)
            cut = next((gap for gap in gaps if gap), first + _LONGEST)
            yield first, cut
            first = cut
        yield first, last


def _last_gap(block: str, gap: re.Pattern[str], start: int, end: int) -> int:
    """Return where the last gap of a kind ends in a stretch; 0 where there is none."""
    return max((found.end() for found in gap.finditer(block, start, end)), default=0)


def _sentence_ends(block: str) -> list[int]:
    """Return where the sentences of a block end, in order; the last at its end.

    After an initialism such as "U.S." a full stop says nothing: there a sentence ends only if the next
    word is one that starts sentences ("the U.S. His allies"), and not a name ("U.S. Secretary"). nupunkt knows
    Latin full stops; those of other scripts are plain enough.
    """
    ends = {end for _, end in nupunkt.sent_spans(block)}
    for initialism in _INITIALISM.finditer(block):
        starts_sentence = initialism["next"].lower() in STOP_WORDS
        (ends.add if starts_sentence else ends.discard)(initialism.start("next"))
    ends -= {ordinal.end() for ordinal in _ORDINAL.finditer(block)}
    if not block.isascii():
        ends |= {stop.end() for stop in _OTHER_STOP.finditer(block)}
        ends |= set(_thai_ends(block))
    return sorted((ends | {len(block)}) - {0})


def _thai_ends(block: str) -> Iterator[int]:
    """Yield the spaces in Thai or Lao after which a sentence may begin: none that leaves a very short one."""
    last = 0
    for gap in _THAI_GAP.finditer(block):
        if gap.start() - last >= _SHORTEST_THAI and len(block) - gap.end() >= _SHORTEST_THAI // 2:
            last = gap.end()
            yield last


def _trim(text: str, start: int, end: int) -> Span:
    """Return the span without white space at either end."""
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), end - (len(piece) - len(piece.rstrip()))
