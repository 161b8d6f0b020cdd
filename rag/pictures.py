"""Pages of PDFs as pictures, and where on them the words of the index stand, drawn when they are asked for.

A process of its own draws, so that no file can hang or crash the program. The last few pages are kept. A file
that is another by now than the one that was indexed is refused: its words would be marked where they are not.
"""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from rag.errors import ParseError, UsageError
from rag.library import corpus_file
from rag.parse.page import PageMarks, PagePicture
from rag.parse.worker import Worker
from rag.types import Document, Page

_SECONDS = 15.0  # for a page: somebody waits for it
_KEPT = 64  # pages, some 300 KB each
_MOST_SPANS = 100

Span = tuple[int, int]
_Found = TypeVar("_Found", PagePicture, PageMarks)


class Pictures:
    """Draws pages of the PDFs in a folder. Safe to use from many threads."""

    def __init__(self, corpus: Path, seconds: float = _SECONDS) -> None:
        self._corpus = corpus
        self._worker = Worker(seconds)  # it starts when it is first asked
        self._one_at_a_time = threading.Lock()
        self._kept: OrderedDict[Any, Any] = OrderedDict()
        weakref.finalize(self, self._worker.__exit__, None, None, None)

    def picture(self, document: Document, number: int) -> bytes:
        """Return a page as PNG.

        Raises:
            UsageError: The document is no PDF, or its file is gone.
            ParseError: The page cannot be drawn, or the file is another than the one that was indexed.
        """
        path, file = self._file(document)

        def draw() -> PagePicture:
            return self._worker.draw_page(path, file, document.source, number)

        return self._found(document, path, ("picture", number), draw).png

    def marks(self, document: Document, number: int, spans: Sequence[Span]) -> PageMarks:
        """Return where spans of the document's text stand on the picture of a page; raises as ``picture`` does."""
        path, file = self._file(document)
        page = next((page for page in document.pages if page.number == number), Page(number=number, start=0, end=0))
        inside = [
            (max(start, page.start) - page.start, max(min(end, page.end), page.start) - page.start)
            for start, end in spans[:_MOST_SPANS]
        ]

        def mark() -> PageMarks:
            text = document.text[page.start : page.end]
            return self._worker.mark_page(path, file, document.source, number, text, inside)

        return self._found(document, path, ("marks", number, *inside), mark)

    def _file(self, document: Document) -> tuple[Path, str]:
        """Return the file that a PDF is or is attached to, and its source."""
        if PurePosixPath(document.source).suffix.lower() != ".pdf":
            raise UsageError(f"{document.source!r} has no pages to be drawn: read it as text")
        path = corpus_file(self._corpus, document.source)
        return path, path.relative_to(self._corpus).as_posix()

    def _found(self, document: Document, path: Path, what: tuple[Any, ...], find: Callable[[], _Found]) -> _Found:
        """Return what is kept of a file as it is now, else find it."""
        try:
            stat = path.stat()
        except OSError as error:
            raise UsageError(f"the file of {document.source!r} cannot be read: {error.strerror}") from error
        key = (document.source, document.sha256, stat.st_size, stat.st_mtime_ns, what)
        with self._one_at_a_time:
            found: _Found | None = self._kept.pop(key, None)
            if found is None:
                found = find()
                if found.sha256 != document.sha256:
                    raise ParseError("the file has changed since it was indexed: run `rag index`")
            self._kept[key] = found
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found
