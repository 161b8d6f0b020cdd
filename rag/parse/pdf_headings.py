"""Which blocks of a PDF are headings, and of what level.

Its outline says so where its titles stand on their pages; else letters larger than those of the text, or bold,
do. Where that would make headings of most blocks, as on slides and forms, there are none: better none than wrong.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rag.parse.pdf_layout import LARGER, rounded
from rag.parse.pdf_text import ITEM, Block

_LONGEST_HEADING = 120
_MOST_HEADINGS = 1 / 2  # of the blocks; where there are more, size says nothing
_LEAST_FOUND = 0.3  # of the bookmarks, for the outline to be that of this text
_DEEPEST = 4


@dataclass(frozen=True)
class Bookmark:
    """An entry of a PDF's outline, and the page it leads to."""

    title: str
    level: int
    page: int | None


def _key(text: str) -> str:
    """Return the letters and digits of a title, by which it is found again."""
    return "".join(filter(str.isalnum, text.casefold()))


def mark_headings(blocks: Sequence[Block], outline: Sequence[Bookmark]) -> None:
    """Give headings their levels: by the outline where its titles stand on their pages, else by size and boldness."""
    found = _outlined(blocks, outline)
    if not found or len(found) < _LEAST_FOUND * len(outline):
        found = _by_look(blocks)
    for at, level in found.items():
        blocks[at].level = min(level, 6)


def _outlined(blocks: Sequence[Block], outline: Sequence[Bookmark]) -> dict[int, int]:
    places: dict[tuple[int, str], int] = {}
    for at, block in enumerate(blocks):
        if len(block.text) <= 2 * _LONGEST_HEADING and not block.is_row and block.gap == "\n\n":
            key = _key(block.text)
            for short in (key, re.sub(r"^\d+", "", key)):
                places.setdefault((block.page, short), at)
    found: dict[int, int] = {}
    for mark in outline:
        key = _key(mark.title)
        keys = (key, re.sub(r"^\d+", "", key))
        on = (mark.page or 0, (mark.page or 0) + 1)
        stands = [places[page, one] for page in on for one in keys if one and (page, one) in places]
        if stands:
            found.setdefault(stands[0], mark.level)
    return found


def _by_look(blocks: Sequence[Block]) -> dict[int, int]:
    sizes: Counter[float] = Counter()
    bold = 0
    for block in blocks:
        sizes[rounded(block.size)] += len(block.text)
        bold += len(block.text) * block.bold
    body = max(sizes, key=lambda size: sizes[size], default=0.0)
    bold_tells = bold < 0.3 * sum(sizes.values())
    looks: dict[int, float] = {}
    for at, block in enumerate(blocks):
        larger = block.size > LARGER * body
        followed = at + 1 < len(blocks) and not blocks[at + 1].is_row
        if _may_head(block) and (larger or (block.bold and bold_tells and followed and block.size > 0.95 * body)):
            looks[at] = max(rounded(block.size), body) if larger else body
    if len(looks) > _MOST_HEADINGS * len(blocks):
        return {}
    ranks = {size: rank for rank, size in enumerate(sorted(set(looks.values()), reverse=True), start=1)}
    return {at: min(ranks[size], _DEEPEST) for at, size in looks.items()}


def _may_head(block: Block) -> bool:
    letters = sum(map(str.isalpha, block.text))
    short = len(block.text) <= _LONGEST_HEADING and block.lines <= 3
    plain = not block.is_row and block.gap == "\n\n" and not ITEM.match(block.text.lstrip("0123456789.") or "- ")
    return (
        short and plain and letters >= 2 and letters > len(block.text) / 2 and not re.search(r"^\(|[.,;:]$", block.text)
    )
