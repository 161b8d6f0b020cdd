"""A page of a PDF as OCR reads it: runs of words, as a text layer has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from io import BytesIO
from itertools import groupby
from statistics import median
from typing import Any

from rag.parse.ocr import ImageWord, read_image
from rag.parse.pdf_file import draw_grey, upright_frame
from rag.parse.pdf_layout import cut
from rag.parse.pdf_page import PageText, PlacedWord, Run, is_readable, text_of

_DOTS_PER_INCH = 200
_WORD_GAP = 0.75  # of the height of a line: what is wider parts two runs
_LEAST, _MOST = 0.7, 1.4  # times the usual height of a line: letters of such lines are of one size


def recognise(page: Any, seconds: float) -> PageText:
    """Read a page, without a word where what is found is no text; raises ParseError as ``read_image`` does."""
    picture = draw_grey(page, _DOTS_PER_INCH)
    width, height = page.get_size()
    file = BytesIO()
    picture.save(file, "PPM")
    words = read_image(file.getvalue(), seconds)
    scale = height / picture.height
    lines = [[_placed(word, scale, height) for word in line] for _, line in groupby(words, key=lambda word: word.line)]
    runs = list(_runs(lines)) if is_readable(" ".join(word.text for word in words)) else []
    return PageText(runs, 0.0, height, upright_frame(width, height))


def _placed(word: ImageWord, scale: float, height: float) -> PlacedWord:
    """Return a word with its place on the page, in points from the left and from the bottom."""
    box = (word.left * scale, height - word.bottom * scale, word.right * scale, height - word.top * scale)
    return PlacedWord(word.text, box)


def _runs(lines: Sequence[Sequence[PlacedWord]]) -> Iterator[Run]:
    heights = [max(word.box[3] for word in line) - min(word.box[1] for word in line) for line in lines]
    usual = median(heights) if heights else 0.0
    for line, own in zip(lines, heights, strict=True):
        size = usual if _LEAST * usual < own < _MOST * usual else own
        bottom = min(word.box[1] for word in line)
        yield from (_run(words, bottom, size) for words in cut(line, partial(_is_apart, _WORD_GAP * size)))


def _is_apart(widest: float, before: PlacedWord, word: PlacedWord) -> bool:
    return word.box[0] - before.box[2] > widest


def _run(words: Sequence[PlacedWord], bottom: float, size: float) -> Run:
    left, right = words[0].box[0], words[-1].box[2]
    return Run(left, bottom, right, bottom + size, size, False, 0, words=list(words), text=text_of(words))
