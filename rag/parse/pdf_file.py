"""A PDF as pdfium opens it (it must never be used from two threads), and its pages as pictures in grey."""

from __future__ import annotations

import ctypes
import logging
from dataclasses import dataclass
from typing import Any

from rag.errors import ParseError
from rag.parse.word_boxes import STEPS

_PASSWORD = 4  # FPDF_ERR_PASSWORD
_MOST_PIXELS = 4000  # of a side of a picture
_AS_SHOWN, _FLATTENED = 0, 1  # FLAT_NORMALDISPLAY, FLATTEN_SUCCESS
_SIDE = 1000.0  # points
_LEAST_CONTRAST = 24  # of 255, between ink and paper

# Left, bottom, right and top of something on a page; the y axis points up, as PDF has it.
Box = tuple[float, float, float, float]


def open_pdf(data: bytes) -> Any:
    """Return pdfium's document; raises ParseError where it is broken or locked."""
    # Takes a tenth of a second to import, and only PDF needs it.
    import pypdfium2

    logging.getLogger("pypdfium2").setLevel(logging.CRITICAL)  # what is odd in a file is no news
    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code == _PASSWORD:
            raise ParseError("needs a password: save it without one") from error
        raise ParseError("broken: no page can be read from it; it may be cut short") from error


def load_page(document: Any, number: int) -> Any:
    """Return pdfium's handle of a page, what is filled into a form made a part of it; None where it is broken."""
    from pypdfium2 import raw

    page = raw.FPDF_LoadPage(document.raw, number - 1)
    is_form = page and document.get_formtype() != raw.FORMTYPE_NONE
    if is_form and raw.FPDFPage_Flatten(page, _AS_SHOWN) == _FLATTENED:
        raw.FPDF_ClosePage(page)
        page = raw.FPDF_LoadPage(document.raw, number - 1)
    return page or None


@dataclass(frozen=True)
class Frame:
    """How places on a page become places on its picture, in steps from the left and from the top: an affine map.

    ``x`` and ``y`` are each the place of the origin, and what a point to the right and one upwards add.
    """

    x: tuple[float, float, float]
    y: tuple[float, float, float]

    def place(self, box: Box) -> tuple[int, int, int, int]:
        """Return the left, top, right and bottom of a box on the picture, whichever way the page is turned."""
        left, bottom, right, top = box
        x, to_right, upwards = self.x
        one, other = int(x + to_right * left + upwards * bottom), int(x + to_right * right + upwards * top)
        y, to_right, upwards = self.y
        low, high = int(y + to_right * left + upwards * bottom), int(y + to_right * right + upwards * top)
        return (one, high, other, low) if one <= other and high <= low else (
            min(one, other), min(low, high), max(one, other), max(low, high)
        )  # fmt: skip


NO_FRAME = Frame((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))  # of a page that cannot be read


def upright_frame(width: float, height: float) -> Frame:
    """Return the frame of a page that is shown as it is measured."""
    return Frame((0.0, STEPS / width, 0.0), (STEPS, 0.0, -STEPS / height))


def frame_of(page: Any) -> Frame:
    """Return the frame of a page."""
    origin, right, up = (_shown(page, x, y) for x, y in ((0.0, 0.0), (_SIDE, 0.0), (0.0, _SIDE)))
    x, y = ((origin[at], (right[at] - origin[at]) / _SIDE, (up[at] - origin[at]) / _SIDE) for at in (0, 1))
    return Frame(x, y)


def _shown(page: Any, x: float, y: float) -> tuple[int, int]:
    from pypdfium2 import raw

    right, down = ctypes.c_int(), ctypes.c_int()
    raw.FPDF_PageToDevice(page, 0, 0, STEPS, STEPS, 0, x, y, ctypes.byref(right), ctypes.byref(down))
    return right.value, down.value


@dataclass(frozen=True)
class GreyPicture:
    """The picture of a page, a byte a pixel, from the top down; and the frame of the page."""

    rows: list[bytes]
    frame: Frame

    def has_ink(self, box: Box | None = None) -> bool:
        """Whether there is anything to be seen on it, or in the middle half of a box on the page."""
        seen = self.rows if box is None else self._middle(box)
        return bool(seen) and max(map(max, seen)) - min(map(min, seen)) > _LEAST_CONTRAST

    def _middle(self, box: Box) -> list[bytes]:
        left, top, right, bottom = self.frame.place(box)
        width, height = len(self.rows[0]), len(self.rows)
        first, last = max(left * width // STEPS, 0), right * width // STEPS + 1
        quarter = (bottom - top) // 4
        rows = self.rows[max((top + quarter) * height // STEPS, 0) : (bottom - quarter) * height // STEPS + 1]
        return [row[first:last] for row in rows] if first < min(last, width) else []


def draw_grey(page: Any, dots_per_inch: float) -> GreyPicture:
    """Draw a page; a huge one is made smaller."""
    from pypdfium2 import raw

    width, height = raw.FPDF_GetPageWidthF(page), raw.FPDF_GetPageHeightF(page)
    scale = min(dots_per_inch / 72, _MOST_PIXELS / max(width, height, 1))
    columns, rows = max(1, round(width * scale)), max(1, round(height * scale))
    bitmap = raw.FPDFBitmap_CreateEx(columns, rows, raw.FPDFBitmap_Gray, None, 0)
    if not bitmap:
        raise ParseError("too large a picture")
    try:
        raw.FPDFBitmap_FillRect(bitmap, 0, 0, columns, rows, 0xFFFFFFFF)
        raw.FPDF_RenderPageBitmap(bitmap, page, 0, 0, columns, rows, 0, raw.FPDF_ANNOT)
        stride = raw.FPDFBitmap_GetStride(bitmap)
        pixels = ctypes.string_at(raw.FPDFBitmap_GetBuffer(bitmap), stride * rows)
        return GreyPicture([pixels[row * stride : row * stride + columns] for row in range(rows)], frame_of(page))
    finally:
        raw.FPDFBitmap_Destroy(bitmap)
