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
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rag.parse.pdf_file import Box, Frame, draw_grey, frame_of, has_ink, turned

# pdfium puts U+0002, or U+FFFE, in place of a hyphen at the end of a line.
_WORD = re.compile("[^\\s\x02\ufffe]+[\x02\ufffe]?|[\x02\ufffe]")
_FOUR_FLOATS = struct.Struct("4f").unpack_from  # of an FS_RECTF: left, top, right and bottom
_LINE = re.compile(r"[^\r\n]+")
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
    """A word, where it stands on the page such that it reads from left to right, and what parts it from the last."""

    text: str
    box: Box
    gap: str = " "


def text_of(words: Sequence[PlacedWord]) -> str:
    """Return words as a text."""
    return "".join([word.gap + word.text for word in words])[len(words[0].gap) if words else 0 :]


@dataclass(slots=True)
class Run:
    """Words that follow one another on a line without a wide gap; ``is_glued``: on the run before, without a space."""

    left: float
    bottom: float
    right: float
    top: float
    size: float
    bold: bool
    order: int  # its place in the file's own order
    is_glued: bool = False
    is_unsure: bool = False  # white or without ink of its own
    words: list[PlacedWord] = field(default_factory=list)
    text: str = ""

    @property
    def middle(self) -> float:
        """Its height on the page."""
        return (self.bottom + self.top) / 2

    @property
    def base(self) -> float:
        """Where its letters stand."""
        return self.bottom + 0.2 * self.size


class PageText(NamedTuple):
    """The runs of words on a page, in the file's order; it goes from ``low`` to ``high`` as they are counted."""

    runs: list[Run]
    low: float
    high: float
    frame: Frame


def page_text(page: Any) -> PageText:
    """Return what the text layer of a page shows; no runs where its letters cannot be told."""
    text_page = page.get_textpage()
    text = _letters(text_page)
    lines = _lines(text) if is_readable(text) else []
    turns = [_quarters(text_page, line[0].start()) for line in lines]
    sizes: Counter[int] = Counter()
    for line, turn in zip(lines, turns, strict=True):
        if turn is not None:
            sizes[turn] += line[-1].end() - line[0].start()
    main = max(sizes, key=lambda turn: sizes[turn], default=0)
    bounds = turned(page.get_bbox(), main)
    upright = [line for line, turn in zip(lines, turns, strict=True) if turn == main]
    runs = _Runs(_Letters(text_page, main), bounds, bool(RIGHT_TO_LEFT.search(text))).of(upright)
    frame = frame_of(page, main)
    return PageText(_seen(page, frame, runs), bounds[1], bounds[3], frame)


def is_readable(text: str) -> bool:
    """Whether a text has letters of a language, and not the codes of glyphs or signs in the place of letters."""
    signs = len("".join(text.split()))
    lost = sum(ord(sign) not in _PLAIN for sign in _UNREADABLE.findall(text) if not sign.isspace())
    lost += sum(map(len, _GLYPH_CODE.findall(text))) if "/" in text or "id:" in text else 0
    if not signs or lost > _MOST_UNREADABLE * signs:
        return False
    letters = sum(map(str.isalnum, text))
    if letters >= _LEAST_LETTERS * signs:
        return True
    bare = len(_FILLERS.sub("", text))
    return bare < _JUDGED or letters >= _LEAST_LETTERS * bare


def _seen(page: Any, frame: Frame, runs: list[Run]) -> list[Run]:
    """Return the runs that a reader sees; where their colour does not tell, the page is drawn and looked at."""
    smallest = min(_SMALLEST, _SMALLEST_SHARE * max(page.get_size()))
    runs = [run for run in runs if run.size > smallest]
    if not any(run.is_unsure for run in runs):
        return runs
    picture = draw_grey(page, _SEEN_AT)

    def is_seen(box: Box) -> bool:
        left, top, right, bottom = frame.place(box)
        quarter = (bottom - top) // 4
        return has_ink(picture, (left, top + quarter, right, bottom - quarter))

    return [run for run in runs if not run.is_unsure or any(is_seen(word.box) for word in run.words)]


def _letters(text_page: Any) -> str:
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


def _lines(text: str) -> list[list[re.Match[str]]]:
    """Return the words of each line as pdfium sees them."""
    lines = (list(_WORD.finditer(text, *line.span())) for line in _LINE.finditer(text))
    return [line for line in lines if line]


def _quarters(text_page: Any, at: int) -> int | None:
    """Return how many quarter turns the text is turned to the right; None where it is set askew."""
    from pypdfium2 import raw

    angle = raw.FPDFText_GetCharAngle(text_page, at) / (math.pi / 2)
    return round(angle) % 4 if abs(angle - round(angle)) < 0.1 else None


class _Runs:
    """Puts words together to runs; ``is_mixed``: some are written from right to left."""

    def __init__(self, letters: _Letters, bounds: Box, is_mixed: bool) -> None:
        self._letters, self._bounds, self._is_mixed = letters, bounds, is_mixed

    def of(self, lines: list[list[re.Match[str]]]) -> list[Run]:
        """Return the runs of lines as pdfium sees them."""
        runs = [run for line in lines for run in self._line(line)]
        for run in runs:
            run.text = " ".join([word.text for word in run.words])
            if _LEADERS.search(run.text):
                run.words = list(_without_leaders(run.words))
                run.text = text_of(run.words)
        return runs

    def _line(self, line: list[re.Match[str]]) -> Iterator[Run]:
        """Yield the runs of a line; this is gone through for every word."""
        low_x, low_y, high_x, high_y = self._bounds
        parts_of = self._letters.parts
        run: Run | None = None
        for word in line:
            whole = word.start()
            for text, start, box in parts_of(word):
                left, bottom, right, top = box
                if left > high_x or right < low_x or bottom > high_y or top < low_y:
                    continue
                if not (text.isascii() and text.isprintable()):
                    text = _UNREADABLE.sub("", text.translate(_PLAIN))
                    if not text:
                        continue
                if run is not None and start == whole and _goes_on(run, text, box, self._is_mixed):
                    if right > run.right:
                        run.right = right
                else:
                    if run is not None:
                        yield run
                    run = self._letters.run(start, box, start > whole)
                run.words.append(PlacedWord(text, box))
        if run is not None:
            yield run


def _goes_on(run: Run, text: str, box: Box, is_mixed: bool) -> bool:
    """Whether a word stands in the line of a run, close to its end and of its size."""
    size = run.size
    words = run.words
    _, bottom, _, top = words[-1].box
    return (
        -0.5 * size < box[0] - run.right < _WIDEST_SPACE * size
        and abs(box[1] - bottom) < 0.4 * size
        and abs((box[3] - box[1]) - (top - bottom)) < 0.25 * size
        and not (len(words) == 1 and _SIGN.match(words[0].text))  # the font of a bullet is not that of its text
        and not (is_mixed and RIGHT_TO_LEFT.match(text))  # each stands alone: the line puts them in order
    )


def _around(first: Box, last: Box) -> Box:
    """Return the box around two letters."""
    return min(first[0], last[0]), min(first[1], last[1]), max(first[2], last[2]), max(first[3], last[3])


def _is_beside(one: Box, other: Box) -> bool:
    """Whether letters stand in one line, raised or lowered, and not above one another."""
    return min(one[3], other[3]) - max(one[1], other[1]) >= _LEAST_BESIDE * min(one[3] - one[1], other[3] - other[1])


def _is_level(one: Box, other: Box) -> bool:
    slack = _ALIKE * (one[3] - one[1])
    return abs(one[1] - other[1]) <= slack and abs(one[3] - other[3]) <= slack


class _Letters:
    """What pdfium tells of the letters of a page, by their numbers; all that its calls need is made once."""

    def __init__(self, text_page: Any, quarters: int) -> None:
        from pypdfium2 import raw

        self._raw, self._page, self._quarters = raw, text_page.raw, quarters
        self._rectangle, self._matrix = raw.FS_RECTF(), raw.FS_MATRIX()
        self._place = ctypes.byref(self._rectangle)
        self._ask = raw.FPDFText_GetLooseCharBox
        self._x, self._y = ctypes.c_double(), ctypes.c_double()
        self._name, self._flags = ctypes.create_string_buffer(_NAME_LENGTH), ctypes.c_int()
        self._colours = [ctypes.c_uint() for _ in range(4)]

    def parts(self, word: re.Match[str]) -> Sequence[tuple[str, int, Box]]:
        """Part a word where its letters rise, fall or change their size: a raised figure is a part of its own.

        Returns for each part its text, where it begins in that of the page, and its place; this is called often.
        """
        text = word.group()
        start, end = word.span()
        first = self._box(start)
        last = self._box(end - 1) if end - start > 1 else first
        is_level = first[1] == last[1] and first[3] == last[3]
        if is_level and first[0] <= last[0] and text.isascii() and (text.isalpha() or not _FIGURE_INSIDE.search(text)):
            return ((text, start, (first[0], first[1], last[2], first[3])),)
        is_reversed = bool(RIGHT_TO_LEFT.search(text))
        # Some files hold Hebrew and Arabic as it looks, from left to right, others as it is read.
        if is_reversed and first[0] < last[0]:
            text = text[::-1]
        is_even = _is_level(first, last) and not _FIGURE_INSIDE.search(text)
        if is_even or is_reversed or end - start > _LONGEST_WITH_SCRIPTS or not _is_beside(first, last):
            return ((text, start, _around(first, last)),)
        return list(self._uneven(text, start))

    def _uneven(self, text: str, start: int) -> Iterator[tuple[str, int, Box]]:
        boxes = [self._box(start + at) for at in range(len(text))]
        begin = 0
        for end in range(1, len(text) + 1):
            if end == len(text) or not _is_level(boxes[end - 1], boxes[end]):
                yield text[begin:end], start + begin, _around(boxes[begin], boxes[end - 1])
                begin = end

    def _box(self, at: int) -> Box:
        """Return the place of a letter; this is called often."""
        self._ask(self._page, at, self._place)
        left, top, right, bottom = _FOUR_FLOATS(self._rectangle)
        return turned((left, bottom, right, top), self._quarters) if self._quarters else (left, bottom, right, top)

    def run(self, at: int, box: Box, is_glued: bool) -> Run:
        """Return a run that begins with a word, without any yet."""
        size = self._size(at)
        self._raw.FPDFText_GetCharOrigin(self._page, at, ctypes.byref(self._x), ctypes.byref(self._y))
        x, y = self._x.value, self._y.value
        base = turned((x, y, x, y), self._quarters)[1]
        place = (box[0], base - 0.2 * size, box[2], base + 0.8 * size)
        return Run(*place, size, self._is_bold(at), at, is_glued, self._is_unsure(at))

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


def _without_leaders(words: Sequence[PlacedWord]) -> Iterator[PlacedWord]:
    """Yield words with one sign in the place of many dots."""
    dotted = False
    for word in words:
        text = _DOTS.sub(" … ", word.text).strip()
        if text != "…" or not dotted:
            yield word._replace(text=text)
        dotted = text.endswith("…")
