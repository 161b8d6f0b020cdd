"""Sheets of OpenDocument (ODS), as LibreOffice writes them: what a person sees, row by row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rag.parse.builder import Builder
from rag.parse.markup import squeeze
from rag.parse.sheet import LeftOut, Merge, Row, add_rows, seen, spread
from rag.parse.tree import attribute, local_name

_MOST_COLUMNS = 1024  # of a sheet
_LAST_ROW = 1_048_576
_GROUPS = frozenset("table-header-rows table-rows table-row-group table-header-columns table-columns".split())
_GROUPS |= {"table-column-group"}


def add_sheets(builder: Builder, content: Any) -> str | None:
    """Add the sheets that are shown, under their names, and say what is left out."""
    looks = content.iter("{*}table-properties")
    hidden = {attribute(one.getparent(), "name") for one in looks if attribute(one, "display") == "false"}
    left_out = LeftOut()
    for sheet in content.iterfind("{*}body/{*}spreadsheet/{*}table"):
        if attribute(sheet, "style-name") in hidden:
            left_out.sheets += 1
        else:
            _add_sheet(builder, sheet, left_out)
    return left_out.warning


def _add_sheet(builder: Builder, sheet: Any, left_out: LeftOut) -> None:
    merges = [merge for number, _, row in _parts(sheet, "table-row", _LAST_ROW) for merge in _merges(number, row)]
    columns = _parts(sheet, "table-column", _MOST_COLUMNS)
    hidden_columns = {at - 1 for first, times, one in columns if _is_hidden(one) for at in range(first, first + times)}
    hidden: set[int] = set()
    rows = spread(_filled_rows(sheet, hidden, left_out), merges)
    rows = seen(rows, hidden.__contains__, lambda: hidden_columns, left_out)
    add_rows(builder, rows, squeeze(attribute(sheet, "name")), merges)


def _filled_rows(sheet: Any, hidden: set[int], left_out: LeftOut) -> Iterator[Row]:
    """Yield the rows that hold something; one that stands for many is yielded as often."""
    for first, times, row in _parts(sheet, "table-row", _LAST_ROW):
        cells: list[str] = []
        for at, count, cell in _cells(row):
            if text := paragraphs(cell):
                cells += [""] * (at - 1 - len(cells)) + [text] * count
            left_out.formulas += not text and bool(attribute(cell, "formula")) and not attribute(cell, "value-type")
        for number in range(first, first + times) if cells else ():
            if _is_hidden(row):
                hidden.add(number)
            yield number, cells.copy()


def _merges(number: int, row: Any) -> Iterator[Merge]:
    for at, _, cell in _cells(row):
        height, width = (_number(cell, f"number-{of}-spanned") or 1 for of in ("rows", "columns"))
        if max(height, width) > 1:
            yield Merge(number, number + height - 1, at - 1, at + width - 2)


def _cells(row: Any) -> Iterator[tuple[int, int, Any]]:
    for at, times, cell in _repeated(row, "columns", _MOST_COLUMNS):
        if local_name(cell) == "table-cell":
            yield at, times, cell


def _parts(sheet: Any, name: str, last: int) -> Iterator[tuple[int, int, Any]]:
    """Yield the rows or columns of a sheet, also those that are grouped: their number, how often they stand, which."""
    parts = (part for part in _ungrouped(sheet) if local_name(part) == name)
    return _repeated(parts, name.removeprefix("table-") + "s", last)


def _repeated(parts: Any, of: str, last: int) -> Iterator[tuple[int, int, Any]]:
    number = 1
    for part in parts:
        times = min(_number(part, f"number-{of}-repeated") or 1, last + 1 - number)
        if times > 0:
            yield number, times, part
        number += times


def _ungrouped(table: Any) -> Iterator[Any]:
    for part in table:
        if local_name(part) in _GROUPS:
            yield from _ungrouped(part)
        else:
            yield part


def paragraphs(element: Any) -> str:
    """Return the text of the paragraphs in a cell or a shape, in one line."""
    return squeeze(" ".join("".join(_line(one)) for one in element.iter("{*}p")))


def _line(element: Any) -> Iterator[str]:
    yield element.text or ""
    for part in element:
        if local_name(part) in ("s", "tab", "line-break"):
            yield " "
        elif local_name(part) != "note":
            yield from _line(part)
        yield part.tail or ""


def _is_hidden(part: Any) -> bool:
    """Whether a row or a column is hidden, by hand or by a filter."""
    return attribute(part, "visibility") in ("collapse", "filter")


def _number(element: Any, name: str) -> int:
    value = attribute(element, name)
    return int(value) if re.fullmatch(r"[0-9]{1,9}", value) else 0
