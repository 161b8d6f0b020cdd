"""Where the words of a document's canonical text stand on the pictures of its pages, kept in few bytes.

The columns of a table with a row a word: how far it begins behind the last (4 bytes), its length, its left and top,
its width and height (2 bytes each, places in steps of a 16,384th of the picture); deflated, some 5 bytes a word.
"""

from __future__ import annotations

import struct
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate, chain
from operator import sub
from typing import NamedTuple

from rag.parse.page import PageWord, PageWords, PixelBox

STEPS = 1 << 14  # on either side of a picture, in which places are told
_LONGEST = (1 << 16) - 1
_ROW = 14  # bytes
_LEVEL = 1  # of zlib: a tenth more bytes than by 6, in an eighth of the time
_WIDEST_GAP = 2.0  # of the height of words, between those that are marked as one


class WordBox(NamedTuple):
    """A word of the text, from ``start`` to ``end``, and its place on the picture of its page, in ``STEPS``."""

    start: int
    end: int
    left: int
    top: int
    right: int
    bottom: int


def pack(words: Sequence[tuple[int, int, int, int, int, int]]) -> bytes:
    """Return words as ``WordBox`` has them, in the order of the text, as they are kept; nothing for none."""
    if not words:
        return b""
    starts, ends, *places = ([word[at] for word in words] for at in range(6))
    left, top, right, bottom = ([0 if at < 0 else min(at, STEPS) for at in place] for place in places)
    behind = [starts[0], *map(sub, starts[1:], starts)]
    lengths = [min(length, _LONGEST) for length in map(sub, ends, starts)]
    columns = (lengths, left, top, map(sub, right, left), map(sub, bottom, top))
    count = len(words)
    return zlib.compress(struct.pack(f"<{count}I{5 * count}H", *behind, *chain(*columns)), _LEVEL)


def words_between(packed: bytes, start: int, end: int) -> list[WordBox]:
    """Return those of the words that ``pack`` was given that begin in a stretch of the text, such as a page."""
    data = zlib.decompress(packed) if packed else b""
    count = len(data) // _ROW
    starts = list(accumulate(struct.unpack_from(f"<{count}I", data)))
    first, last = bisect_left(starts, start), bisect_left(starts, max(start, end))
    places = (4 * count + 2 * (at * count + first) for at in range(5))
    columns = (struct.unpack_from(f"<{last - first}H", data, place) for place in places)
    return [
        WordBox(start, start + length, left, top, left + width, top + height)
        for start, length, left, top, width, height in zip(starts[first:last], *columns, strict=True)
    ]


def boxes_of(words: Sequence[WordBox], start: int, end: int, width: int, height: int) -> tuple[PixelBox, ...]:
    """Return where a stretch of the text stands on a picture of this size: a box a line of words.

    ``words`` are those of one page.
    """
    low = bisect_right(words, start, key=lambda word: word.end)
    high = bisect_left(words, end, key=lambda word: word.start)
    is_upright = _is_upright(words, width, height)
    found: list[PixelBox] = []
    for box in (_pixels(_inside(word, start, end), width, height) for word in words[low:high]):
        if found and _is_next(found[-1], box, is_upright):
            found[-1] = _around(found[-1], box)
        else:
            found.append(box)
    return tuple(found)


def words_on(text: str, words: Sequence[WordBox], width: int, height: int) -> PageWords:
    """Return the words of a page of ``text``, each with what parts it from the next on a picture of this size.

    A word that was mended stands in two parts with nothing between them.
    """
    is_upright = _is_upright(words, width, height)
    boxes = [_pixels(word, width, height) for word in words]

    def after(at: int) -> str:
        if at + 1 == len(words):
            return "\n"
        if words[at + 1].start <= words[at].end:
            return ""
        return " " if _is_level(*_level(boxes[at], boxes[at + 1], is_upright)) else "\n"

    return PageWords(
        words=tuple(
            PageWord(start=word.start, text=text[word.start : word.end], after=after(at), box=word[2:])
            for at, word in enumerate(words)
        )
    )


def _inside(word: WordBox, start: int, end: int) -> WordBox:
    """Return the part of a word that is in a stretch: of one without spaces, as Chinese has it, often not all."""
    first, last = max(start, word.start), min(end, word.end)
    step = (word.right - word.left) / (word.end - word.start)
    left, right = (round(word.left + step * (at - word.start)) for at in (first, last))
    return word._replace(left=left, right=right)


def _pixels(word: WordBox, width: int, height: int) -> PixelBox:
    left, right = round(word.left * width / STEPS), round(word.right * width / STEPS)
    top, bottom = round(word.top * height / STEPS), round(word.bottom * height / STEPS)
    return PixelBox(left=left, top=top, right=right, bottom=bottom)


def _is_upright(words: Sequence[WordBox], width: int, height: int) -> bool:
    """Whether the lines of a page run upwards or downwards: its words are higher than they are wide."""
    return sum((w.bottom - w.top) * height - (w.right - w.left) * width for w in words) > 0


def _is_next(before: PixelBox, box: PixelBox, is_upright: bool) -> bool:
    """Whether words follow one another on a line, and in no other cell of a table."""
    one, other = _level(before, box, is_upright)
    gap = max(other.left - one.right, one.left - other.right)
    return _is_level(one, other) and gap < _WIDEST_GAP * min(one.bottom - one.top, other.bottom - other.top)


def _is_level(one: PixelBox, other: PixelBox) -> bool:
    """Whether words stand on one line."""
    overlap = min(one.bottom, other.bottom) - max(one.top, other.top)
    return overlap > min(one.bottom - one.top, other.bottom - other.top) / 2


def _level(one: PixelBox, other: PixelBox, is_upright: bool) -> tuple[PixelBox, PixelBox]:
    """Return two words as they would stand if their lines were level."""
    return (_turned(one), _turned(other)) if is_upright else (one, other)


def _turned(box: PixelBox) -> PixelBox:
    return PixelBox(left=box.top, top=box.left, right=box.bottom, bottom=box.right)


def _around(one: PixelBox, other: PixelBox) -> PixelBox:
    return PixelBox(
        left=min(one.left, other.left),
        top=min(one.top, other.top),
        right=max(one.right, other.right),
        bottom=max(one.bottom, other.bottom),
    )
