"""A PDF as pdfium opens it (it must never be used from two threads), and its pages as pictures in grey."""

from __future__ import annotations

import ctypes
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rag.errors import ParseError
from rag.parse.word_boxes import STEPS

if TYPE_CHECKING:
    from PIL.Image import Image

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
    """Return a page, what is filled into a form made a part of it; raises PdfiumError where it is broken."""
    from pypdfium2 import raw

    page = document[number - 1]
    is_form = document.get_formtype() != raw.FORMTYPE_NONE
    if is_form and raw.FPDFPage_Flatten(page, _AS_SHOWN) == _FLATTENED:
        page.close()
        page = document[number - 1]
    return page


def turned(box: Box, quarters: int) -> Box:
    """Return a rectangle after quarter turns of its page to the left."""
    left, bottom, right, top = box
    for _ in range(quarters % 4):
        left, bottom, right, top = -top, left, -bottom, right
    return left, bottom, right, top


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
        if one > other:
            one, other = other, one
        return (one, high, other, low) if high <= low else (one, low, other, high)


NO_FRAME = Frame((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))  # of a page that cannot be read


def upright_frame(width: float, height: float) -> Frame:
    """Return the frame of a page that is shown as it is measured."""
    return Frame((0.0, STEPS / width, 0.0), (STEPS, 0.0, -STEPS / height))


def frame_of(page: Any, quarters: int = 0) -> Frame:
    """Return the frame of a page on which places are told after quarter turns to the left."""
    points = (turned((x, y, x, y), -quarters)[:2] for x, y in ((0.0, 0.0), (_SIDE, 0.0), (0.0, _SIDE)))
    origin, right, up = (_shown(page, x, y) for x, y in points)
    x, y = ((origin[at], (right[at] - origin[at]) / _SIDE, (up[at] - origin[at]) / _SIDE) for at in (0, 1))
    return Frame(x, y)


def _shown(page: Any, x: float, y: float) -> tuple[int, int]:
    from pypdfium2 import raw

    right, down = ctypes.c_int(), ctypes.c_int()
    raw.FPDF_PageToDevice(page, 0, 0, STEPS, STEPS, 0, x, y, ctypes.byref(right), ctypes.byref(down))
    return right.value, down.value


def draw_grey(page: Any, dots_per_inch: float) -> Image:
    """Draw a page; a huge one is made smaller."""
    scale = min(dots_per_inch / 72, _MOST_PIXELS / max(*page.get_size(), 1.0))
    picture: Image = page.render(scale=scale, grayscale=True, may_draw_forms=False, draw_annots=False).to_pil()
    return picture


def has_ink(picture: Image, place: tuple[int, int, int, int] = (0, 0, STEPS, STEPS)) -> bool:
    """Whether there is anything to be seen on a grey picture, or at a place on it, in steps."""
    shown = (min(max(at, 0), STEPS) * side // STEPS for at, side in zip(place, 2 * picture.size, strict=True))
    left, top, right, bottom = shown
    seen = picture.crop((left, top, min(right + 1, picture.width), min(bottom + 1, picture.height))).tobytes()
    return bool(seen) and max(seen) - min(seen) > _LEAST_CONTRAST
