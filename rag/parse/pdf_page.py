"""What stands on a page of a PDF, as pdfium tells it: runs of words, and where each stands.

This is the one module that calls pdfium for text. Calls through ctypes are slow, so it makes two a word and
a handful a run, and one a letter only where a word may have raised or lowered ones. It knows nothing of lines,
columns or paragraphs. What nobody sees is left out, and so is text that is set askew, or in another direction than
most of its page: stamps at the margin, the axes of charts.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rag.parse.pdf_file import Box, draw_grey

# pdfium puts U+0002, or U+FFFE, in place of a hyphen at the end of a line.
_WORD = re.compile("[^\\s\x02\ufffe]+[\x02\ufffe]?|[\x02\ufffe]")
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("\x02\ufffe", "-"),
        **dict.fromkeys("\xad\u200b\ufeff", ""),
        "\u2028": " ",
        **dict(zip("ﬀﬁﬂﬃﬄﬅﬆ", ("ff", "fi", "fl", "ffi", "ffl", "ft", "st"), strict=True)),
        **dict.fromkeys("\uf0b7\uf0a7\uf0d8\uf0fc", "•"),  # the bullets of the Symbol and Wingdings fonts
    }
)
# Control characters, the private use area and U+FFFD: what is left of letters whose font does not tell them.
_UNREADABLE = re.compile("[\x00-\x1f\x7f-\x9f\ue000-\uf8ff\ufffd\ufffe\uffff]")
# Numbers and names of glyphs, which some programs write in the place of letters.
_GLYPH_CODE = re.compile(r"\(?c?id:\d+\)?|(?:/[A-Za-z]{1,3}\d{1,5})(?=/|\s|$)")
_MOST_UNREADABLE = 0.3  # of the signs of a page
_LEAST_LETTERS = 0.4  # of the signs of a page, figures counted, so that it may be in any language
_FILLERS = re.compile(r"[\s._…·\-–—=*|]+")  # of forms, contents and frames
_JUDGED = 20  # signs: fewer tell nothing
_LEADERS = re.compile(r"(?:\.\s?){5,}")  # the dots of a table of contents
_DOTS = re.compile(r"\.{2,}|^\.$")
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_BOLD = re.compile(r"bold|black|heavy|demi|[-,]medi\b|cmbx|cmssbx|sfbx|[-,]bd\b", re.IGNORECASE)
_SIGN = re.compile(r"[^\w\s($€£¥]$")
_FIGURE_INSIDE = re.compile(r"[^\W\d_]\d|[)\]]\d|\d[^\W\d_]")  # in "m2/s", "H2O": it may be raised or lowered
_LONGEST_WITH_SCRIPTS = 40  # letters; a longer word is Chinese, or no word
_ALIKE = 0.1  # of the height of letters: so far heights and feet of one line may differ
_LEAST_BESIDE = 0.3  # of the height of letters, that they have in common with others of their line
_WIDEST_SPACE = 0.75  # of the size of the letters; what is wider parts two runs
_NAME_LENGTH = 128
_SMALLEST, _SMALLEST_SHARE = 1.5, 1 / 500  # points, and of the longer side of a page: what is smaller nobody reads
_WHITE = 240  # of 255
_SEEN_AT = 36  # dots per inch
_INVISIBLE = 3  # FPDF_TEXTRENDERMODE_INVISIBLE: over the picture of a page that OCR has read


class PlacedWord(NamedTuple):
    """A word, where it stands on the page as the file has it, before any turn; and what parts it from the last."""

    text: str
    box: Box
    gap: str = " "


def text_of(words: Sequence[PlacedWord]) -> str:
    """Return words as a text."""
    return "".join(word.gap + word.text for word in words)[len(words[0].gap) if words else 0 :]


@dataclass(slots=True)
class Run:
    """Words that follow one another on a line without a wide gap; ``is_glued``: on the run before, without a space."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    size: float
    bold: bool
    order: int  # its place in the file's own order
    first_right: float  # where its first word ends
    words: list[PlacedWord] = field(default_factory=list)
    is_glued: bool = False
    is_unsure: bool = False  # white or without ink of its own

    @property
    def middle(self) -> float:
        """Its height on the page."""
        return (self.bottom + self.top) / 2

    @property
    def base(self) -> float:
        """Where its letters stand."""
        return self.bottom + 0.2 * self.size


@dataclass(slots=True)
class _Word:
    """A word with the line it is on in pdfium's view, and the places of its first and last letter."""

    text: str
    line: int
    at: int
    left: float
    bottom: float
    right: float
    top: float
    box: Box  # before any turn
    is_glued: bool


@dataclass(frozen=True)
class Turn:
    """A quarter turn of the page, such that text in a certain direction reads from left to right."""

    quarters: int

    def box(self, left: float, bottom: float, right: float, top: float) -> Box:
        """Return a rectangle as it stands after the turn."""
        if self.quarters == 1:
            return -top, left, -bottom, right
        if self.quarters == 2:
            return -right, -top, -left, -bottom
        if self.quarters == 3:
            return bottom, -right, top, -left
        return left, bottom, right, top


def page_runs(page: Any, text_page: Any, bounds: Box) -> list[Run]:
    """Return the runs of words of a page, in the file's order; none where its letters cannot be told.

    Args:
        page: pdfium's handle.
        text_page: pdfium's handle of its text.
        bounds: What is shown of the page.
    """
    text = _page_text(text_page)
    if not is_readable(_without_marks(text)):
        return []
    lines = _lines(text)
    turns = [_quarters(text_page, line[0].start()) for line in lines]
    sizes: Counter[int | None] = Counter()
    for line, turn in zip(lines, turns, strict=True):
        sizes[turn] += line[-1].end() - line[0].start()
    main = max((turn for turn in sizes if turn is not None), key=lambda turn: sizes[turn], default=None)
    if main is None:
        return []
    upright = [line for line, turn in zip(lines, turns, strict=True) if turn == main]
    letters = _Letters(text_page, Turn(main))
    runs = [run for run in _runs(letters, _words(letters, upright, Turn(main), bounds)) if run.text]
    return _seen(page, runs, max(bounds[2] - bounds[0], bounds[3] - bounds[1]))


def is_readable(text: str) -> bool:
    """Whether a text has letters of a language, and not the codes of glyphs or signs in the place of letters."""
    signs = len(text) - text.count(" ")
    lost = len(_UNREADABLE.findall(text)) + sum(map(len, _GLYPH_CODE.findall(text)))
    if not signs or lost > _MOST_UNREADABLE * signs:
        return False
    bare = _FILLERS.sub("", text)
    return len(bare) < _JUDGED or sum(map(str.isalnum, bare)) >= _LEAST_LETTERS * len(bare)


def _seen(page: Any, runs: list[Run], side: float) -> list[Run]:
    """Return the runs that a reader sees; where their colour does not tell, the page is drawn and looked at."""
    runs = [run for run in runs if run.size > min(_SMALLEST, _SMALLEST_SHARE * side)]
    if not any(run.is_unsure for run in runs):
        return runs
    picture = draw_grey(page, _SEEN_AT)
    return [
        run for run in runs if not run.is_unsure or any(picture.has_ink(word.box) for word in run.words if word.text)
    ]


def _page_text(text_page: Any) -> str:
    """Return the page's text, such that a place in it is a character's number for pdfium."""
    from pypdfium2 import raw

    count = raw.FPDFText_CountChars(text_page)
    if count <= 0:
        return ""
    buffer = (ctypes.c_ushort * (count + 1))()
    written = raw.FPDFText_GetText(text_page, 0, count, buffer)
    text = bytes(buffer)[: 2 * max(written - 1, 0)].decode("utf-16-le", "replace")
    if len(text) == count:
        return text
    # Letters beyond U+FFFF, or that are not text: the slow way, which keeps the numbers.
    codes = (raw.FPDFText_GetUnicode(text_page, at) for at in range(count))
    return "".join(chr(code) if 0 < code < 0x110000 else "\x01" for code in codes)


def _without_marks(text: str) -> str:
    return text.replace("\r", "").replace("\n", "").translate(_PLAIN)


def _lines(text: str) -> list[list[re.Match[str]]]:
    lines: list[list[re.Match[str]]] = []
    end = -1
    for word in _WORD.finditer(text):
        if end < 0 or "\n" in text[end : word.start()]:
            lines.append([])
        lines[-1].append(word)
        end = word.end()
    return lines


def _quarters(text_page: Any, at: int) -> int | None:
    """Return how many quarter turns the text is turned to the right; None where it is set askew."""
    from pypdfium2 import raw

    angle = raw.FPDFText_GetCharAngle(text_page, at) / (math.pi / 2)
    return round(angle) % 4 if abs(angle - round(angle)) < 0.1 else None


def _words(letters: _Letters, lines: list[list[re.Match[str]]], turn: Turn, bounds: Box) -> Iterator[_Word]:
    low_x, low_y, high_x, high_y = bounds
    mixed = any(RIGHT_TO_LEFT.search(line[0].string) for line in lines[:1])  # all are of one text
    for number, line in enumerate(lines):
        for word in line:
            for start, first, end, last in _parts(word, letters.box, turn):
                if first[0] > high_x or first[2] < low_x or first[1] > high_y or first[3] < low_y:
                    continue
                placed = _around(first, last)
                if turn.quarters:
                    first, last = turn.box(*first), turn.box(*last)
                text = word.string[start:end]
                # Some files hold Hebrew and Arabic as it looks, from left to right, others as it is read.
                if mixed and first[0] < last[0] and RIGHT_TO_LEFT.search(text):
                    text = text[::-1]
                left, _, right, _ = _around(first, last) if turn.quarters else placed
                yield _Word(text, number, start, left, first[1], right, first[3], placed, start > word.start())


def _around(first: Box, last: Box) -> Box:
    """Return the box around two letters."""
    if first[0] <= last[0] and first[1] == last[1] and first[3] == last[3]:  # as it is nearly always
        return first[0], first[1], last[2], first[3]
    return min(first[0], last[0]), min(first[1], last[1]), max(first[2], last[2]), max(first[3], last[3])


def _parts(word: re.Match[str], box: Callable[[int], Box], turn: Turn) -> Iterator[tuple[int, Box, int, Box]]:
    """Part a word where its letters rise, fall or change their size: a raised figure is a part of its own.

    Yields for each part where it begins and ends in the text, and the places of its first and last letter.
    """
    start, end = word.span()
    first = box(start)
    last = box(end - 1) if end - start > 1 else first
    text = word.group()
    is_even = _is_level(first, last, turn) and (text.isalpha() or not _FIGURE_INSIDE.search(text))
    if is_even or end - start > _LONGEST_WITH_SCRIPTS or RIGHT_TO_LEFT.search(text) or _is_steep(first, last, turn):
        yield start, first, end, last
        return
    before = first
    for at in range(start + 1, end):
        here = box(at)
        if not _is_level(before, here, turn):
            yield start, first, at, before
            start, first = at, here
        before = here
    yield start, first, end, before


def _is_steep(one: Box, other: Box, turn: Turn) -> bool:
    """Whether letters stand above one another, and not in one line, raised or lowered."""
    one, other = turn.box(*one), turn.box(*other)
    return min(one[3], other[3]) - max(one[1], other[1]) < _LEAST_BESIDE * min(one[3] - one[1], other[3] - other[1])


def _is_level(one: Box, other: Box, turn: Turn) -> bool:
    if turn.quarters:
        one, other = turn.box(*one), turn.box(*other)
    slack = _ALIKE * (one[3] - one[1])
    return abs(one[1] - other[1]) <= slack and abs(one[3] - other[3]) <= slack


def _runs(letters: _Letters, words: Iterator[_Word]) -> Iterator[Run]:
    run: Run | None = None
    before: _Word | None = None
    for word in words:
        if (
            run is not None
            and before is not None
            and word.line == before.line
            and not word.is_glued
            and not (len(run.words) == 1 and _SIGN.match(before.text))  # the font of a bullet is not that of its text
            and not RIGHT_TO_LEFT.match(word.text)  # each stands alone: the line puts them in order
            and -0.5 * run.size < word.left - run.right < _WIDEST_SPACE * run.size
            and abs(word.bottom - before.bottom) < 0.4 * run.size
            and abs((word.top - word.bottom) - (before.top - before.bottom)) < 0.25 * run.size
        ):
            run.right = max(run.right, word.right)
        else:
            if run is not None:
                yield _finished(run)
            run = letters.run(word)
        is_plain = word.text.isascii() and word.text.isprintable()
        text = word.text if is_plain else _UNREADABLE.sub("", word.text.translate(_PLAIN))
        run.words.append(PlacedWord(text, word.box))
        before = word
    if run is not None:
        yield _finished(run)


class _Letters:
    """What pdfium tells of the letters of a page, by their numbers; all that its calls need is made once."""

    def __init__(self, text_page: Any, turn: Turn) -> None:
        from pypdfium2 import raw

        self._raw, self._page, self._turn = raw, text_page, turn
        self._rectangle, self._matrix = raw.FS_RECTF(), raw.FS_MATRIX()
        self._place = ctypes.byref(self._rectangle)
        self._ask = raw.FPDFText_GetLooseCharBox
        self._x, self._y = ctypes.c_double(), ctypes.c_double()
        self._name, self._flags = ctypes.create_string_buffer(_NAME_LENGTH), ctypes.c_int()
        self._colours = [ctypes.c_uint() for _ in range(4)]

    def box(self, at: int) -> Box:
        """Return the place of a letter; this is called often."""
        self._ask(self._page, at, self._place)
        place = self._rectangle
        return place.left, place.bottom, place.right, place.top

    def run(self, word: _Word) -> Run:
        """Return a run that begins with a word."""
        size = self._size(word.at)
        self._raw.FPDFText_GetCharOrigin(self._page, word.at, ctypes.byref(self._x), ctypes.byref(self._y))
        base = self._turn.box(self._x.value, self._y.value, self._x.value, self._y.value)[1]
        look = (size, self._is_bold(word.at), word.at, word.right)
        place = (word.left, base - 0.2 * size, word.right, base + 0.8 * size)
        return Run("", *place, *look, is_glued=word.is_glued, is_unsure=self._is_unsure(word.at))

    def _size(self, at: int) -> float:
        self._raw.FPDFText_GetMatrix(self._page, at, ctypes.byref(self._matrix))
        scale = math.hypot(self._matrix.c, self._matrix.d) or 1
        return max(self._raw.FPDFText_GetFontSize(self._page, at) * scale, 0.1)

    def _is_bold(self, at: int) -> bool:
        self._raw.FPDFText_GetFontInfo(self._page, at, self._name, _NAME_LENGTH, ctypes.byref(self._flags))
        return bool(_BOLD.search(self._name.value.decode("utf-8", "replace"))) or bool(self._flags.value & 1 << 18)

    def _is_unsure(self, at: int) -> bool:
        """Whether letters are white, without colour, or not drawn: whether they are seen, only a picture tells."""
        if self._raw.FPDFText_GetFillColor(self._page, at, *map(ctypes.byref, self._colours)):
            red, green, blue, opacity = (colour.value for colour in self._colours)
            if min(red, green, blue) >= _WHITE or opacity <= 255 - _WHITE:
                return True
        thing = self._raw.FPDFText_GetTextObject(self._page, at)
        return bool(self._raw.FPDFTextObj_GetTextRenderMode(thing) == _INVISIBLE)


def _finished(run: Run) -> Run:
    if _LEADERS.search(" ".join(word.text for word in run.words)):
        run.words = list(_without_leaders(run.words))
    run.words = [word for word in run.words if word.text]
    run.text = text_of(run.words)
    return run


def _without_leaders(words: list[PlacedWord]) -> Iterator[PlacedWord]:
    """Yield words with one sign in the place of many dots."""
    dotted = False
    for word in words:
        for number, part in enumerate(_DOTS.split(word.text)):
            if number and not dotted:
                yield word._replace(text="…")
            dotted = dotted or number > 0
            if part:
                yield word._replace(text=part)
                dotted = False
