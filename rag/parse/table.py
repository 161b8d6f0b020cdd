"""Tables as text: a row a block that can be read alone, each cell with the name of its column.

Which row holds the names is told by looks alone where the format does not say: names are short, no
figures, and no two alike. It does not know names that run over several rows.
"""

from __future__ import annotations

from collections.abc import Iterator

from rag.parse.header import is_header
from rag.parse.markup import LONGEST_ROW, Line, row_line

# A cell: its lines, as it may hold paragraphs, headings and tables.
Cell = list[Line]


def table_lines(rows: list[list[Cell]], has_header: bool = False) -> Iterator[Line]:
    """Yield a line for each row of a table, or where the table only lays out the page, the lines in its cells.

    ``has_header`` is whether the format says that the first row holds the names of the columns.
    """
    texts = [[" ".join(text.replace("\n", " ") for text, _ in cell) for cell in row] for row in rows]
    if not texts:
        return
    width = max(map(len, texts))
    filled = [row + [""] * (width - len(row)) for row in texts if any(row)]
    named = len(filled) > 1 and sum(map(bool, filled[0])) > 1 and (has_header or is_header(filled[0], filled[1:]))
    if _lays_out(rows, texts, named):
        yield from (line for row in rows for cell in row for line in cell)
        return
    header = filled[0] if named else None
    for row in filled[named:]:
        if row == header:  # once more, on a further page
            continue
        yield row_text(row, header), 0


def row_text(cells: list[str], header: list[str] | None) -> str:
    """Return a row that can be read alone; a cell by itself, such as a note under a table, needs no column's name."""
    if header is None or sum(map(bool, cells)) < 2:
        return row_line(cells, None)
    width = max(len(cells), len(header))
    return row_line(cells + [""] * (width - len(cells)), header + [""] * (width - len(header)))


def _lays_out(rows: list[list[Cell]], texts: list[list[str]], named: bool) -> bool:
    has_heading = any(level for row in rows for cell in row for _, level in cell)
    is_long = not named and max(sum(map(len, row)) for row in texts) > LONGEST_ROW
    return has_heading or is_long or max(sum(map(bool, row)) for row in texts) < 2
