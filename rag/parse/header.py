"""Which rows of a table hold the names of its columns, told by looks: names are short, no figures, and no two alike."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

_FIGURE = re.compile(
    r"[-+−(~<>≈]*\s?[$€£¥]?\s?\d[\d.,:/'’\s%()-]*(?:[$€£¥]|[ap]m|bn?|m|k|[TZ][\d:.+Z-]*)?", re.IGNORECASE
)
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")
_DATE = re.compile(r"\d{1,4}[-/.:]\d{1,2}[-/.:]\d|\d{1,2}:\d\d")
_LONGEST_NAME = 80


def is_header(names: list[str], rows: list[list[str]], strict: bool = False) -> bool:
    """Whether the cells of a row look like the names of the columns over ``rows``.

    Of two columns, either may hold the names: there, figures of one kind must stand under a name; where it shall be
    ``strict``, figures.
    """
    filled = [name for name in names if name]
    used = sum(any(at < len(row) and row[at] for row in [names, *rows]) for at in range(len(names)))
    if len(filled) < 2 or len(filled) <= used / 2 or not rows:
        return False
    figures = [name for name in filled if is_figure(name)]
    if len(set(filled)) < len(filled) or not all(map(is_name, filled)) or _recurs(names, rows):
        return False
    if figures and not _are_years(figures):
        return False
    if len(filled) > 2 and not strict:
        return True
    holds = holds_figures if len(filled) > 2 else _holds_one_kind
    return bool(figures) or any(name and holds(at, rows) for at, name in enumerate(names))


def is_header_of(levels: Sequence[list[str]], rows: list[list[str]], strict: bool = False) -> bool:
    """Whether some rows together look like the names of the columns over ``rows``."""
    if len(levels) > 1:
        cells = [cell for level in levels for cell in level if cell]
        if any(is_figure(cell) and not _YEAR.fullmatch(cell) for cell in cells) or not all(map(is_name, cells)):
            return False
        if any(_recurs(level, rows) for level in levels):
            return False
    return is_header(joined_names(levels), rows, strict)


def joined_names(levels: Sequence[list[str]]) -> list[str]:
    """Return one name for each column from the rows of a header: "2023" over "Q1" is "2023 Q1"."""
    width = max(map(len, levels))
    padded = [level + [""] * (width - len(level)) for level in levels]
    return [" ".join(filter(None, dict.fromkeys(parts))) for parts in zip(*padded, strict=True)]


def spans_groups(upper: list[str], lower: list[str]) -> bool:
    """Whether a row names groups of the columns that the next row names alike: "2023", "", "2024", "" over names."""
    names = [name for name in lower if name]
    first = next((at for at, name in enumerate(upper) if name), len(lower))
    covered = any(name and not group for group, name in zip(upper[first:], lower[first:], strict=False))
    return sum(map(bool, upper)) > 1 and covered and len(set(names)) < len(names)


def filled_right(groups: list[str]) -> list[str]:
    """Return the names of groups of columns with each in all columns of its group."""
    found = [""]
    for name in groups:
        found.append(name or found[-1])
    return found[1:]


def is_figure(text: str) -> bool:
    """Whether a cell holds a number, an amount, a date or a time."""
    return bool(_FIGURE.fullmatch(text))


def is_name(text: str) -> bool:
    """Whether a cell may hold a name: it is short, and neither a sentence nor an address."""
    return len(text) <= _LONGEST_NAME and not text.endswith(".") and "@" not in text and "://" not in text


def holds_figures(column: int, rows: list[list[str]]) -> bool:
    """Whether most cells of a column that hold something hold figures."""
    cells = [row[column] for row in rows if column < len(row) and row[column]]
    return bool(cells) and sum(map(is_figure, cells)) > len(cells) / 2


def _holds_one_kind(column: int, rows: list[list[str]]) -> bool:
    """Whether all cells of a column that hold something hold dates, or all hold other figures."""
    cells = [row[column] for row in rows if column < len(row) and row[column]]
    return bool(cells) and all(map(is_figure, cells)) and len({bool(_DATE.match(cell)) for cell in cells}) == 1


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
