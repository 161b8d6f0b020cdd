"""A page of a PDF as a picture, and where on it words of the canonical text stand.

pdfium draws, so all of this belongs into the worker's process. Where a page has no text layer, nothing is told of
its words.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from contextlib import contextmanager
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING, Any

from rag.errors import ParseError
from rag.parse.page import PageMarks, PagePicture, PixelBox
from rag.parse.pdf import open_pdf, text_lines
from rag.parse.pdf_match import boxes_of
from rag.parse.pdf_table import name_columns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.parse.pdf_page import Box

_DOTS_PER_INCH = 150
_MOST_PIXELS = 2000  # of a side

Span = tuple[int, int]


def draw_page(data: bytes, number: int) -> PagePicture:
    """Draw a page, numbered from 1; raises ParseError where there is none, or it is broken."""
    with open_pdf(data) as document:
        with _page(document, number):
            pass
        document.init_forms()  # what is filled in is part of the page
        page = document[number - 1]
        try:
            bitmap = page.render(
                scale=_scale(page.raw), may_draw_forms=True, rev_byteorder=True, force_bitmap_format=None
            )
            picture = bitmap.to_pil().convert("RGB")
        finally:
            page.close()
    file = BytesIO()
    picture.save(file, "PNG", compress_level=6)
    return PagePicture(sha256=sha256(data).hexdigest(), png=file.getvalue())


def mark_page(data: bytes, number: int, text: str, spans: Sequence[Span]) -> PageMarks:
    """Return where spans of a page's canonical text stand on its picture; raises ParseError as ``draw_page`` does."""
    with open_pdf(data) as document, _page(document, number) as page:
        width, height = _size(page)
        lines = text_lines(page, keep_words=True)
        boxes = boxes_of(text, spans, name_columns(lines)) if spans and lines else [[] for _ in spans]
        return PageMarks(
            sha256=sha256(data).hexdigest(),
            pages=len(document),
            width=width,
            height=height,
            has_text=bool(lines),
            boxes=tuple(tuple(_pixels(page, box, width, height) for box in found) for found in boxes),
        )


@contextmanager
def _page(document: Any, number: int) -> Iterator[Any]:
    from pypdfium2 import raw

    if not 1 <= number <= len(document):
        raise ParseError(f"there is no page {number} in it")
    page = raw.FPDF_LoadPage(document.raw, number - 1)
    if not page:
        raise ParseError(f"page {number} is broken")
    try:
        yield page
    finally:
        raw.FPDF_ClosePage(page)


def _scale(page: Any) -> float:
    """Return the pixels for a point; a huge page is drawn smaller."""
    from pypdfium2 import raw

    side = max(raw.FPDF_GetPageWidthF(page), raw.FPDF_GetPageHeightF(page), 1.0)
    return min(_DOTS_PER_INCH / 72, _MOST_PIXELS / side)


def _size(page: Any) -> tuple[int, int]:
    """Return the width and height of the picture in pixels."""
    from pypdfium2 import raw

    scale = _scale(page)
    width, height = raw.FPDF_GetPageWidthF(page), raw.FPDF_GetPageHeightF(page)
    return max(1, math.ceil(width * scale)), max(1, math.ceil(height * scale))


def _pixels(page: Any, box: Box, width: int, height: int) -> PixelBox:
    """Return where a box stands on the picture, whichever way the page is turned."""
    one, other = _point(page, box[0], box[1], width, height), _point(page, box[2], box[3], width, height)
    (left, right), (top, bottom) = sorted((one[0], other[0])), sorted((one[1], other[1]))
    return PixelBox(left=left, top=top, right=right, bottom=bottom)


def _point(page: Any, x: float, y: float, width: int, height: int) -> tuple[int, int]:
    from pypdfium2 import raw

    right, down = ctypes.c_int(), ctypes.c_int()
    raw.FPDF_PageToDevice(page, 0, 0, width, height, 0, x, y, ctypes.byref(right), ctypes.byref(down))
    return min(max(right.value, 0), width), min(max(down.value, 0), height)
