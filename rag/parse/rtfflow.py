"""What RTF's paragraphs, cells and rows add up to: lines of text. It knows nothing of how they are written."""

from __future__ import annotations

from dataclasses import dataclass, field

from rag.parse.markup import Line, styled_line
from rag.parse.table import Cell, table_lines


@dataclass
class Styles:
    """The levels of the styles of headings, and which styles are those of tables of contents."""

    levels: dict[int, int] = field(default_factory=dict)
    contents: set[int] = field(default_factory=set)


@dataclass
class Flow:
    """Paragraphs one after another: the document's, a note's or a box's.

    ``under`` is what hangs on the paragraph that is being read, and stands after it.
    """

    styles: Styles
    is_note: bool = False
    lines: list[Line] = field(default_factory=list)
    under: list[Line] = field(default_factory=list)
    style: int = 0
    outline: int | None = None
    in_table: bool = False
    has_header: bool = False
    _text: list[str] = field(default_factory=list)
    _rows: list[list[Cell]] = field(default_factory=list)
    _row: list[Cell] = field(default_factory=list)
    _cell: Cell = field(default_factory=list)

    def write(self, text: str) -> None:
        """Add text to the paragraph."""
        self._text.append(text)

    def reset_paragraph(self) -> None:
        """Forget how the paragraph is set."""
        self.style, self.outline, self.in_table = 0, None, False

    def mark_header(self) -> None:
        """Note that the row holds the names of the columns; only a table's first can."""
        self.has_header = self.has_header or not self._rows

    def end_paragraph(self) -> None:
        """End a paragraph, in a cell or after the table that came before it."""
        lines = self._paragraph()
        if self.in_table:
            self._cell.extend(lines)
        elif lines:
            self._end_table()
            self.lines.extend(lines)

    def end_cell(self) -> None:
        """End a cell, and the paragraph in it."""
        self._row.append(self._cell + self._paragraph())
        self._cell = []

    def end_row(self) -> None:
        """End a row."""
        if self._row:
            self._rows.append(self._row)
        self._row = []

    def finished(self) -> list[Line]:
        """End all that is open, and return the lines; those of a note are one."""
        if self.in_table and (self._cell or any(self._text)):
            self.end_cell()
        lines = self._paragraph()
        self._end_table()
        self.lines.extend(lines)
        if self.is_note and self.lines:
            self.lines = [("Note: " + " ".join(text for text, _ in self.lines), 0)]
        return self.lines

    def _paragraph(self) -> list[Line]:
        # Characters beyond the first 65,536 are written as two halves.
        whole = "".join(self._text).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        level = self.outline if self.outline is not None else self.styles.levels.get(self.style, 0)
        line = styled_line(whole, level)
        lines = [line] if line[0] and self.style not in self.styles.contents else []
        lines, self._text, self.under = lines + self.under, [], []
        return lines

    def _end_table(self) -> None:
        self.end_row()
        self.lines.extend(table_lines(self._rows, self.has_header))
        self._rows, self.has_header = [], False
