"""Notes what each block of a document's text is, and makes the text where it is not the file's own."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise, zip_longest
from typing import Any

from rag.parse.parsed import Attachment, Parsed
from rag.sentences import parts_of
from rag.types import CONTEXT_KINDS, Block, BlockKind, Group, Heading, Page, PageKind, headings_of

_SENTENCE_ENDS = (".", "!", "?", "…")
_LEADS_ON = re.compile(r"\b(?:follow\w*|below|these|this|folgen\w*|suivant\w*)\b", re.IGNORECASE)  # of a list to come
_LONGEST_LEAD_IN = 300  # characters; a longer paragraph before a list says more than what the list is of

_Span = tuple[int, int]


class _Blocks(ABC):
    """The blocks and groups noted so far."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._groups: list[Group] = []
        self._group: int | None = None

    @contextmanager
    def list(self) -> Iterator[None]:
        """Let what comes meanwhile be a list; one within a list is part of it."""
        if self._group is not None and self._groups[self._group].kind == "list":
            yield
            return
        with self._grouped(Group(kind="list", lead_in=self._lead_in())):
            yield

    @contextmanager
    def table(self, columns: Sequence[str] = (), caption: _Span | None = None) -> Iterator[None]:
        """Let what comes meanwhile be a table, with the names of its columns where it has such."""
        last = self._blocks[-1] if self._blocks else None
        if caption is None and last and last.kind == "caption":
            caption = (last.start, last.end)
        with self._grouped(Group(kind="table", lead_in=self._lead_in(), caption=caption, columns=tuple(columns))):
            yield

    @contextmanager
    def _grouped(self, group: Group) -> Iterator[None]:
        outer, self._group = self._group, len(self._groups)
        self._groups.append(group)
        try:
            yield
        finally:
            self._group = outer

    def _note(self, kind: BlockKind, start: int, end: int, **more: Any) -> None:
        context = more.pop("is_context", False) or kind in CONTEXT_KINDS
        self._blocks.append(Block(kind=kind, start=start, end=end, group=self._group, is_context=context, **more))

    def _captioned(self) -> tuple[Group, ...]:
        """Return the groups; a caption that stands under a table, and over no other, is that table's."""
        taken = {group.caption for group in self._groups}
        for above, block in pairwise(self._blocks):
            span = (block.start, block.end)
            if block.kind == "caption" and above.kind == "row" and above.group is not None and span not in taken:
                group = self._groups[above.group]
                self._groups[above.group] = group.model_copy(update={"caption": group.caption or span})
        return tuple(self._groups)

    def _lead_in(self) -> _Span | None:
        """Return the span of the paragraph that introduces the list or table that begins now."""
        last = self._blocks[-1] if self._blocks else None
        if last is None or last.kind != "paragraph":
            return None
        words = self._words(last).rstrip("*_ ")
        is_short = last.end - last.start <= _LONGEST_LEAD_IN
        leads_on = words.endswith(":") or (is_short and (not words.endswith(_SENTENCE_ENDS) or _LEADS_ON.search(words)))
        return (last.start, last.end) if leads_on else None

    @abstractmethod
    def _words(self, last: Block) -> str:
        """Return the text of the last block."""


class BlockMarker(_Blocks):
    """Notes the blocks of a text that is there already: the file's own."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def mark(self, kind: BlockKind, start: int, end: int, **more: Any) -> None:
        """Note a block, which comes after those before it; white space at its ends is no part of it.

        ``more`` are further fields of it.
        """
        inside = self.text[start:end]
        start, end = start + len(inside) - len(inside.lstrip()), end - len(inside) + len(inside.rstrip())
        if start < end:
            self._note(kind, start, end, **more)

    def parsed(self, title: str, warning: str | None = None) -> Parsed:
        """Return the text with what was noted of it."""
        return Parsed(self.text, title, tuple(self._blocks), self._captioned(), warning=warning)

    @property
    def headings(self) -> tuple[Heading, ...]:
        """The headings so far."""
        return headings_of(self._blocks, self.text)

    def _words(self, last: Block) -> str:
        return self.text[last.start : last.end]


class Builder(_Blocks):
    """Sets blocks of text one under another, a blank line between them; those of a list or table on lines of it."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[str] = []
        self._length = 0
        self._starts: list[tuple[int, int]] = []  # page number, where its text starts

    def add(self, text: str, kind: BlockKind = "paragraph", gap: str | None = None, **more: Any) -> _Span | None:
        """Add a block, and return where it stands; white space around it goes, and an empty text is none.

        ``more`` are further fields of it.

        ``gap`` is what stands between it and the block before, where that is another than usual. Where it is on the
        same line, as of a sentence that goes on from one page to the next, both are one block.
        """
        if not (text := text.strip()):
            return None
        start = self._begin(gap)
        self._write(text)
        if gap is not None and "\n" not in gap and self._blocks and self._blocks[-1].kind == kind:
            self._blocks[-1] = self._blocks[-1].model_copy(update={"end": self._length})
            return start, self._length
        for first, last in parts_of(text, (0, len(text))):
            self._note(kind, start + first, start + last, **more)
        return start, self._length

    def heading(self, text: str, level: int) -> None:
        """Add a heading, in one line; 1 is the outermost level."""
        self.add(" ".join(text.split()), "heading", level=level)

    def row(self, cells: Sequence[str]) -> list[_Span]:
        """Add a row of a table, so that it can be read alone: each cell after the name of its column, where it has one.

        A cell by itself, such as a note under a table, needs no name. Returns where its cells stand.
        """
        filled = [cell for cell in cells if cell]
        if not filled:
            return []
        columns = self._groups[self._group].columns if self._group is not None and len(filled) > 1 else ()
        gap = "; " if columns else " " if len(filled) == 2 and filled[0].endswith(":") else " | "
        start = at = self._begin()
        pieces, spans = list[str](), list[_Span]()
        for cell, name in zip_longest(cells, columns[: len(cells)], fillvalue=""):
            if cell:
                before = (gap if pieces else "") + (f"{name}: " if name else "")
                pieces += before, cell
                at += len(before)
            spans.append((at, at + len(cell)))
            at += len(cell)
        self._write("".join(pieces))
        self._note("row", start, at, cells=tuple(spans))
        return spans

    def page(self, number: int) -> None:
        """Begin a page (slide, row …): what is added from here on stands on it."""
        self._starts.append((number, self._length))

    @property
    def headings(self) -> tuple[Heading, ...]:
        """The headings so far."""
        return headings_of(self._blocks, "".join(self._pieces))

    def parsed(
        self,
        title: str,
        page_kind: PageKind = "page",
        attachments: tuple[Attachment, ...] = (),
        warning: str | None = None,
        word_boxes: bytes = b"",
    ) -> Parsed:
        """Return what was put together. A page ends where the next begins; one without text has no span."""
        pages = tuple(
            Page(number=number, start=start, end=end)
            for (number, start), (_, end) in pairwise([*self._starts, (0, self._length)])
            if start < end
        )
        text = "".join(self._pieces)
        structure = (tuple(self._blocks), self._captioned(), pages, page_kind)
        return Parsed(text, title, *structure, attachments, warning, word_boxes)

    def _begin(self, gap: str | None = None) -> int:
        """Write what parts the next block from the one before, and return where it starts."""
        if self._blocks:
            same_group = self._group is not None and self._blocks[-1].group == self._group
            self._write(("\n" if same_group else "\n\n") if gap is None else gap)
        return self._length

    def _write(self, text: str) -> None:
        self._pieces.append(text)
        self._length += len(text)

    def _words(self, last: Block) -> str:
        return "".join(self._pieces[-1:])
