"""Pandoc's tree of a document as blocks: headings, paragraphs, lists, tables, notes, in the order of the document."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, count, groupby
from typing import Any

from rag.identifiers import roman
from rag.parse.builder import Builder
from rag.parse.header import is_header_of
from rag.parse.markup import LONGEST_ROW, clean, squeeze, squeeze_lines
from rag.parse.pandoc_text import CAPTION_MARK, InlineText, Node
from rag.types import BlockKind

_LONGEST_HEADING = 300  # what is longer was made large, and is no heading
_LONGEST_REPEATED = 200  # characters; a longer cell that spans others is written once
_DELIMITERS = {"OneParen": "{})", "TwoParens": "({})"}


def add_blocks(builder: Builder, nodes: Iterable[Node], joins_numbers: bool = False) -> None:
    """Add the blocks of a tree, ``tree["blocks"]``.

    ``joins_numbers`` is whether items in the second of an ordered list are numbered "2.1.", "2.2." and so on.
    """
    _Walk(builder, InlineText(), joins_numbers=joins_numbers).blocks(nodes)


def add_properties(builder: Builder, meta: dict[str, Node]) -> None:
    """Add what a document says of itself on top, ``tree["meta"]``: title, authors, date, abstract."""
    builder.heading(meta_text(meta.get("title")), 1)
    builder.add(meta_text(meta.get("subtitle")))
    for key, label in (("author", "Author"), ("date", "Date")):
        text = meta_text(meta.get(key))
        builder.add(f"{label}: {text}" if text else "", "field")
    abstract = meta.get("abstract", {})
    if abstract.get("t") == "MetaBlocks":
        add_blocks(builder, abstract["c"])
    else:
        builder.add(meta_text(meta.get("abstract")))


def meta_text(value: Node | None) -> str:
    """Return a property in one line; several values, such as authors, with commas between them."""
    if value is None:
        return ""
    kind, content = value["t"], value["c"]
    if kind == "MetaList":
        return ", ".join(filter(None, map(meta_text, content)))
    if kind == "MetaMap":
        return meta_text(content.get("name")) or " ".join(filter(None, map(meta_text, content.values())))
    if kind == "MetaBlocks":
        return _flat(content, InlineText())
    return squeeze(InlineText().of(content) if kind == "MetaInlines" else str(content))


def _flat(nodes: Iterable[Node], inline: InlineText) -> str:
    """Return the words of blocks in one line; the notes that hang on them stay with ``inline``."""
    builder = Builder()
    _Walk(builder, inline, keeps_notes=True).blocks(nodes)
    return squeeze(builder.parsed("").text)


@dataclass(eq=False)
class _Cell:
    """A cell of a table: its text in one line, and what is in it."""

    text: str
    nodes: list[Node]


_EMPTY = _Cell("", [])
_Grid = list[list[_Cell]]


class _Walk:
    """Adds blocks to a builder; what they stand in tells of what kind they are."""

    def __init__(
        self, builder: Builder, inline: InlineText, keeps_notes: bool = False, joins_numbers: bool = False
    ) -> None:
        self._builder = builder
        self._inline = inline
        self._keeps_notes = keeps_notes
        self._kind: BlockKind = "paragraph"
        self._depth = 0
        self._joins_numbers = joins_numbers
        self._number = ""  # of the item that this is in, where those in it go on from it: "2." before "1."
        self._mark = ""  # what stands before the next text: the number of an item, or a term

    def blocks(self, nodes: Iterable[Node]) -> None:
        for node in nodes:
            self._block(node["t"], node.get("c"))

    def _block(self, kind: str, content: Any) -> None:
        if kind in ("Para", "Plain"):
            self._paragraph(content)
        elif kind == "Header":
            self._heading(content[0], content[2])
        elif kind == "CodeBlock":
            self._add(clean(content[1]).strip("\n"), "code")
        elif kind == "LineBlock":
            self._add("\n".join(map(self._line, content)))
        elif kind == "Div":
            self._div(content[0][1], content[1])
        elif kind == "BlockQuote":
            self._within("quote", content)
        elif kind == "BulletList":
            self._list(("", item) for item in content)
        elif kind == "OrderedList":
            self._ordered_list(content[0], content[1])
        elif kind == "DefinitionList":
            self._list((_term(self._line(term)), list(chain(*definitions))) for term, definitions in content)
        elif kind == "Figure":
            self._add(_flat(content[1][1], self._inline), "caption")
            self.blocks(content[2])
        elif kind == "Table":
            self._table(*content)

    def _add(self, text: str, kind: BlockKind | None = None) -> None:
        """Add a text as a block of this kind, or of that of what it stands in, and the notes that hang on it."""
        kind = kind or ("item" if self._depth and self._kind == "paragraph" else self._kind)
        text, self._mark = self._mark + text, ""
        self._builder.add(text, kind, level=self._depth if kind == "item" else 0)
        self._add_notes()

    def _add_notes(self) -> None:
        for note in self._inline.take_notes() if not self._keeps_notes else ():
            self._within("note", note)

    def _within(self, kind: BlockKind, nodes: list[Node]) -> None:
        outer, self._kind = self._kind, "note" if self._kind == "note" else kind
        self.blocks(nodes)
        self._kind = outer

    def _paragraph(self, nodes: list[Node]) -> None:
        """Add a paragraph, or several where it has empty lines in it, as web pages set them."""
        is_caption = bool(nodes) and str(nodes[0].get("c", "")).startswith(CAPTION_MARK)
        for text in re.split(r"\n\s*\n", self._inline.of(nodes)):
            if text := squeeze_lines(text):
                self._add(text, "caption" if is_caption else None)
        self._add_notes()

    def _line(self, nodes: list[Node]) -> str:
        return squeeze(self._inline.of(nodes))

    def _heading(self, level: int, nodes: list[Node]) -> None:
        text = self._line(nodes)
        if len(text) > _LONGEST_HEADING:
            self._add(text)
            return
        self._builder.heading(self._mark + text, max(level, 1))
        self._mark = ""
        self._add_notes()

    def _flush_mark(self) -> None:
        """Add the number or term that no text follows."""
        if self._mark:
            self._add("")

    def _div(self, classes: list[str], nodes: list[Node]) -> None:
        if {"footnote", "footnotes"}.intersection(classes):
            self._within("note", nodes)
        elif "caption" in classes:
            self._within("caption", nodes)
        else:
            self.blocks(nodes)

    def _list(self, items: Iterable[tuple[str, list[Node]]]) -> None:
        self._flush_mark()
        self._depth += 1
        with self._builder.list():
            for self._mark, nodes in items:
                self.blocks(nodes)
                self._flush_mark()
        self._depth -= 1

    def _ordered_list(self, attributes: list[Any], items: list[list[Node]]) -> None:
        outer, is_joined = self._number, self._joins_numbers and attributes[1]["t"] == "Decimal"

        def marked() -> Iterator[tuple[str, list[Node]]]:
            for number, item in zip(_numbers(*attributes), items, strict=False):
                self._number = outer + number if is_joined else ""
                yield f"{self._number or number} ", item

        self._list(marked())
        self._number = outer

    def _table(self, _: Any, caption: Any, columns: list[Any], head: Any, bodies: list[Any], foot: Any) -> None:
        self._flush_mark()
        parts = [part for body in bodies for part in (body[2], body[3])] + [foot[1]]
        header = self._grid(head[1], len(columns))
        rows = [row for part in parts for row in self._grid(part, len(columns))]
        names, texts = list(filter(any, map(_row_texts, header))), list(filter(any, map(_row_texts, rows)))
        if not names and texts and is_header_of(texts[: 1 + _spans(texts[0])], texts[1 + _spans(texts[0]) :]):
            names = [texts.pop(0)]
        if len(names) == 1 and texts and _spans(names[0]) and is_header_of([*names, texts[0]], texts[1:]):
            names.append(texts.pop(0))
        title = _flat(caption[1], self._inline)
        if self._keeps_notes or not _lays_out([*header, *rows], bool(names)):
            self._add_table(names, texts, title)
            return
        self._builder.add(title, "caption")
        self._inline.take_notes()  # they are met again
        filled = (row for row in [*header, *rows] if any(cell.text for cell in row))
        for is_data, part in groupby(filled, _is_data):
            group = list(part)
            if is_data:
                self._add_table([], list(map(_row_texts, group)), "")
                continue
            for cell in dict.fromkeys(chain(*group)):
                self.blocks(cell.nodes)

    def _add_table(self, header: list[list[str]], rows: list[list[str]], caption: str) -> None:
        """Add a table under its caption; the names of its columns are in the rows of the header, one under another."""
        titles = [row for row in header if len(row) > 1 and row[0] and not any(row[1:])]  # over all columns
        names = zip(*(row for row in header if row not in titles), strict=True)
        columns = [" ".join(dict.fromkeys(filter(None, column))) for column in names]
        span = self._builder.add(" ".join([caption, *(row[0] for row in titles)]), "caption")
        with self._builder.table(columns if rows else (), span):
            for row in rows or [columns]:
                if row != columns or not rows:  # else it is the header once more, on a further page
                    self._builder.row(row)
        self._add_notes()

    def _grid(self, rows: list[Any], width: int) -> _Grid:
        """Return the cells of rows by column: one that spans several rows or columns stands in each."""
        grid: list[list[_Cell | None]] = [[None] * width for _ in rows]
        for at, (_, cells) in enumerate(rows):
            column = 0
            for _, _, height, breadth, nodes in cells:
                while column < width and grid[at][column] is not None:
                    column += 1
                cell = _Cell(_flat(nodes, self._inline), nodes)
                for row in grid[at : at + height]:
                    if column < width and row[column] is None:
                        row[column : column + breadth] = [cell] * len(row[column : column + breadth])
                column += breadth
        return [[cell or _EMPTY for cell in row] for row in grid]


def _lays_out(grid: _Grid, has_names: bool) -> bool:
    """Whether a table only lays out a page, and is to be read cell by cell."""
    is_long = not has_names and any(sum(len(cell.text) for cell in set(row)) > LONGEST_ROW for row in grid)
    is_column = all(sum(bool(cell.text) for cell in set(row)) < 2 for row in grid)
    cells = list(chain(*grid))
    has_headings = any(node["t"] == "Header" for cell in cells for node in cell.nodes)
    return is_long or is_column or has_headings or (not has_names and any(map(_holds_parts, cells)))


def _holds_parts(cell: _Cell) -> bool:
    return any(node["t"] in ("Header", "Table") for node in cell.nodes)


def _is_data(row: list[_Cell]) -> bool:
    """Whether a row in a table that lays out a page is one of data all the same: short, of several cells."""
    texts = [cell.text for cell in set(row) if cell.text]
    return len(texts) > 1 and sum(map(len, texts)) <= LONGEST_ROW and not any(_holds_parts(cell) for cell in row)


def _row_texts(row: list[_Cell]) -> list[str]:
    """Return the texts of a row; a cell over its whole width stands in it once, and so does a long one."""
    once = len(set(row)) == 1
    return [
        "" if row.index(cell) < at and (once or len(cell.text) > _LONGEST_REPEATED) else cell.text
        for at, cell in enumerate(row)
    ]


def _spans(row: list[str]) -> bool:
    """Whether a cell of a row reaches over several columns, as the name of a group of them does."""
    filled = list(filter(None, row))
    return len(set(filled)) < len(filled)


def _term(text: str) -> str:
    """Return a term as it stands before its definition."""
    return f"{text}{'' if text.endswith((':', '?', '!', '.')) else ':'} " if text else ""


def _numbers(start: int, style: Node, delimiter: Node) -> Iterator[str]:
    """Yield the numbers of an ordered list as they are shown."""
    form = _DELIMITERS.get(delimiter["t"], "{}.")
    return (form.format(_number(number, style["t"])) for number in count(start))


def _number(number: int, style: str) -> str:
    text = str(number)
    if style.endswith("Roman") and 0 < number < 4000:
        text = roman(number)
    elif style.endswith("Alpha") and 0 < number <= 26:
        text = chr(ord("a") + number - 1)
    return text.upper() if style.startswith("Upper") else text
