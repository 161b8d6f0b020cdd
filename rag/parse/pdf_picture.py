"""A page of a PDF as a picture. pdfium draws, so this belongs into the worker's process."""

from __future__ import annotations

from hashlib import sha256
from io import BytesIO
from typing import Any

from rag.errors import ParseError
from rag.parse.page import PagePicture
from rag.parse.pdf_file import open_pdf

_DOTS_PER_INCH = 150
_MOST_PIXELS = 2000  # of a side: a huge page is drawn smaller


def draw_page(data: bytes, number: int) -> PagePicture:
    """Draw a page, numbered from 1; raises ParseError where there is none, or it is broken."""
    with open_pdf(data) as document:
        count = len(document)
        if not 1 <= number <= count:
            raise ParseError(f"there is no page {number} in it")
        picture = _drawn(document, number)
    file = BytesIO()
    picture.save(file, "PNG", compress_level=6)
    width, height = picture.size
    return PagePicture(sha256=sha256(data).hexdigest(), pages=count, width=width, height=height, png=file.getvalue())


def _drawn(document: Any, number: int) -> Any:
    """Return a page as Pillow's image, with what is filled into its forms."""
    from pypdfium2 import PdfiumError

    document.init_forms()
    try:
        page = document[number - 1]
    except PdfiumError as error:
        raise ParseError(f"page {number} is broken") from error
    try:
        scale = min(_DOTS_PER_INCH / 72, _MOST_PIXELS / max(*page.get_size(), 1.0))
        bitmap = page.render(scale=scale, may_draw_forms=True, rev_byteorder=True, force_bitmap_format=None)
        return bitmap.to_pil().convert("RGB")
    finally:
        page.close()
