"""Pages of PDFs as pictures, and where on them the words of the index stand.

Pictures are drawn when they are asked for, by a process of its own, so that no file can hang or crash the program;
the last few are kept. Where words stand is told by the index. A file that is another by now than the one that was
indexed is refused: its words would be marked where they are not.
"""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TypeVar

from rag.errors import ParseError, UsageError
from rag.library import corpus_file
from rag.parse.page import PageMarks, PagePicture, PageSizes, PageWords
from rag.parse.word_boxes import boxes_of, words_between, words_on
from rag.parse.worker import Worker
from rag.types import Document, Page

LARGEST_SCALE = 2  # 300 dots an inch, as print has; a page is some 10 million pixels
_SECONDS = 15.0  # for a page: somebody waits for it
_KEPT = 64 * 2**20  # bytes of pictures, some 300 KB each
_SIZES_KEPT = 64  # documents
_MOST_SPANS = 100

Span = tuple[int, int]
_Key = tuple[str, str, int, int]  # a document, its hash, and the size and time of its file
_Found = TypeVar("_Found", PageSizes, PagePicture)


class Pictures:
    """Draws pages of the PDFs in a folder. Safe to use from many threads."""

    def __init__(self, corpus: Path, seconds: float = _SECONDS) -> None:
        self._corpus = corpus
        self._worker = Worker(seconds)  # it starts when it is first asked
        self._one_at_a_time = threading.Lock()
        self._pictures: OrderedDict[tuple[_Key, int, int], PagePicture] = OrderedDict()
        self._sizes: OrderedDict[_Key, PageSizes] = OrderedDict()
        weakref.finalize(self, self._worker.__exit__, None, None, None)

    def sizes(self, document: Document) -> Sequence[tuple[int, int]]:
        """Return the width and height of the pictures of all pages, in pixels; raises as ``picture`` does."""
        path, file = self._file(document)
        key = _key(document, path)
        if (found := self._sizes.get(key)) is not None:  # words are not kept waiting while a page is drawn
            return found.sizes
        with self._one_at_a_time:
            found = self._worker.page_sizes(path, file, document.source)
            self._sizes[key] = _unchanged(found, document)
            while len(self._sizes) > _SIZES_KEPT:
                self._sizes.popitem(last=False)
        return found.sizes

    def picture(self, document: Document, number: int, scale: int = 1) -> PagePicture:
        """Return a page as it looks, ``scale`` times as large as ``sizes`` says.

        Raises:
            UsageError: The document is no PDF, or its file is gone.
            ParseError: The page cannot be drawn, or the file is another than the one that was indexed.
        """
        path, file = self._file(document)
        key = (_key(document, path), number, scale)
        with self._one_at_a_time:
            found = self._pictures.pop(key, None) or self._worker.draw_page(path, file, document.source, number, scale)
            self._pictures[key] = _unchanged(found, document)
            while sum(len(one.png) for one in self._pictures.values()) > _KEPT:
                self._pictures.popitem(last=False)
        return found

    def marks(self, document: Document, word_boxes: bytes, number: int, spans: Sequence[Span]) -> PageMarks:
        """Return where spans of the document's text stand on the picture of a page; raises as ``picture`` does.

        ``word_boxes`` are the places of its words as the index keeps them.
        """
        size = self._size(document, number)
        page = _page(document, number)
        words = words_between(word_boxes, page.start, page.end)
        boxes = tuple(boxes_of(words, start, end, *size) for start, end in spans[:_MOST_SPANS])
        return PageMarks(width=size[0], height=size[1], has_text=bool(words), boxes=boxes)

    def words(self, document: Document, word_boxes: bytes, number: int) -> PageWords:
        """Return the words on the picture of a page; raises as ``picture`` does."""
        size = self._size(document, number)
        page = _page(document, number)
        return words_on(document.text, words_between(word_boxes, page.start, page.end), *size)

    def _size(self, document: Document, number: int) -> tuple[int, int]:
        sizes = self.sizes(document)
        if not 1 <= number <= len(sizes):
            raise ParseError(f"there is no page {number} in it")
        return sizes[number - 1]

    def _file(self, document: Document) -> tuple[Path, str]:
        """Return the file that a PDF is or is attached to, and its source."""
        if PurePosixPath(document.source).suffix.lower() != ".pdf":
            raise UsageError(f"{document.source!r} has no pages to be drawn: read it as text")
        path = corpus_file(self._corpus, document.source)
        return path, path.relative_to(self._corpus).as_posix()


def _key(document: Document, path: Path) -> _Key:
    try:
        stat = path.stat()
    except OSError as error:
        raise UsageError(f"the file of {document.source!r} cannot be read: {error.strerror}") from error
    return document.source, document.sha256, stat.st_size, stat.st_mtime_ns


def _unchanged(found: _Found, document: Document) -> _Found:
    if found.sha256 != document.sha256:
        raise ParseError("the file has changed since it was indexed: run `rag index`")
    return found


def _page(document: Document, number: int) -> Page:
    return next((page for page in document.pages if page.number == number), Page(number=number, start=0, end=0))
