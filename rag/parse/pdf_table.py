"""Tables of numbers: each number gets the name of its column, so that a row read alone keeps its meaning.

"Net sales | 82,959 | 81,434" under "June 2022 | June 2021" becomes "Net sales | June 2022: 82,959 | …". A header is
trusted only where its cells stand over the numbers, one or more columns each, and evenly; else the rows stay.
Tables of words are left as they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.parse.pdf_layout import Line, Place

# An amount with the signs about it, a dash for none, or "n/a".
_NUMBER = re.compile(
    r"(?:[^\w\s]{0,4}|[A-Z]{1,3}\$)\s?\d[\d,.  ]*\s?(?:[%)*]{0,3}|[a-zA-Z]{0,2})$"
    r"|[^\w\s]{0,3}[-–—]+\s?[%)]{0,2}$|n/?[am]$",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:19|20)\d\d$")
_PERIOD = re.compile(r"\b(?:ended|ending|as of)\b", re.IGNORECASE)
_MOST_HEADER_LINES = 4
_NEAR = 6  # lines below a table's first row, among which another must be
_MOST_LABELS = 3  # between a header and the first row with numbers
_LONGEST_NAME = 80
_LONGEST_LABEL = 120  # what is longer, alone on its line, is no label in a table


@dataclass(frozen=True)
class _Column:
    """A column of numbers: its name, and where it stands."""

    name: str
    left: float
    right: float


def name_columns(lines: Sequence[Line]) -> list[Line]:
    """Return the lines of a page with their numbers named; the header lines that gave the names go."""
    kept: list[Line] = []
    columns: list[_Column] = []
    for at, line in enumerate(lines):
        if _ends_table(line, kept):
            columns = []
        elif _is_data(line):
            if not columns or _fit(line, columns) is None:
                columns, kept = _header(kept, line, lines[at + 1 : at + 1 + _NEAR])
            _name(line, columns)
        elif _is_header(line):
            columns = []
        kept.append(line)
    return kept


def _ends_table(line: Line, before: Sequence[Line]) -> bool:
    moved = bool(before) and before[-1].column != line.column
    return moved or (not line.is_row and len(line.text) > _LONGEST_LABEL)


def _is_data(line: Line) -> bool:
    """Whether a line is a label and numbers, not all of them years."""
    values = line.cells[1:]
    return bool(values) and all(map(_NUMBER.match, values)) and not all(map(_YEAR.match, values))


def _is_header(line: Line) -> bool:
    """Whether a row may name columns: none of its cells, but the first, is a number that is no year."""
    return line.is_row and not any(_NUMBER.match(cell) and not _YEAR.match(cell) for cell in line.cells[1:])


def _header(before: list[Line], row: Line, after: Sequence[Line]) -> tuple[list[_Column], list[Line]]:
    """Read the names of a row's columns off the lines above; return them, and those lines that are none of it.

    There are none for a row that stands alone, or has one number: there a neighbour is easily taken for a name.
    """
    end = len(before)
    while end and len(before) - end < _MOST_LABELS and _is_label(before[end - 1], row):
        end -= 1
    bottom = before[end - 1] if end else None
    if bottom is None or len(row.cells) < 3 or len(_over(bottom, row)) != len(row.cells) - 1:
        return [], before
    heads = [place for place, _ in _over(bottom, row)]
    spans = [
        (min(head[0], place[0]), max(head[1], place[1])) for head, place in zip(heads, row.places[1:], strict=True)
    ]
    names = [""] * len(spans)
    start = end
    while start and end - start < _MOST_HEADER_LINES:
        above = _names_over(before[start - 1], row, spans)
        if above is None:
            break
        names = [f"{name} {rest}".strip() for name, rest in zip(above, names, strict=True)]
        start -= 1
    if len(set(names)) < len(names) or not all(0 < len(name) <= _LONGEST_NAME for name in names):
        return [], before
    columns = [_Column(name, *span) for name, span in zip(names, spans, strict=True)]
    if not any(_is_data(line) and _fit(line, columns) for line in after):
        return [], before
    corners = [corner for line in before[start:end] if (corner := _corner(line, row)) is not None]
    if corners and _PERIOD.search(corners[-1].text):
        columns = [_Column(f"{corners[-1].text} {column.name}", column.left, column.right) for column in columns]
        corners.pop()
    return columns, before[:start] + corners + before[end:]


def _is_label(line: Line, row: Line) -> bool:
    """Whether a line is the head of a group of rows, such as "Cost of sales:", or says "(in millions)"."""
    over = _over(line, row)
    if len(over) == 1 and over[0][1].startswith("(") and line.column == row.column:
        return True
    near = abs(line.left - row.left) < 4 * row.size and line.right < row.places[1][0]
    return not line.is_row and near and line.column == row.column


def _names_over(line: Line, row: Line, spans: Sequence[Place]) -> list[str] | None:
    """Return what a line says over each column: a cell of its own, or one over as many columns as the next."""
    over = _over(line, row)
    numbers = any(_NUMBER.match(text) and not _YEAR.match(text) for _, text in over)
    sentence = any(len(text) > _LONGEST_NAME or ":" in text or text.endswith(".") for _, text in over)
    corner = line.cells[: len(line.cells) - len(over)]
    other_row = len(over) < len(spans) and bool(corner) and not corner[0].startswith("(")
    if line.column != row.column or not over or numbers or sentence or other_row or over[0][1].startswith("("):
        return None
    slack = 3 * row.size
    if len(over) == 1 and (over[0][0][0] < spans[0][0] - slack or over[0][0][1] > spans[-1][1] + slack):
        return None  # a caption over the whole table
    if len(spans) % len(over) == 0:
        wide = len(spans) // len(over)
        groups = [spans[at : at + wide] for at in range(0, len(spans), wide)]
        if all(_is_centred(place, group, slack) for (place, _), group in zip(over, groups, strict=True)):
            return [over[at // wide][1] for at in range(len(spans))]
    names = [""] * len(spans)
    for (left, right), text in over:
        under = [at for at, span in enumerate(spans) if min(right, span[1]) > max(left, span[0])]
        if len(under) != 1 or names[under[0]]:
            return None
        names[under[0]] = text
    return names


def _is_centred(place: Place, group: Sequence[Place], slack: float) -> bool:
    """Whether a cell stands over the middle of some columns, or anywhere over a single one."""
    left, right = group[0][0], group[-1][1]
    off = abs(place[0] + place[1] - left - right) / 2
    return off < ((right - left) / 2 + slack if len(group) == 1 else (right - left) / 5)


def _over(line: Line, row: Line) -> list[tuple[Place, str]]:
    """Return the cells of a line that stand right of a row's label."""
    cells = list(zip(line.places, line.cells, strict=True))
    labels = [place for place, _ in cells if place[0] < row.left + 3 * row.size]
    return cells[1:] if labels else cells


def _corner(line: Line, row: Line) -> Line | None:
    """Return what a header line says over the labels, such as "(in millions)"."""
    rest = len(line.cells) - len(_over(line, row))
    if not rest:
        return None
    line.cells, line.places = line.cells[:rest], line.places[:rest]
    line.right = line.places[-1][1]
    return line


def _fit(line: Line, columns: Sequence[_Column]) -> list[_Column] | None:
    """Return the column of each of a row's numbers; None where one stands in none of its own."""
    found: list[_Column] = []
    for left, right in line.places[1:]:
        under = [column for column in columns if min(right, column.right) > max(left, column.left)]
        if len(under) != 1 or under[0] in found:
            return None
        found += under
    return found


def _name(line: Line, columns: Sequence[_Column]) -> None:
    for at, column in enumerate(_fit(line, columns) or [], start=1):
        line.cells[at] = f"{column.name}: {line.cells[at]}"
