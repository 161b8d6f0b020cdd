"""Where the sentences of a text begin and end.

Works on plain text in any layout: paragraphs, hard-wrapped lines, lists, tables, code. It does not
know of documents or tokens. nupunkt finds the ends of sentences inside a block; this module finds the
blocks, since a heading or a table row ends where its line ends, whether or not a full stop says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import nupunkt

from rag.words import STOP_WORDS

Span = tuple[int, int]

# Lines that start something new in Markdown and in most plain text.
_STARTS_BLOCK = re.compile(r"[ \t]*(?:#{1,6}[ \t]|[-*+•][ \t]|\d{1,3}[.)][ \t]|\||>|```|~~~)")
_INITIALISM = re.compile(r"\b(?:[A-Z]\.){2,}\s+(?P<next>[A-Z]\w*)")
# Hard-wrapped text is narrower than this; a longer line is a paragraph on a line of its own.
_WIDEST_WRAP = 200


def sentence_spans(text: str) -> list[Span]:
    """Return the spans of the sentences of ``text``, in order, without the white space between them.

    Together they hold every character that is not white space.
    """
    spans = []
    for block_start, block_end in _blocks(text):
        for start, end in _sentences(text[block_start:block_end]):
            span = _trim(text, block_start + start, block_start + end)
            if span[0] < span[1]:
                spans.append(span)
    return spans


def _blocks(text: str) -> Iterator[Span]:
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
    word is one that starts sentences ("the U.S. His allies"), and not a name ("U.S. Secretary").
    """
    ends = {end for _, end in nupunkt.sent_spans(block)}
    for initialism in _INITIALISM.finditer(block):
        starts_sentence = initialism["next"].lower() in STOP_WORDS
        (ends.add if starts_sentence else ends.discard)(initialism.start("next"))
    yield from pairwise(sorted(ends | {0, len(block)}))


def _trim(text: str, start: int, end: int) -> Span:
    """Return the span without white space at either end."""
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), end - (len(piece) - len(piece.rstrip()))
