"""The blocks of a PDF become canonical text, and each of its words keeps the place where it was printed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import groupby

from rag.parse.builder import Builder
from rag.parse.pdf_file import Frame
from rag.parse.pdf_page import PlacedWord
from rag.parse.pdf_table import Table
from rag.parse.pdf_text import Block

Span = tuple[int, int]


class Writer:
    """Adds blocks to a builder; ``frames`` tell where the places of a page are on its picture, by its number."""

    def __init__(self, frames: dict[int, Frame]) -> None:
        self.builder = Builder()
        self.boxes: list[tuple[int, int, int, int, int, int]] = []  # as WordBox has them
        self._frames = frames
        self._page = 0
        self._caption: Span | None = None  # the last block, where it is one

    def write(self, blocks: Sequence[Block]) -> None:
        """Add blocks: items that follow one another as a list, rows as a table."""
        for (table, is_item), group in groupby(blocks, key=lambda block: (block.table, block.kind == "item")):
            with self._group(table, is_item):
                for block in group:
                    self._add(block)

    def _group(self, table: Table | None, is_item: bool) -> AbstractContextManager[None]:
        if table is not None:
            return self.builder.table(table.names, self._caption)
        return self.builder.list() if is_item else nullcontext()

    def _add(self, block: Block) -> None:
        if block.page != self._page:
            self._page = block.page
            self.builder.page(block.page)
        self._caption = None
        if block.table is not None:
            spans = self.builder.row([cell.text for cell in block.cells])
            for cell, (start, _) in zip(block.cells, spans, strict=True):
                self._place(cell.words, start)
        else:
            more = {"level": block.level, "is_context": block.is_context}
            span = self.builder.add(block.text, block.kind, block.gap, **more)
            if span is not None:
                self._place(block.words, span[0])
            self._caption = span if block.kind == "caption" else None

    def _place(self, words: Sequence[PlacedWord], start: int) -> None:
        place = self._frames[self._page].place
        at = start - len(words[0].gap) if words else start
        for text, box, gap in words:
            at += len(gap)
            end = at + len(text)
            self.boxes.append((at, end, *place(box)))
            at = end
