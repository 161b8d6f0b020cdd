"""Whether the words marked on the picture of a page are the cited ones: ``python -m tests.benchmarks.marks FOLDER …``.

Of every PDF under the folders, sentences are taken as quotations, and the boxes of each are looked up on every page it
stands on. Another program (pdftotext -bbox, of poppler) says which words stand where: a quotation counts as right
where its boxes hold its letters, and hardly any others.
"""

from __future__ import annotations

import random
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from lxml import html

from rag.errors import ParseError
from rag.parse.page import PixelBox
from rag.parse.word_boxes import boxes_of, words_between
from rag.parse.worker import Worker
from rag.sentences import sentence_spans
from rag.types import Document, Page

_MOST = 40  # quotations of a file
_LONGEST, _SHORTEST = 600, 15
_SIDE = 2000  # pixels of a picture of a page
_RIGHT = 0.9  # of the letters, both of those asked for and of those found


class Word(NamedTuple):
    """A word as poppler finds it, and where, as shares of the page."""

    text: str
    left: float
    top: float
    right: float
    bottom: float


def run(*command: str) -> str:
    """Return what a program prints."""
    return subprocess.run(command, capture_output=True, check=True).stdout.decode("utf-8", "replace")


@lru_cache(None)
def words_on(path: Path, page: int) -> list[Word] | None:
    """Return the words on a page with their places; None for a turned page, whose places poppler does not tell."""
    pages = ["-f", str(page), "-l", str(page), str(path)]
    if not re.search(r"rot: +0$", run("pdfinfo", *pages), re.MULTILINE):
        return None
    found = html.fromstring(run("pdftotext", "-bbox", *pages, "-"))
    (paper,) = found.iter("page")
    width, height = float(paper.get("width")), float(paper.get("height"))
    return [
        Word(
            word.text_content(),
            float(word.get("xmin")) / width,
            float(word.get("ymin")) / height,
            float(word.get("xmax")) / width,
            float(word.get("ymax")) / height,
        )
        for word in paper.iter("word")
    ]


def held(words: Sequence[Word], boxes: Sequence[PixelBox]) -> str:
    """Return the letters of the words whose middles lie in boxes."""
    texts = []
    for word in words:
        x, y = (word.left + word.right) / 2 * _SIDE, (word.top + word.bottom) / 2 * _SIDE
        if any(box.left <= x <= box.right and box.top <= y <= box.bottom for box in boxes):
            texts.append(word.text)
    return letters("".join(texts))


def letters(text: str) -> str:
    """Return the letters and figures of a text."""
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text))


def likeness(wanted: str, found: str) -> float:
    """Return how much of the one is in the other, whichever is less, the order aside."""
    common = sum((Counter(wanted) & Counter(found)).values())
    return common / max(len(wanted), len(found), 1)


def quotations(document: Document) -> Iterator[tuple[int, int]]:
    """Yield sentences of a document, some of them, always the same."""
    found = [
        (start, end)
        for start, end in sentence_spans(document.text)
        if _SHORTEST <= len(letters(document.text[start:end])) <= _LONGEST
    ]
    return iter(random.Random(document.source).sample(found, min(_MOST, len(found))))


def pages_of(document: Document, start: int, end: int) -> list[Page]:
    """Return the pages that a stretch stands on."""
    return [page for page in document.pages if page.start < end and page.end > start]


def without_names(text: str) -> str:
    """Return a row of a table without the names of columns, which are not printed in the row."""
    return " ".join(cell.rsplit(": ", 1)[-1] for cell in text.split("; ")) if "; " in text else text


def main() -> None:
    """Print each quotation that is not right, and the share of those that are."""
    right = total = unread = untold = 0
    with Worker() as worker:
        for path in sorted(path for folder in sys.argv[1:] for path in Path(folder).rglob("*.pdf")):
            try:
                parsed = worker.parse(path, path.name)
            except ParseError:
                unread += 1
                continue
            document, packed = parsed.documents[0], parsed.word_boxes.get(path.name, b"")
            for start, end in quotations(document):
                for page in pages_of(document, start, end):
                    low, high = max(start, page.start), min(end, page.end)
                    quote = document.text[low:high]
                    printed = words_between(packed, page.start, page.end)
                    if not letters(quote) or not printed:
                        continue
                    try:
                        words = words_on(path, page.number)
                    except (subprocess.CalledProcessError, ValueError):  # poppler cannot read it
                        words = None
                    if not words:  # a turned page, or one that only OCR reads
                        untold += 1
                        continue
                    found = held(words, boxes_of(printed, low, high, _SIDE, _SIDE))
                    share = max(likeness(letters(words), found) for words in (quote, without_names(quote)))
                    right, total = right + (share >= _RIGHT), total + 1
                    if share < _RIGHT:
                        print(f"{share:5.2f}  {path.name} p. {page.number}: {quote[:150]!r}\n       {found[:150]!r}")
    print(
        f"right: {right} of {total} quotations ({100 * right / max(1, total):.2f} %); "
        f"not told by poppler: {untold}; files not read: {unread}"
    )


if __name__ == "__main__":
    main()
