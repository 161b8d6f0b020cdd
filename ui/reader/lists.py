"""Blocks that stand in one another: the items of lists, and quotations of quotations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from ui.reader.pieces import Piece
from ui.reader.scene import Scene
from ui.reader.spans import Style

_DEEPEST = 12  # what stands deeper is drawn there: a page is no wider
_ROMAN = "(?=[ivxIVX])(?:[xX]{0,3}(?:[iI][xX]|[iI][vV]|[vV]?[iI]{0,3}))"
_MARK = re.compile(rf"(?:[-*+•‣▪–◦·]|\(?(?P<number>\d{{1,9}}(?:\.\d{{1,9}})*|[A-Za-z]|{_ROMAN})[.)])(?:[ \t]+|$)")


class _Single(Protocol):
    """Draws a block by itself, with the mark before it."""

    def __call__(self, scene: Scene, piece: Piece, mark: Style | None = None, /) -> str: ...


class _List(NamedTuple):
    """A list that is open, with an item that is: its element, and whether its items have marks in the text."""

    tag: str
    is_marked: bool


def items(scene: Scene, run: Sequence[Piece], single: _Single) -> str:
    """Return the blocks of a list as lists in lists; what is no item, or has no mark where others do, goes on."""
    shown: list[str] = []
    lists: list[_List] = []
    for piece in run:
        mark = _mark(scene.text, piece)
        level = piece.block.level if piece.block is not None and piece.block.kind == "item" else len(lists)
        depth = min(max(level, 1), len(lists) + 1, _DEEPEST)
        shown += [f"</li></{closed.tag}>" for closed in reversed(lists[depth:])]
        del lists[depth:]
        now = _List("ol" if mark is not None and mark.name == "number" else "ul", mark is not None)
        is_item = piece.block is not None and piece.block.kind == "item"
        goes_on = len(lists) == depth and (not is_item or (mark is None and lists[-1].is_marked))
        shown.append("" if goes_on else _begun(lists, depth, now))
        shown.append(single(scene, piece, mark))
    return "".join(shown) + "".join(f"</li></{closed.tag}>" for closed in reversed(lists))


def _begun(lists: list[_List], depth: int, now: _List) -> str:
    """Return what begins an item at a depth, in the list that is open there or in one that begins."""
    closed = ""
    if len(lists) == depth:
        if lists[-1] == now:
            return "</li><li>"
        closed = f"</li></{lists.pop().tag}>"
    lists.append(now)
    return f"{closed}<{now.tag}><li>"


def _mark(text: str, piece: Piece) -> Style | None:
    """Return the bullet or number that stands in the text before an item; a bullet is hidden, for one is drawn."""
    if piece.block is None or piece.block.kind != "item" or piece.own > piece.block.start:
        return None
    found = _MARK.match(text, piece.own, piece.end)
    return Style(*found.span(), "number" if found["number"] else "sign") if found else None


def nested(quotations: Iterable[tuple[int, str]]) -> str:
    """Return quotations, each as deep as it stands in others."""
    shown, depth = "", 0
    for level, words in quotations:
        level = min(level, _DEEPEST)
        shown += "<blockquote>" * (level - depth) + "</blockquote>" * (depth - level) + words
        depth = level
    return shown + "</blockquote>" * depth
