"""What every parser returns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from rag.types import Block, Group, Heading, Page, PageKind, headings_of


@dataclass(frozen=True)
class Attachment:
    """A file inside a file, such as what is attached to a message; it becomes a document of its own."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Parsed:
    """The canonical text of a file, its title, and its structure as spans into the text.

    ``word_boxes`` are the places of the words on the pictures of its pages, as ``rag.parse.word_boxes`` packs them.
    ``warning`` says what of the file could not be read, where the rest could, and what to do about it.
    """

    text: str
    title: str
    blocks: tuple[Block, ...] = ()
    groups: tuple[Group, ...] = ()
    pages: tuple[Page, ...] = ()
    page_kind: PageKind = "page"
    attachments: tuple[Attachment, ...] = ()
    warning: str | None = None
    word_boxes: bytes = b""

    @property
    def headings(self) -> tuple[Heading, ...]:
        """The headings, in the order of the text."""
        return headings_of(self.blocks, self.text)


def left_out(counts: Mapping[str, int]) -> str:
    """Say what is not in a text, and how many of each: "left out: 2 hidden sheets, 1 hidden row"; empty for none."""
    said = [f"{count} {name}{'s' * (count != 1)}" for name, count in counts.items() if count]
    return f"left out: {', '.join(said)}" if said else ""


Parser = Callable[[bytes, str], Parsed]


def title_of(headings: Iterable[Heading]) -> str | None:
    """Return the first heading of the first level, if there is one."""
    return next((heading.text for heading in headings if heading.level == 1), None)
