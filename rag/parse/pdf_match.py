"""Where the words of a page's canonical text stand on the page: the two are laid side by side, word by word.

Both are in the order they are read, so they differ only where the text was mended: running heads are gone, torn words
are whole, numbers have the names of their columns. Only letters and figures are compared. It knows no pictures.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from difflib import Match, SequenceMatcher
from typing import NamedTuple

from rag.parse.pdf_layout import Line
from rag.parse.pdf_page import Box

# Where no spaces part words, each letter is one.
_UNSPACED = "\u2e80-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\u0e00-\u0eff\u1780-\u17ff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\s{_UNSPACED}]+")
_LETTER_BY_LETTER = re.compile(f"[{_UNSPACED}]")
_MOST_COMPARED = 2000  # letters of a stretch that are compared one by one
_LEAST_ALIKE = 3
_WIDEST_GAP = 2.0  # of the size of the letters, between words that are marked as one

Span = tuple[int, int]


class _Word(NamedTuple):
    """A word of the canonical text: its letters, and where they are."""

    letters: str
    start: int
    end: int


class _Spot(NamedTuple):
    """Letters ``start`` to ``end`` of a word on a line of the page."""

    line: int
    word: int
    start: int
    end: int


class _Printed(NamedTuple):
    """A word of a line's text, and where on the line it was printed; nowhere, if it was only added to it."""

    letters: str
    spots: tuple[_Spot, ...]


def boxes_of(text: str, spans: Sequence[Span], lines: Sequence[Line]) -> list[list[Box]]:
    """Return, for each span of a page's canonical text, where it stands on the page: a box a line of words.

    Args:
        text: The canonical text of the page.
        spans: Stretches of it.
        lines: What was read on the page, in order, with the places of its words.
    """
    wanted = list(_words(text))
    printed = [word for number, line in enumerate(lines) for word in _printed(number, line)]
    places = _aligned(wanted, printed)
    return [
        _boxes(
            [spot for at, word in enumerate(wanted) if word.start < end and word.end > start for spot in places[at]],
            lines,
        )
        for start, end in spans
    ]


def _letters(text: str) -> str:
    """Return the letters and figures of a text, ligatures and the like taken apart."""
    return "".join(filter(str.isalnum, text if text.isascii() else unicodedata.normalize("NFKC", text)))


def _words(text: str) -> Iterator[_Word]:
    for found in _WORD.finditer(text):
        letters = _letters(found.group())
        if letters:
            at = [at for at, sign in enumerate(found.group(), found.start()) if sign.isalnum()]
            yield _Word(letters, at[0] if at else found.start(), at[-1] + 1 if at else found.end())


def _printed(number: int, line: Line) -> Iterator[_Printed]:
    """Yield the words of a line's text with the places of their letters; names that were added have none."""
    owners = [(at, place) for at, word in enumerate(line.words) for place in range(len(_letters(word.text)))]
    letters = "".join(_letters(word.text) for word in line.words)
    starts = {at for at, owner in enumerate(owners) if owner[1] == 0} | {len(owners)}
    read = 0
    for word in _WORD.findall(line.text):
        looked_for = _letters(word)
        if not looked_for:
            continue
        at = read if letters.startswith(looked_for, read) else _whole_word(letters, looked_for, read, starts)
        if at >= 0:
            read = at + len(looked_for)
        yield _Printed(looked_for, tuple(_spots(number, owners[at:read])) if at >= 0 else ())


def _whole_word(letters: str, word: str, start: int, starts: set[int]) -> int:
    """Return where a word stands further on, not as a part of another; -1 where it does not."""
    at = letters.find(word, start)
    while at >= 0 and not (at in starts and at + len(word) in starts):
        at = letters.find(word, at + 1)
    return at


def _spots(number: int, owners: Sequence[tuple[int, int]]) -> Iterator[_Spot]:
    for word in dict.fromkeys(word for word, _ in owners):
        places = [place for owner, place in owners if owner == word]
        yield _Spot(number, word, places[0], places[-1] + 1)


def _aligned(wanted: Sequence[_Word], printed: Sequence[_Printed]) -> dict[int, list[_Spot]]:
    """Return for each word of the text, by its number, where it is printed."""
    places: dict[int, list[_Spot]] = defaultdict(list)
    matcher = SequenceMatcher(None, [word.letters for word in wanted], [word.letters for word in printed])
    for kind, low, high, first, last in matcher.get_opcodes():
        if kind == "equal":
            for at in range(low, high):
                places[at].extend(printed[first + at - low].spots)
        elif kind == "replace":
            _align_letters(wanted[low:high], low, printed[first:last], places)
    return places


def _align_letters(
    wanted: Sequence[_Word], low: int, printed: Sequence[_Printed], places: dict[int, list[_Spot]]
) -> None:
    """Lay a stretch side by side letter by letter: there words are parted in other places, or misread."""
    ours = [low + at for at, word in enumerate(wanted) for _ in word.letters]
    theirs = [word for word in printed for _ in word.letters]
    one, other = "".join(word.letters for word in wanted), "".join(word.letters for word in printed)
    if one == other:
        blocks = [Match(0, 0, len(one))]
    elif max(len(one), len(other)) <= _MOST_COMPARED:
        blocks = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    else:
        return
    for start, place, size in blocks:
        for step in range(size if size >= min(_LEAST_ALIKE, len(one)) else 0):
            spots = places[ours[start + step]]
            spots.extend(spot for spot in theirs[place + step].spots if spot not in spots)


def _boxes(spots: Sequence[_Spot], lines: Sequence[Line]) -> list[Box]:
    """Return the boxes of words, those that follow one another on a line as one."""
    found: list[tuple[_Spot, Box]] = []
    for spot in sorted(set(spots)):
        box = _box(spot, lines)
        if found and _is_next(*found[-1], spot, box, lines[spot.line].size):
            found[-1] = spot, _around(found[-1][1], box)
        else:
            found.append((spot, box))
    return [box for _, box in found]


def _is_next(before: _Spot, left: Box, spot: _Spot, box: Box, size: float) -> bool:
    """Whether words follow one another on a line, and in no other cell of a table."""
    gap = max(box[0] - left[2], left[0] - box[2], box[1] - left[3], left[1] - box[3])
    return before.line == spot.line and spot.word - before.word <= 1 and gap < _WIDEST_GAP * size


def _box(spot: _Spot, lines: Sequence[Line]) -> Box:
    """Return where letters of a word stand: of a word as other languages have it, all of it does."""
    word = lines[spot.line].words[spot.word]
    left, bottom, right, top = word.box
    if not _LETTER_BY_LETTER.search(word.text):
        return word.box
    count = len(_letters(word.text))
    if right - left >= top - bottom:
        step = (right - left) / count
        return left + step * spot.start, bottom, left + step * spot.end, top
    step = (top - bottom) / count  # from the top down
    return left, top - step * spot.end, right, top - step * spot.start


def _around(one: Box, other: Box) -> Box:
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])
