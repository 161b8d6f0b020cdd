"""What stands on a page of a PDF, as pdfium tells it: runs of words, and where each stands.

This is the one module that calls pdfium for text. Calls through ctypes are slow, so it makes two a word and
a handful a run, never one a character. It knows nothing of lines, columns or paragraphs. Text that is set
askew, or in another direction than most of its page, is left out: stamps at the margin, the axes of charts.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

# pdfium puts U+0002, or U+FFFE, in place of a hyphen at the end of a line.
_WORD = re.compile("[^\\s\x02\ufffe]+[\x02\ufffe]?|[\x02\ufffe]")
_PLAIN = str.maketrans(
    {
        "\x02": "-",
        "\ufffe": "-",
        "\xad": "",
        "\u200b": "",
        "\ufeff": "",
        "\u2028": " ",
        "ﬀ": "ff",
        "ﬁ": "fi",
        "ﬂ": "fl",
        "ﬃ": "ffi",
        "ﬄ": "ffl",
        "ﬅ": "ft",
        "ﬆ": "st",
        "\uf0b7": "•",  # the bullets of the Symbol and Wingdings fonts
        "\uf0a7": "•",
        "\uf0d8": "•",
        "\uf0fc": "•",
    }
)
# Control characters, the private use area and U+FFFD: what is left of letters whose font does not tell them.
_UNREADABLE = re.compile("[\x00-\x1f\x7f-\x9f\ue000-\uf8ff\ufffd\ufffe\uffff]")
_LEADERS = re.compile(r"(?:\.\s?){5,}")  # the dots of a table of contents
_MOST_UNREADABLE = 0.3
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_BOLD = re.compile(r"bold|black|heavy|demi|[-,]medi\b|cmbx|cmssbx|sfbx|[-,]bd\b", re.IGNORECASE)
_SIGN = re.compile(r"[^\w\s($€£¥]$")
_WIDEST_SPACE = 0.75  # of the size of the letters; what is wider parts two runs
_NAME_LENGTH = 128

# Left, bottom, right and top of something on a page.
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class PlacedWord:
    """A word, and where it stands on the page as the file has it, before any turn."""

    text: str
    box: Box


@dataclass(slots=True)
class Run:
    """Words that follow one another on a line without a wide gap. The y axis points up, as PDF has it."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    size: float
    bold: bool
    order: int  # its place in the file's own order
    first_right: float  # where its first word ends
    words: list[PlacedWord] = field(default_factory=list)  # left empty unless they are asked for

    @property
    def middle(self) -> float:
        """Its height on the page."""
        return (self.bottom + self.top) / 2


@dataclass(slots=True)
class _Word:
    """A word with the line it is on in pdfium's view, and the places of its first and last letter."""

    text: str
    line: int
    at: int
    left: float
    bottom: float
    right: float
    ends: tuple[Box, Box]  # its first and last letter, before any turn

    @property
    def placed(self) -> PlacedWord:
        """The word alone with its place."""
        (left, bottom, right, top), last = self.ends
        box = min(left, last[0]), min(bottom, last[1]), max(right, last[2]), max(top, last[3])
        return PlacedWord(_UNREADABLE.sub("", self.text.translate(_PLAIN)), box)


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


def page_runs(text_page: Any, bounds: Box, keep_words: bool = False) -> list[Run]:
    """Return the runs of words of a page, in the file's order; none where its letters cannot be told.

    Args:
        text_page: pdfium's handle.
        bounds: What is shown of the page.
        keep_words: Whether each run is to tell its words and where they stand.
    """
    text = _page_text(text_page)
    letters = len(text) - text.count(" ")
    if not letters or len(_UNREADABLE.findall(_without_marks(text))) > _MOST_UNREADABLE * letters:
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
    words = _words(text_page, upright, Turn(main), bounds)
    return [run for run in _runs(text_page, words, Turn(main), keep_words) if run.text]


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


def _words(text_page: Any, lines: list[list[re.Match[str]]], turn: Turn, bounds: Box) -> Iterator[_Word]:
    box = _letter_box(text_page)
    low_x, low_y, high_x, high_y = bounds
    mixed = any(RIGHT_TO_LEFT.search(line[0].string) for line in lines[:1])  # all are of one text
    for number, line in enumerate(lines):
        for word in line:
            first = box(word.start())
            last = box(word.end() - 1) if word.end() - word.start() > 1 else first
            if first[0] > high_x or first[2] < low_x or first[1] > high_y or first[3] < low_y:
                continue
            ends = first, last
            if turn.quarters:
                first, last = turn.box(*first), turn.box(*last)
            letters = word.group()
            # Some files hold Hebrew and Arabic as it looks, from left to right, others as it is read.
            if mixed and first[0] < last[0] and RIGHT_TO_LEFT.search(letters):
                letters = letters[::-1]
            left, right = min(first[0], last[0]), max(first[2], last[2])
            yield _Word(letters, number, word.start(), left, first[1], right, ends)


def _letter_box(text_page: Any) -> Callable[[int], Box]:
    """Return a function that tells the place of a letter; it is called often, so all it needs is at hand."""
    from pypdfium2 import raw

    rectangle = raw.FS_RECTF()
    reference = ctypes.byref(rectangle)
    ask = raw.FPDFText_GetLooseCharBox

    def box(at: int) -> Box:
        ask(text_page, at, reference)
        return rectangle.left, rectangle.bottom, rectangle.right, rectangle.top

    return box


def _runs(text_page: Any, words: Iterator[_Word], turn: Turn, keep_words: bool) -> Iterator[Run]:
    run: Run | None = None
    line, bottom = -1, 0.0
    inside: list[_Word] = []
    for word in words:
        if (
            run is not None
            and word.line == line
            and not (len(inside) == 1 and _SIGN.match(inside[0].text))  # the font of a bullet is not that of its text
            and not RIGHT_TO_LEFT.match(word.text)  # each stands alone: the line puts them in order
            and -0.5 * run.size < word.left - run.right < _WIDEST_SPACE * run.size
            and abs(word.bottom - bottom) < 0.4 * run.size
        ):
            run.right = max(run.right, word.right)
            inside.append(word)
        else:
            if run is not None:
                yield _finished(run, inside, keep_words)
            run = _new_run(text_page, word, turn)
            line, inside = word.line, [word]
        bottom = word.bottom
    if run is not None:
        yield _finished(run, inside, keep_words)


def _new_run(text_page: Any, word: _Word, turn: Turn) -> Run:
    from pypdfium2 import raw

    matrix = raw.FS_MATRIX()
    raw.FPDFText_GetMatrix(text_page, word.at, ctypes.byref(matrix))
    size = raw.FPDFText_GetFontSize(text_page, word.at) * (math.hypot(matrix.c, matrix.d) or 1)
    x, y = ctypes.c_double(), ctypes.c_double()
    raw.FPDFText_GetCharOrigin(text_page, word.at, ctypes.byref(x), ctypes.byref(y))
    base = turn.box(x.value, y.value, x.value, y.value)[1]
    name = ctypes.create_string_buffer(_NAME_LENGTH)
    flags = ctypes.c_int()
    raw.FPDFText_GetFontInfo(text_page, word.at, name, _NAME_LENGTH, ctypes.byref(flags))
    bold = bool(_BOLD.search(name.value.decode("utf-8", "replace"))) or bool(flags.value & 1 << 18)
    size = max(size, 0.1)
    return Run(
        "", word.left, base - 0.2 * size, word.right, base + 0.8 * size, size, bold, word.at, first_right=word.right
    )


def _finished(run: Run, words: list[_Word], keep_words: bool) -> Run:
    text = " ".join(word.text for word in words)
    text = _UNREADABLE.sub("", text.translate(_PLAIN))
    run.text = " ".join(_LEADERS.sub(" … ", text).split())
    run.words = [word.placed for word in words] if keep_words else []
    return run
