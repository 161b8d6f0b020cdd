"""What every parser returns, and how one is put together from blocks of text."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

from rag.types import Heading, Page, PageKind


@dataclass(frozen=True)
class Attachment:
    """A file inside a file, such as what is attached to a message; it becomes a document of its own."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Parsed:
    """The canonical text of a file, its title, and its structure as spans into the text.

    ``warning`` says what of the file could not be read, where the rest could, and what to do about it.
    """

    text: str
    title: str
    headings: tuple[Heading, ...] = ()
    pages: tuple[Page, ...] = ()
    page_kind: PageKind = "page"
    attachments: tuple[Attachment, ...] = ()
    warning: str | None = None


Parser = Callable[[bytes, str], Parsed]


def title_of(headings: Iterable[Heading]) -> str | None:
    """Return the first heading of the first level, if there is one."""
    return next((heading.text for heading in headings if heading.level == 1), None)


class TextBuilder:
    """Sets blocks of text one under another, a blank line between them, and notes headings and pages."""

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._length = 0
        self._headings: list[Heading] = []
        self._starts: list[tuple[int, int]] = []  # page number, where its text starts

    def add(self, text: str, level: int = 0, gap: str = "\n\n") -> None:
        """Add a block; one with a ``level`` (1 is the outermost) is a heading. White space around it goes.

        ``gap`` is what stands between it and the block before: a space, say, where a sentence goes on
        from one page to the next.
        """
        text = text.strip()
        if not text:
            return
        gap = gap if self._blocks else ""
        start = self._length + len(gap)
        self._blocks.append(gap + text)
        self._length = start + len(text)
        if level:
            self._headings.append(Heading(level=level, text=" ".join(text.split()), start=start, end=start + len(text)))

    def page(self, number: int) -> None:
        """Begin a page (slide, row …): what is added from here on stands on it."""
        self._starts.append((number, self._length))

    @property
    def headings(self) -> tuple[Heading, ...]:
        """The headings so far."""
        return tuple(self._headings)

    def parsed(
        self,
        title: str,
        page_kind: PageKind = "page",
        attachments: tuple[Attachment, ...] = (),
        warning: str | None = None,
    ) -> Parsed:
        """Return what was put together. A page ends where the next begins; one without text has no span."""
        text = "".join(self._blocks)
        pages = tuple(
            Page(number=number, start=start, end=end)
            for (number, start), (_, end) in pairwise([*self._starts, (0, len(text))])
            if start < end
        )
        return Parsed(text, title, self.headings, pages, page_kind, attachments, warning)
