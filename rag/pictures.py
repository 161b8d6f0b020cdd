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

from rag.errors import ParseError, UsageError
from rag.library import corpus_file
from rag.parse.page import PageMarks, PagePicture
from rag.parse.word_boxes import boxes_of, words_between
from rag.parse.worker import Worker
from rag.types import Document, Page

_SECONDS = 15.0  # for a page: somebody waits for it
_KEPT = 64  # pages, some 300 KB each
_MOST_SPANS = 100

Span = tuple[int, int]


class Pictures:
    """Draws pages of the PDFs in a folder. Safe to use from many threads."""

    def __init__(self, corpus: Path, seconds: float = _SECONDS) -> None:
        self._corpus = corpus
        self._worker = Worker(seconds)  # it starts when it is first asked
        self._one_at_a_time = threading.Lock()
        self._kept: OrderedDict[tuple[str, str, int, int, int], PagePicture] = OrderedDict()
        weakref.finalize(self, self._worker.__exit__, None, None, None)

    def picture(self, document: Document, number: int) -> PagePicture:
        """Return a page as it looks.

        Raises:
            UsageError: The document is no PDF, or its file is gone.
            ParseError: The page cannot be drawn, or the file is another than the one that was indexed.
        """
        path, file = self._file(document)
        try:
            stat = path.stat()
        except OSError as error:
            raise UsageError(f"the file of {document.source!r} cannot be read: {error.strerror}") from error
        key = (document.source, document.sha256, stat.st_size, stat.st_mtime_ns, number)
        with self._one_at_a_time:
            found = self._kept.pop(key, None) or self._worker.draw_page(path, file, document.source, number)
            if found.sha256 != document.sha256:
                raise ParseError("the file has changed since it was indexed: run `rag index`")
            self._kept[key] = found
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found

    def marks(self, document: Document, word_boxes: bytes, number: int, spans: Sequence[Span]) -> PageMarks:
        """Return where spans of the document's text stand on the picture of a page; raises as ``picture`` does.

        ``word_boxes`` are the places of its words as the index keeps them. The page is drawn, for its size, and
        because whoever sees the marks asks for the picture next.
        """
        picture = self.picture(document, number)
        page = next((page for page in document.pages if page.number == number), Page(number=number, start=0, end=0))
        words = words_between(word_boxes, page.start, page.end)
        size = (picture.width, picture.height)
        boxes = tuple(boxes_of(words, start, end, *size) for start, end in spans[:_MOST_SPANS])
        return PageMarks(
            pages=picture.pages, width=picture.width, height=picture.height, has_text=bool(words), boxes=boxes
        )

    def _file(self, document: Document) -> tuple[Path, str]:
        """Return the file that a PDF is or is attached to, and its source."""
        if PurePosixPath(document.source).suffix.lower() != ".pdf":
            raise UsageError(f"{document.source!r} has no pages to be drawn: read it as text")
        path = corpus_file(self._corpus, document.source)
        return path, path.relative_to(self._corpus).as_posix()
