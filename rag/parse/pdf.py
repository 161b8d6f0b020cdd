"""PDF: each page's lines become paragraphs that run on over columns and pages, with their page numbers.

pdfium reads the file; pages without a usable text layer are read by OCR, or named.
It does not read notes that open at a click, or files attached to a PDF.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice
from typing import Any

from rag.errors import ParseError
from rag.parse.ocr import can_read_images
from rag.parse.parsed import Parsed, title_of
from rag.parse.pdf_file import draw_grey, has_ink, load_page, open_pdf
from rag.parse.pdf_headings import Bookmark, mark_kinds
from rag.parse.pdf_layout import cut, page_lines
from rag.parse.pdf_ocr import recognise
from rag.parse.pdf_page import PageText, page_text
from rag.parse.pdf_running import PageLines, drop_running_heads
from rag.parse.pdf_text import blocks_of
from rag.parse.pdf_write import Writer
from rag.parse.word_boxes import pack

_OCR_SECONDS = 40.0  # for all pages of a file; the worker gives a file 60
_OCR_PAGE_SECONDS = 10.0
_FEW_LETTERS = 100  # of a text layer: over a picture of the page, they are a stamp or a header
_MOST_OF_A_PAGE = 0.5
_MOST_OBJECTS = 1000  # of a page that are looked at
_TITLE_BEFORE = 3000  # characters: what is first there may be the title
_MOST_BOOKMARKS = 10_000
_DEEPEST = 15
_SEEN_AT = 36  # dots per inch, to look whether there is anything on a page
_INSTALL = "text recognition (Tesseract) isn’t installed"
# What is said of pages.
_BROKEN = "cannot be read: broken"
_PICTURE = "cannot be read: no text layer; {remedy}"
_WORDLESS = "cannot be read: no text in the text layer, and none that OCR finds"
_RECOGNISED = "read by OCR: letters may be wrong"
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
    return _built(pages, outline, title or name, bool(title), reader.warning())


def _built(
    pages: list[PageLines], outline: list[Bookmark], title: str, is_own_title: bool, warning: str | None
) -> Parsed:
    drop_running_heads(pages)
    blocks = blocks_of(pages)
    mark_kinds(blocks, outline)
    writer = Writer({page.number: page.frame for page in pages})
    writer.write(blocks)
    first = None if is_own_title else title_of(one for one in writer.builder.headings if one.start < _TITLE_BEFORE)
    return writer.builder.parsed(first or title, word_boxes=pack(writer.boxes), warning=warning)


class _Reader:
    """Reads page after page, and remembers which it could not read."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self._count = len(document)
        self._ends = time.monotonic() + _OCR_SECONDS
        self._noted: dict[str, list[int]] = {_BROKEN: [], _PICTURE: [], _WORDLESS: [], _RECOGNISED: []}

    def pages(self) -> list[PageLines]:
        """Return the lines of every page."""
        return [self._page(number) for number in range(1, self._count + 1)]

    def why_empty(self) -> str:
        """Say why no page has text."""
        if self._noted[_BROKEN]:
            return f"broken: {_named(self._noted[_BROKEN])} cannot be read"
        if not self._noted[_PICTURE] and not self._noted[_WORDLESS]:
            return "no text in it"
        without = "no text layer on " + ("its page" if self._count == 1 else f"any of its {self._count} pages")
        if can_read_images():
            return f"{without}, and OCR finds no text" + (" in time" if self._noted[_PICTURE] else "")
        return f"{without}: {_INSTALL}"

    def warning(self) -> str | None:
        """Say which pages are missing or unsure, and what to do about it."""
        remedy = "OCR failed or took too long" if can_read_images() else _INSTALL
        notes = (f"{_named(on)} {said.format(remedy=remedy)}" for said, on in self._noted.items() if on)
        return "; ".join(notes) or None

    def _page(self, number: int) -> PageLines:
        from pypdfium2 import PdfiumError

        try:
            with closing(load_page(self._document, number)) as page:
                text = self._text(page, number)
        except PdfiumError:
            self._noted[_BROKEN].append(number)
            return PageLines(number)
        return PageLines(number, page_lines(text.runs), text.low, text.high, text.frame)

    def _text(self, page: Any, number: int) -> PageText:
        text = page_text(page)
        letters = sum(len(run.text) for run in text.runs)
        if letters < _FEW_LETTERS and _is_drawn(page, letters > 0):
            return self._by_ocr(page, number, text, letters)
        return text

    def _by_ocr(self, page: Any, number: int, found: PageText, letters: int) -> PageText:
        """Return what OCR reads on a page; where it finds no more than there is, or cannot be had, ``found``."""
        left = self._ends - time.monotonic()
        try:
            if left <= 0 or not can_read_images():
                raise ParseError("there is no OCR, or no time for it")
            seen = recognise(page, min(left, _OCR_PAGE_SECONDS))
        except ParseError:
            self._noted[_PICTURE].append(number)
            return found
        if sum(len(run.text) for run in seen.runs) > letters:
            self._noted[_RECOGNISED].append(number)
            return seen
        self._noted[_WORDLESS] += [] if letters else [number]
        return found


def _is_drawn(page: Any, has_text: bool) -> bool:
    """Whether a page has something to be looked at; beside a text, a picture of most of the page."""
    from pypdfium2 import raw

    if not has_text:
        return has_ink(draw_grey(page, _SEEN_AT))
    width, height = page.get_size()
    objects = islice(page.get_objects(max_depth=1), _MOST_OBJECTS)
    places = [one.get_bounds() for one in objects if one.type == raw.FPDF_PAGEOBJ_IMAGE]
    return any(
        (right - left) * (top - bottom) > _MOST_OF_A_PAGE * width * height for left, bottom, right, top in places
    )


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
    spans = cut(numbers, lambda before, number: number != before + 1)
    listed = ", ".join(f"{span[0]}" if len(span) == 1 else f"{span[0]}–{span[-1]}" for span in spans)
    return f"page{'' if len(numbers) == 1 else 's'} {listed}"
