"""What the blocks of a PDF are: headings and of what level, items of lists, captions, entries of contents.

Its outline says which are headings where its titles stand on their pages; else letters larger than those of the
text, or bold, do. Where that would make headings of most blocks, as on slides and forms, there are none: better none
than wrong.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from rag.parse.pdf_layout import LARGER
from rag.parse.pdf_running import rounded
from rag.parse.pdf_text import CONTENTS, ITEM, Block

_LONGEST_HEADING = 120
_MOST_HEADINGS = 1 / 2  # of the blocks; where there are more, size says nothing
_LEAST_FOUND = 0.3  # of the bookmarks, for the outline to be that of this text
_DEEPEST = 4
_LONGEST_CAPTION = 400
_CAPTION = re.compile(
    r"(?:figure|fig\.?|table|tab\.|chart|plate|box|exhibit|abbildung|abb\.|tabelle)\s+[A-Z]?\d[\d.-]*[a-z]?"
    r"(?:[.:|–—-]?$|[.:|–—]\s|\s[–—-]\s|\s\()",
    re.IGNORECASE,
)
_BULLET = re.compile(r"[^\w\s(\[]\s")


@dataclass(frozen=True)
class Bookmark:
    """An entry of a PDF's outline, and the page it leads to."""

    title: str
    level: int
    page: int | None


def mark_kinds(blocks: Sequence[Block], outline: Sequence[Bookmark]) -> None:
    """Say of each block what it is."""
    texts = [block for block in blocks if block.kind == "paragraph"]
    for block in texts:
        if CONTENTS.match(block.text):
            block.kind, block.is_context = "item", True
        elif _CAPTION.match(block.text) and len(block.text) <= _LONGEST_CAPTION:
            block.kind = "caption"
    _mark_headings(blocks, outline)
    _mark_items(blocks)


def _mark_items(blocks: Sequence[Block]) -> None:
    """Mark items: bullets, and numbers where another follows or a line that ends in a colon is before."""
    marked = [bool(ITEM.match(block.text)) and block.kind == "paragraph" for block in blocks]
    for at, block in enumerate(blocks):
        if marked[at]:
            beside = any(marked[max(at - 1, 0) : at] + marked[at + 1 : at + 2])
            led_in = at > 0 and blocks[at - 1].text.endswith(":")
            if beside or led_in or _BULLET.match(block.text):
                block.kind = "item"
    for (is_item, _), group in groupby(blocks, key=lambda block: (block.kind == "item", block.page)):
        lefts: list[float] = []  # of the items that the next may be within
        for item in group if is_item else ():
            left = item.first.left
            lefts = [*(one for one in lefts if one < left - item.size / 2), left]
            item.level = len(lefts)


def _mark_headings(blocks: Sequence[Block], outline: Sequence[Bookmark]) -> None:
    """Give headings their levels: by the outline where its titles stand on their pages, else by size and boldness."""
    found = _outlined(blocks, outline)
    if not found or len(found) < _LEAST_FOUND * len(outline):
        found = _by_look(blocks)
    for at, level in found.items():
        blocks[at].kind, blocks[at].level = "heading", min(level, 6)


def _key(text: str) -> str:
    """Return the letters and digits of a title, by which it is found again."""
    return "".join(filter(str.isalnum, text.casefold()))


def _outlined(blocks: Sequence[Block], outline: Sequence[Bookmark]) -> dict[int, int]:
    places: dict[tuple[int, str], int] = {}
    for at, block in enumerate(blocks):
        if len(block.text) <= 2 * _LONGEST_HEADING and block.kind == "paragraph" and block.gap == "\n\n":
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
        followed = at + 1 < len(blocks)
        stands_out = larger or (block.bold and bold_tells and followed and block.size > 0.95 * body)
        if stands_out and _may_head(block):
            looks[at] = max(rounded(block.size), body) if larger else body
    if len(looks) > _MOST_HEADINGS * len(blocks):
        return {}
    ranks = {size: rank for rank, size in enumerate(sorted(set(looks.values()), reverse=True), start=1)}
    return {at: min(ranks[size], _DEEPEST) for at, size in looks.items()}


def _may_head(block: Block) -> bool:
    letters = sum(map(str.isalpha, block.text))
    short = len(block.text) <= _LONGEST_HEADING and block.lines <= 3
    plain = block.kind == "paragraph" and block.gap == "\n\n"
    item = ITEM.match(block.text.lstrip("0123456789.") or "- ")
    is_open = re.search(r"^\(|[.,;:]$", block.text)
    return short and plain and not item and letters >= 2 and letters > len(block.text) / 2 and not is_open
