"""Where the sentences of a text begin and end.

nupunkt finds the ends of sentences inside a block of a document; a heading, a field or a table row is one whatever
stands in it. Of text whose blocks nobody has told, such as a question or a text file, this module finds the lines that
belong together. It does not know of documents or tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import nupunkt

from rag.types import Block, BlockKind, Document
from rag.words import STOP_WORDS

Span = tuple[int, int]

_UNDIVIDED = frozenset[BlockKind]({"heading", "field", "row"})
# Lines that start something new in Markdown and in most plain text.
_STARTS_BLOCK = re.compile(r"[ \t]*(?:#{1,6}[ \t]|[-*+•][ \t]|\d{1,3}[.)][ \t]|\||>|```|~~~)")
_INITIALISM = re.compile(r"\b(?:[A-Z]\.){2,}\s+(?P<next>[A-Z]\w*)")
# The full stops of other scripts, with the brackets and quotes that close after them. A quotation that goes on
# with the Japanese "to" or "tte" is part of what says it.
_OTHER_STOP = re.compile(r"[。｡！？।॥۔؟።፧။។]+[」』）】》〉”’\")]*\s*(?![とっ」』）】》〉”’])")
# Thai and Lao part sentences, and their longer clauses, by a space; within a sentence a space sets names apart.
_THAI_GAP = re.compile(r"(?<=[\u0e00-\u0e4e\u0e80-\u0eff])[ \u00a0]+(?=[\u0e01-\u0e44\u0e81-\u0ec4])")
_SHORTEST_THAI = 40
# German ordinals: their full stop ends no sentence before a month or a century.
_ORDINAL = re.compile(
    r"\b\d{1,2}\.\s+(?=(?:Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember"
    r"|Jahrhunderts?)\b)"
)
# Hard-wrapped text is narrower than this; a longer line is a paragraph on a line of its own.
_WIDEST_WRAP = 200


def sentence_spans(text: str) -> list[Span]:
    """Return the spans of the sentences of ``text``, in order, without the white space between them.

    Together they hold every character that is not white space.
    """
    return [span for block in line_blocks(text) for span in _within(text, block)]


def block_sentences(text: str, block: Block) -> list[Span]:
    """Return the spans of the sentences of a block of ``text``."""
    if block.kind in _UNDIVIDED:
        return [(block.start, block.end)]
    if block.kind == "code":
        return [
            (block.start + start, block.start + end) for start, end in sentence_spans(text[block.start : block.end])
        ]
    return list(_within(text, (block.start, block.end)))


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


def line_blocks(text: str) -> Iterator[Span]:
    """Yield spans that no sentence crosses: paragraphs, headings, list items, table rows."""
    for paragraph in re.finditer(r"\S[^\n]*(?:\n[^\S\n]*\S[^\n]*)*", text):
        lines = list(re.finditer(r"[^\n]+", paragraph.group()))
        width = max(line.end() - line.start() for line in lines)
        start = 0
        for line, following in pairwise(lines):
            if not _wrapped(line.group(), following.group(), width):
                yield paragraph.start() + start, paragraph.start() + line.end()
                start = following.start()
        yield paragraph.start() + start, paragraph.end()


def _wrapped(line: str, following: str, width: int) -> bool:
    """Whether the break after ``line`` only wraps it: its next word would not have fitted."""
    if width > _WIDEST_WRAP or _STARTS_BLOCK.match(following) or line.lstrip().startswith(("#", "|")):
        return False
    next_word = following.split(maxsplit=1)[0]
    return len(line.rstrip()) + 1 + len(next_word) > width


def _sentences(block: str) -> Iterator[Span]:
    """Yield the sentences of a block, white space included.

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
    yield from pairwise(sorted(ends | {0, len(block)}))


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
