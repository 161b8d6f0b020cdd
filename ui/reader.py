"""The source view: the part of a document around a passage, with the cited words marked where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby, pairwise
from operator import itemgetter
from typing import NamedTuple

from rag.types import Answer, Citation, Document, SearchResult
from ui.render import escape

# Characters of the document shown before and after the marked words: enough to judge them by,
# and little enough that a long document does not weigh on the page.
_AROUND = 6000

Span = tuple[int, int]


class Mark(NamedTuple):
    """The cited words, and those of them that answer; an empty span where there are none."""

    quote: Span
    highlight: Span


NO_MARK = Mark((0, 0), (0, 0))

EMPTY = '<div class="reader empty"><p class="soft">Choose a number in an answer to read its source here.</p></div>'

GONE = '<div class="reader empty"><p class="soft">This source is no longer in the index.</p></div>'


def citation_view(document: Document, answer: Answer, citation: Citation, at: int) -> str:
    """Return the reader for a citation of answer number ``at``."""
    passage = next(
        (
            (result.chunk.start, result.chunk.end)
            for result in answer.results
            if result.source == citation.source and result.chunk.start <= citation.start < result.chunk.end
        ),
        (citation.start, citation.end),
    )
    unchanged = document.sha256 == citation.sha256
    quoted = unchanged and document.text[citation.start : citation.end] == citation.quote
    state = (
        '<p class="state ok">✓ quoted word for word</p>'
        if quoted
        else '<p class="state warn">the document has changed since this answer</p>'
    )
    head = _head(document, citation.page, citation.headings, state, _steps(answer, citation, at))
    if not quoted:
        return f'<div class="reader">{head}{_body(document, (0, 0))}</div>'
    mark = Mark((citation.start, citation.end), citation.highlight or (0, 0))
    return f'<div class="reader">{head}{_body(document, passage, mark)}</div>'


def passage_view(document: Document, result: SearchResult) -> str:
    """Return the reader for a passage that was found but not cited."""
    span = (result.chunk.start, result.chunk.end)
    state = '<p class="state">a passage near the question; it may not answer it</p>'
    head = _head(document, result.chunk.page, result.chunk.headings, state, "")
    return f'<div class="reader">{head}{_body(document, span)}</div>'


def document_view(document: Document) -> str:
    """Return the reader at the start of a document."""
    return f'<div class="reader">{_head(document, None, (), "", "")}{_body(document, (0, 0))}</div>'


def _head(document: Document, page: int | None, headings: tuple[str, ...], state: str, steps: str) -> str:
    where = " › ".join([*headings, *([f"{document.page_kind} {page}"] if page else [])])
    path = f'<p class="soft">{escape(where)}</p>' if where else ""
    close = '<button type="button" class="close" data-close aria-label="Close the source">×</button>'
    return f'<div class="head"><nav>{steps}{close}</nav><h2>{escape(document.source)}</h2>{path}{state}</div>'


def _steps(answer: Answer, citation: Citation, at: int) -> str:
    """Return the buttons to the citations before and after this one."""
    count = len(answer.citations)

    def button(n: int, sign: str, label: str) -> str:
        off = "" if 1 <= n <= count else " disabled"
        where = f'data-turn="{at}" data-n="{n}" aria-label="{label}"'
        return f'<button type="button" class="step" {where}{off}>{sign}</button>'

    before = button(citation.n - 1, "‹", "Previous citation")
    after = button(citation.n + 1, "›", "Next citation")
    return f"{before}<span>{citation.n} of {count}</span>{after}"


def _body(document: Document, passage: Span, mark: Mark = NO_MARK) -> str:
    text = document.text
    start = text.rfind("\n", 0, max(0, passage[0] - _AROUND)) + 1
    end = text.find("\n", min(len(text), passage[1] + _AROUND))
    # A document may be one endless line: then the window is cut where it ends.
    start = max(start, passage[0] - 2 * _AROUND)
    end = min(len(text) if end < 0 else end, passage[1] + 2 * _AROUND)
    more_before = '<p class="more">… the document begins before this</p>' if start > 0 else ""
    more_after = '<p class="more">the document goes on …</p>' if end < len(text) else ""
    blocks = "".join(_block(document, block, passage, mark) for block in _blocks(text, start, end))
    return f'<div class="doc" dir="auto" tabindex="0" aria-label="Source text">{more_before}{blocks}{more_after}</div>'


def _blocks(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield the paragraphs of a window, split at blank lines."""
    for found in re.finditer(r"\S[^\n]*(?:\n[^\S\n]*\S[^\n]*)*", text[start:end]):
        yield start + found.start(), start + found.end()


def _block(document: Document, block: Span, passage: Span, mark: Mark) -> str:
    start, end = block
    heading = next((h for h in document.headings if h.start < end and h.end > start), None)
    if heading is not None and heading.start <= start:
        rest = (min(end, heading.end), end)
        shown = f"<h3>{escape(heading.text)}</h3>"
        return shown + (_block_text(document.text, rest, passage, mark) if document.text[slice(*rest)].strip() else "")
    return _block_text(document.text, block, passage, mark)


def _block_text(text: str, block: Span, passage: Span, mark: Mark) -> str:
    """Return a paragraph, dimmed outside the passage, with the marks where they overlap the paragraph."""
    start, end = block
    cuts = sorted({start, end, *(min(max(cut, start), end) for span in mark for cut in span)})
    pieces = [(piece, mark.quote[0] <= piece[0] and piece[1] <= mark.quote[1]) for piece in pairwise(cuts)]
    shown = ""
    for quoted, run in groupby(pieces, key=itemgetter(1)):
        words = "".join(_answering(text, piece, mark.highlight) for piece, _ in run)
        shown += f"<mark>{words}</mark>" if quoted else words
    inside = start < passage[1] and end > passage[0]
    return f'<p class="{"passage" if inside else "around"}">{shown}</p>'


def _answering(text: str, piece: Span, highlight: Span) -> str:
    """Return a piece of a text, in bold where it is the words that answer."""
    shown = escape(text[slice(*piece)])
    return f"<b>{shown}</b>" if highlight[0] <= piece[0] and piece[1] <= highlight[1] else shown
