"""The pages of a PDF as pictures. pdfium draws, so this belongs into the worker's process."""

from __future__ import annotations

from hashlib import sha256
from io import BytesIO
from math import ceil
from typing import Any

from rag.errors import ParseError
from rag.parse.page import PagePicture, PageSizes
from rag.parse.pdf_file import open_pdf

_DOTS_PER_INCH = 150
_MOST_PIXELS = 2000  # of a side: a huge page is drawn smaller
_A4 = (595.0, 842.0)  # points: taken for the size of a page that is broken


def page_sizes(data: bytes) -> PageSizes:
    """Return how large the picture of each page is; nothing of a page is read but its size."""
    with open_pdf(data) as document:
        sizes = tuple(_pixels(*_size(document, at)) for at in range(len(document)))
    return PageSizes(sha256=sha256(data).hexdigest(), sizes=sizes)


def draw_page(data: bytes, number: int, scale: int) -> PagePicture:
    """Draw a page, numbered from 1, ``scale`` times as large as its size says.

    Raises:
        ParseError: There is no such page, or it is broken.
    """
    with open_pdf(data) as document:
        if not 1 <= number <= len(document):
            raise ParseError(f"there is no page {number} in it")
        picture = _drawn(document, number, scale)
    file = BytesIO()
    picture.save(file, "PNG", compress_level=6)
    return PagePicture(sha256=sha256(data).hexdigest(), png=file.getvalue())


def _size(document: Any, at: int) -> tuple[float, float]:
    from pypdfium2 import PdfiumError

    try:
        width, height = document.get_page_size(at)
    except PdfiumError:
        return _A4
    return (width, height) if min(width, height) > 0 else _A4


def _pixels(width: float, height: float) -> tuple[int, int]:
    scale = _scale(width, height)
    return ceil(width * scale), ceil(height * scale)


def _scale(width: float, height: float) -> float:
    return min(_DOTS_PER_INCH / 72, _MOST_PIXELS / max(width, height, 1.0))


def _drawn(document: Any, number: int, scale: int) -> Any:
    """Return a page as Pillow's image, with what is filled into its forms."""
    from pypdfium2 import PdfiumError

    document.init_forms()
    try:
        page = document[number - 1]
    except PdfiumError as error:
        raise ParseError(f"page {number} is broken") from error
    try:
        larger = scale * _scale(*page.get_size())
        bitmap = page.render(scale=larger, may_draw_forms=True, rev_byteorder=True, force_bitmap_format=None)
        return bitmap.to_pil().convert("RGB")
    finally:
        page.close()
