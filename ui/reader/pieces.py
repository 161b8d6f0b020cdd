"""A window of a document as pieces, one after another: its blocks, and what stands between them.

Of the window, no character is left out: what stands right before a block, such as the bar before a row of Markdown,
comes with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rag.types import Block, page_name
from ui.reader.scene import Scene
from ui.reader.spans import Span, Style

_UNNUMBERED = ("row", "line")  # pages that are too small to be parted from one another


class Piece(NamedTuple):
    """A block, or what is left of it in the window, from ``own`` to ``end``; ``start`` is before what comes with it.

    Without a block, it is text between blocks, or of a document whose blocks are not known.
    """

    block: Block | None
    start: int
    own: int
    end: int

    @property
    def span(self) -> Span:
        """All of it."""
        return self.start, self.end

    def lead(self, text: str) -> list[Style]:
        """Return how what stands before the block is drawn: signs are hidden, words are set apart."""
        return [Style(self.start, self.own, between(text, (self.start, self.own)))] if self.start < self.own else []


def between(text: str, span: Span) -> str:
    """Return the style of text between blocks."""
    return "address" if any(map(str.isalnum, text[span[0] : span[1]])) else "sign"


def parts(scene: Scene) -> Iterator[tuple[str, list[Piece]]]:
    """Yield the pieces of the window by pages, each with the page's label; all at once where there are none."""
    for label, span in _pages(scene):
        found: list[Piece] = []
        for piece in _pieces(scene, span):
            if found and _goes_on(scene.text, found[-1], piece):
                found[-1] = found[-1]._replace(end=piece.end)
            else:
                found.append(piece)
        yield label, found


def _goes_on(text: str, before: Piece, piece: Piece) -> bool:
    """Whether two blocks are lines of one paragraph, as those of a poem are."""
    one, other = before.block, piece.block
    if one is None or other is None or {one.kind, other.kind} != {"paragraph"} or one.group != other.group:
        return False
    gap = text[before.end : piece.own]
    return not gap.strip() and gap.count("\n") < 2 and one.is_context == other.is_context


def _pages(scene: Scene) -> Iterator[tuple[str, Span]]:
    start, end = scene.window
    kind = scene.document.page_kind
    for page in scene.pages if kind not in _UNNUMBERED else ():
        if start < page.start:
            yield "", (start, page.start)
        start = max(start, page.start)
        yield page_name(kind, page.number).capitalize(), (start, min(page.end, end))
        start = min(page.end, end)
    if start < end:
        yield "", (start, end)


def _pieces(scene: Scene, span: Span) -> Iterator[Piece]:
    text, (done, end) = scene.text, span
    group = None  # of the block before
    for block in scene.document.blocks_between(*span):
        own = max(block.start, done)
        start = done
        if group is None or block.group != group:
            start = max(done, text.rfind("\n", done, own) + 1)
            yield from _between(scene, (done, start))
        start = start if text[start:own].strip() else own
        done, group = min(block.end, end), block.group
        yield Piece(block, start, own, done)
    yield from _between(scene, (done, end))


def _between(scene: Scene, span: Span) -> Iterator[Piece]:
    for start, end in scene.paragraphs(span):
        yield Piece(None, start, start, end)
