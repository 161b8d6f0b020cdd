"""What is shown of a document's text: which window of it, what is marked in it, and how a stretch is drawn.

A window keeps a long document from weighing on the page. Nothing here looks at more of the text than the window
and its edges. It knows no formats.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from rag.types import Document, Page
from ui.reader.spans import Span, Style, draw, lines_of

# Characters shown before and after what is looked at: enough to judge it by, and little enough to be quick.
AROUND = 6000
_LONGEST_PASSAGE = 2 * AROUND


@dataclass(frozen=True)
class Scene:
    """A window of a document, with the passage that was found and the styles of the cited words in it."""

    document: Document
    window: Span
    passage: Span | None = None
    marks: tuple[Style, ...] = ()

    @property
    def text(self) -> str:
        """The document's whole text: offsets are into it."""
        return self.document.text

    @property
    def pages(self) -> Sequence[Page]:
        """The pages, slides or rows that reach into the window."""
        found = self.document.pages
        low = max(0, bisect_right(found, self.window[0], key=lambda page: page.start) - 1)
        high = bisect_left(found, self.window[1], lo=low, key=lambda page: page.start)
        return [page for page in found[low:high] if page.end > self.window[0]]

    def element(self, tag: str, span: Span, styles: Sequence[Style] = (), name: str = "") -> str:
        """Return a stretch of the text as one element of a class ``name``."""
        return f"<{tag}{self.attributes(span, name)}>{self.words(span, styles)}</{tag.split()[0]}>"

    def words(self, span: Span, styles: Sequence[Style] = ()) -> str:
        """Return a stretch of the text, what is cited marked."""
        return draw(self.text, *span, (*self.marks, *styles))

    def attributes(self, span: Span, name: str = "") -> str:
        """Return the attributes of an element: its direction, its class, and how it stands to what was chosen."""
        names = " ".join(filter(None, (name, self.standing(span))))
        return ' dir="auto"' + (f' class="{names}"' if names else "")

    def standing(self, span: Span) -> str:
        """Return the class of what shows some of the passage, or of what stands around it."""
        if self.passage is None:
            return ""
        return "passage" if span[0] < self.passage[1] and span[1] > self.passage[0] else "around"

    def paragraphs(self, span: Span) -> Iterator[Span]:
        """Yield the stretches of lines that are not blank, each without the white space at its end."""
        lines = lines_of(self.text, span)
        for is_blank, run in groupby(lines, key=lambda line: not self.text[slice(*line)].strip()):
            if not is_blank:
                found = list(run)
                yield found[0][0], found[-1][0] + len(self.text[slice(*found[-1])].rstrip())


def window_at(text: str, focus: Span) -> Span:
    """Return the window around a stretch: whole lines, unless they are endless."""
    low = max(0, focus[0] - AROUND)
    high = min(len(text), min(focus[1], focus[0] + _LONGEST_PASSAGE) + AROUND)
    start = text.rfind("\n", max(0, low - AROUND), low) + 1 if low else 0
    end = text.find("\n", high, high + AROUND)
    return (start or low, end if end >= 0 else high)
