"""Tables as text: a row a block that can be read alone, each cell with the name of its column.

Which row holds the names is told by looks alone where the format does not say: names are short, no
figures, and no two alike. It does not know names that run over several rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from rag.parse.markup import Line, row_line

# A cell: its lines, as it may hold paragraphs, headings and tables.
Cell = list[Line]

_FIGURE = re.compile(
    r"[-+−(~<>≈]*\s?[$€£¥]?\s?\d[\d.,:/'’\s%()-]*(?:[$€£¥]|[ap]m|bn?|m|k|[TZ][\d:.+Z-]*)?", re.IGNORECASE
)
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")
_LONGEST_NAME = 80
# A table whose row is longer than this, or holds a heading, only lays out the page.
_LONGEST_ROW = 1000


def table_lines(rows: list[list[Cell]], has_header: bool = False) -> Iterator[Line]:
    """Yield a line for each row of a table, or where the table only lays out the page, the lines in its cells.

    ``has_header`` is whether the format says that the first row holds the names of the columns.
    """
    texts = [[" ".join(text.replace("\n", " ") for text, _ in cell) for cell in row] for row in rows]
    if not texts:
        return
    width = max(map(len, texts))
    if _lays_out(rows, texts):
        yield from (line for row in rows for cell in row for line in cell)
        return
    texts = [row + [""] * (width - len(row)) for row in texts]
    filled = [row for row in texts if any(row)]
    named = len(filled) > 1 and sum(map(bool, filled[0])) > 1 and (has_header or is_header(filled[0], filled[1:]))
    header = filled[0] if named else None
    for row in filled[named:]:
        yield (row_line(row, header) if sum(map(bool, row)) > 1 else "".join(row)), 0


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
    if len(set(filled)) < len(filled) or any(len(name) > _LONGEST_NAME or name.endswith(".") for name in filled):
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


def _are_years(figures: list[str]) -> bool:
    """Whether the figures can be names after all: years, one after another."""
    if len(figures) < 2 or not all(_YEAR.fullmatch(figure) for figure in figures):
        return False
    steps = {int(after) - int(before) for before, after in pairwise(figures)}
    return len(steps) == 1 and steps != {0}


def _holds_figures(column: int, rows: list[list[str]]) -> bool:
    cells = [row[column] for row in rows if column < len(row) and row[column]]
    return bool(cells) and sum(map(is_figure, cells)) > len(cells) / 2


def _lays_out(rows: list[list[Cell]], texts: list[list[str]]) -> bool:
    has_heading = any(level for row in rows for cell in row for _, level in cell)
    longest = max(sum(map(len, row)) for row in texts)
    return has_heading or longest > _LONGEST_ROW or max(sum(map(bool, row)) for row in texts) < 2
