"""PDF: each page's lines become paragraphs that run on over columns and pages, with their page numbers.

pdfium reads the file (it must never be used from two threads); pages without a text layer are read by OCR.
It does not read what is filled into forms, notes at the margin, or files attached to a PDF.
"""

from __future__ import annotations

import ctypes
import logging
import re
import time
from collections.abc import Callable, Iterator
from itertools import groupby, islice
from typing import Any

from rag.errors import ParseError
from rag.parse.builder import Builder
from rag.parse.ocr import can_read_images, graymap, read_image
from rag.parse.parsed import Parsed, title_of
from rag.parse.pdf_headings import Bookmark, mark_headings
from rag.parse.pdf_layout import Line, page_lines, typed_lines
from rag.parse.pdf_page import page_runs
from rag.parse.pdf_running import PageLines, drop_running_heads
from rag.parse.pdf_text import blocks_of

_DOTS_PER_INCH = 200
_MOST_PIXELS = 4000  # of a side of a page that is read by OCR
_OCR_SECONDS = 40.0  # for all pages of a file; the worker gives a file 60
_OCR_PAGE_SECONDS = 10.0
_MOST_BOOKMARKS = 10_000
_DEEPEST = 15
_PASSWORD = 4  # FPDF_ERR_PASSWORD
# What programs write for want of a title.
_NO_TITLE = re.compile(
    r"microsoft \w+ - |untitled|\(?anonymous\)?$|\(?unspecified\)?$|title$|document\d*$|slide \d+$|powerpoint|presentation\d*$|about:blank|https?://"
    r"|.*\.(?:docx?|pdf|xlsx?|pptx?|tex|dvi|indd|qxd|html?|rtf|odt|ps|eps|txt|jpe?g|png|tiff?)$",
    re.IGNORECASE,
)


def parse_pdf(data: bytes, name: str) -> Parsed:
    """Read a PDF; the title is its own where that says something, else its first heading, else the file's name."""
    if b"%PDF-" not in data[:1024]:
        raise ParseError("not a PDF file, though it is named so")
    with open_pdf(data) as document:
        reader = _Reader(document)
        pages = reader.pages()
        outline = list(_bookmarks(document))
        title = _own_title(document)
    if not any(page.lines for page in pages):
        raise ParseError(reader.why_empty())
    return _built(pages, outline, title, name, reader.warning())


def _built(pages: list[PageLines], outline: list[Bookmark], title: str, name: str, warning: str | None) -> Parsed:
    drop_running_heads(pages)
    blocks = blocks_of(pages)
    mark_headings(blocks, outline)
    builder = Builder()
    for number, group in groupby(blocks, key=lambda block: block.page):
        builder.page(number)
        for block in group:
            builder.add(block.text, "heading" if block.level else "paragraph", block.gap, level=block.level)
    first = title_of(heading for heading in builder.headings if heading.start < 3000)
    return builder.parsed(title or first or name, warning=warning)


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


class _Reader:
    """Reads page after page, and remembers which it could not read."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self._count = len(document)
        self._ends = time.monotonic() + _OCR_SECONDS
        self._broken: list[int] = []
        self._pictures: list[int] = []  # pages without a text layer that OCR did not read
        self._wordless: list[int] = []  # those on which it found nothing

    def pages(self) -> list[PageLines]:
        """Return the lines of every page."""
        return [self._page(number) for number in range(1, self._count + 1)]

    def why_empty(self) -> str:
        """Say why no page has text."""
        if self._broken:
            return f"broken: {_named(self._broken)} cannot be read"
        if not self._pictures and not self._wordless:
            return "no text in it"
        without = "no text layer on " + ("its page" if self._count == 1 else f"any of its {self._count} pages")
        if can_read_images():
            return f"{without}, and OCR finds no text" + (" in time" if self._pictures else "")
        return f"{without}: it needs OCR; install tesseract and run `rag index` again"

    def warning(self) -> str | None:
        """Say which pages are missing, and what to do about it."""
        notes = [f"{_named(self._broken)} cannot be read: broken"] if self._broken else []
        if self._pictures:
            have = "has" if len(self._pictures) == 1 else "have"
            remedy = (
                "OCR failed or took too long" if can_read_images() else "install tesseract and run `rag index` again"
            )
            notes.append(f"{_named(self._pictures)} {have} no text layer: {remedy}")
        return "; ".join(notes) or None

    def _page(self, number: int) -> PageLines:
        from pypdfium2 import raw

        page = raw.FPDF_LoadPage(self._document.raw, number - 1)
        if not page:
            self._broken.append(number)
            return PageLines(number)
        try:
            found = PageLines(number, text_lines(page))
            if not found.lines and raw.FPDFPage_CountObjects(page) > 0:
                found.lines = self._recognised(page, number)
            return found
        finally:
            raw.FPDF_ClosePage(page)

    def _recognised(self, page: Any, number: int) -> list[Line]:
        """Return the lines OCR reads on a page; where it finds none, or cannot be had, the number is kept."""
        left = self._ends - time.monotonic()
        try:
            if left > 0 and can_read_images():
                lines = typed_lines(read_image(_picture(page), min(left, _OCR_PAGE_SECONDS)))
                self._wordless += [] if lines else [number]
                return lines
        except ParseError:
            pass  # one page that OCR cannot read is named, and does not stop the others
        self._pictures.append(number)
        return []


def text_lines(page: Any, keep_words: bool = False) -> list[Line]:
    """Return the lines of a page's text layer; with ``keep_words``, they tell where their words stand."""
    from pypdfium2 import raw

    box = raw.FS_RECTF()
    raw.FPDF_GetPageBoundingBox(page, box)
    text_page = raw.FPDFText_LoadPage(page)
    if not text_page:
        return []
    try:
        return page_lines(page_runs(text_page, (box.left, box.bottom, box.right, box.top), keep_words))
    finally:
        raw.FPDFText_ClosePage(text_page)


def _picture(page: Any) -> bytes:
    """Return the page as a picture; a huge page is made smaller."""
    from pypdfium2 import raw

    width, height = raw.FPDF_GetPageWidthF(page), raw.FPDF_GetPageHeightF(page)
    scale = min(_DOTS_PER_INCH / 72, _MOST_PIXELS / max(width, height, 1))
    columns, rows = max(1, round(width * scale)), max(1, round(height * scale))
    bitmap = raw.FPDFBitmap_CreateEx(columns, rows, raw.FPDFBitmap_Gray, None, 0)
    if not bitmap:
        raise ParseError("too large a picture")
    try:
        raw.FPDFBitmap_FillRect(bitmap, 0, 0, columns, rows, 0xFFFFFFFF)
        raw.FPDF_RenderPageBitmap(bitmap, page, 0, 0, columns, rows, 0, raw.FPDF_ANNOT)
        stride = raw.FPDFBitmap_GetStride(bitmap)
        address = raw.FPDFBitmap_GetBuffer(bitmap)
        return graymap(ctypes.string_at(address, stride * rows), columns, rows, stride)
    finally:
        raw.FPDFBitmap_Destroy(bitmap)


def _bookmarks(document: Any) -> Iterator[Bookmark]:
    for mark in islice(document.get_toc(max_depth=_DEEPEST), _MOST_BOOKMARKS):
        target = mark.get_dest()
        index = target.get_index() if target is not None else None
        title = _decoded(mark.get_title)
        if title:
            yield Bookmark(title, mark.level + 1, None if index is None else index + 1)


def _own_title(document: Any) -> str:
    """Return the title the file gives itself; nothing where it is a file name, a number or a program's word."""
    title = _decoded(lambda: document.get_metadata_value("Title"))
    letters = sum(map(str.isalpha, title))
    return "" if _NO_TITLE.match(title) or letters < 3 or 2 * letters < len(title) or len(title) > 300 else title


def _decoded(ask: Callable[[], str]) -> str:
    """Return what pypdfium2 tells, in one line; nothing where it is not text."""
    try:
        return " ".join(ask().replace("\0", "").split())
    except UnicodeDecodeError:
        return ""


def _named(numbers: list[int]) -> str:
    """Return numbers of pages in words: "pages 3, 7–9"."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    listed = ", ".join(f"{first}" if first == last else f"{first}–{last}" for first, last in spans)
    return f"page{'' if len(numbers) == 1 else 's'} {listed}"
