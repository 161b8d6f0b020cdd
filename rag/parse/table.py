"""Tables as text: a row a block that can be read alone, each cell with the name of its column.

Which row holds the names is told by looks alone where the format does not say: names are short, no
figures, and no two alike. It does not know names that run over several rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from rag.parse.markup import LONGEST_ROW, Line, row_line

# A cell: its lines, as it may hold paragraphs, headings and tables.
Cell = list[Line]

_FIGURE = re.compile(
    r"[-+−(~<>≈]*\s?[$€£¥]?\s?\d[\d.,:/'’\s%()-]*(?:[$€£¥]|[ap]m|bn?|m|k|[TZ][\d:.+Z-]*)?", re.IGNORECASE
)
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")
_LONGEST_NAME = 80


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


def is_header(names: list[str], rows: list[list[str]], strict: bool = False) -> bool:
    """Whether the cells of a row look like the names of the columns over ``rows``.

    Of two columns, either may hold the names: there, and where it shall be ``strict``, figures must stand
    under a name.
    """
    filled = [name for name in names if name]
    used = sum(any(at < len(row) and row[at] for row in [names, *rows]) for at in range(len(names)))
    if len(filled) < 2 or len(filled) <= used / 2 or not rows:
        return False
    figures = [name for name in filled if is_figure(name)]
    if len(set(filled)) < len(filled) or not all(map(_is_name, filled)) or _recurs(names, rows):
        return False
    if figures and not _are_years(figures):
        return False
    if len(filled) > 2 and not strict:
        return True
    return any(name and not is_figure(name) and _holds_figures(at, rows) for at, name in enumerate(names)) or bool(
        figures
    )


def is_figure(text: str) -> bool:
    """Whether a cell holds a number, an amount, a date or a time."""
    return bool(_FIGURE.fullmatch(text))


def _is_name(text: str) -> bool:
    return len(text) <= _LONGEST_NAME and not text.endswith(".") and "@" not in text and "://" not in text


def _recurs(names: list[str], rows: list[list[str]]) -> bool:
    """Whether a name stands under itself, as values do, and not in a header that is repeated."""
    others = [row for row in rows if row != names]
    return any(name and name == cell for row in others for name, cell in zip(names, row, strict=False))


def _are_years(figures: list[str]) -> bool:
    """Whether the figures can be names after all: years, one after another."""
    if len(figures) < 2 or not all(_YEAR.fullmatch(figure) for figure in figures):
        return False
    steps = {int(after) - int(before) for before, after in pairwise(figures)}
    return len(steps) == 1 and steps != {0}


def _holds_figures(column: int, rows: list[list[str]]) -> bool:
    cells = [row[column] for row in rows if column < len(row) and row[column]]
    return bool(cells) and sum(map(is_figure, cells)) > len(cells) / 2


def _lays_out(rows: list[list[Cell]], texts: list[list[str]], named: bool) -> bool:
    has_heading = any(level for row in rows for cell in row for _, level in cell)
    is_long = not named and max(sum(map(len, row)) for row in texts) > LONGEST_ROW
    return has_heading or is_long or max(sum(map(bool, row)) for row in texts) < 2
