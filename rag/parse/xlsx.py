"""Workbooks of Excel (XLSX): what a person sees of the sheets, row by row.

Values are written as the sheet shows them, near enough: percentages and decimals by the cell's format, dates as in
"2024-08-01", without marks between thousands, and currencies before the number. What a formula gave is read as it was
saved; nothing is computed. What is hidden is left out, and so are comments.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from datetime import datetime, time, timedelta
from functools import cache
from io import BytesIO, StringIO
from itertools import islice
from typing import Any

from rag.errors import ParseError
from rag.parse.archive import office_title, open_archive
from rag.parse.builder import Builder
from rag.parse.markup import squeeze
from rag.parse.parsed import Parsed
from rag.parse.sheet import LeftOut, Merge, Row, add_rows, seen, spread

_LAST_ROW = 1_048_576
_MOST_COLUMNS = 16_384
_MOST_MERGES = 100_000
_LARGE, _MOST_DECIMALS = 10**10, 15
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_ERROR = re.compile(r"#(?:REF!|N/A|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|GETTING_DATA)")
_NOT_SHOWN = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.')  # literals, colours and locales, escapes, gaps
_DECIMALS = re.compile(r"[0#?][0#?,]*(?:\.([0#?]+))?")
_CURRENCY = re.compile(r"\[\$([^\]-]+)|(?<!\[)([$€£¥])")  # "[$€-407]", but "[$-407]" is a language
_END_OF_ROWS = re.compile(rb"</(?:\w+:)?sheetData\s*>")
_MERGED = re.compile(rb"""<(?:\w+:)?mergeCell\s[^>]*?\bref\s*=\s*["']([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})["']""")
_BLOCK, _LONGEST_TAG = 1 << 20, 1000  # bytes


def parse_xlsx(data: bytes, name: str) -> Parsed:
    """Read a workbook of Excel; its sheets are headings, its rows the pages."""
    with open_archive(data, "XLSX") as archive:
        title = office_title(archive)
        if not any(path.lower().endswith("workbook.xml") for path in archive.namelist()):
            raise ParseError("not an XLSX file, though it is named so: it holds no workbook")
    builder = Builder()
    try:
        left_out = _read_workbook(data, builder)
    except Exception as error:  # openpyxl raises many kinds on broken files
        raise ParseError(f"the file is damaged: not readable as XLSX ({type(error).__name__})") from error
    if left_out.broken and not builder.headings:
        raise ParseError("the file is damaged: none of its sheets can be read")
    return builder.parsed(title or name, "row", warning=left_out.warning)


def _read_workbook(data: bytes, builder: Builder) -> LeftOut:
    """Add all sheets that are seen, and return what is left out."""
    from openpyxl import load_workbook

    left_out = LeftOut()
    with warnings.catch_warnings(), redirect_stdout(StringIO()):
        warnings.simplefilter("ignore")  # of what openpyxl would lose on writing; of other things it prints
        workbook = load_workbook(BytesIO(data), read_only=True, data_only=True, keep_links=False)
        for sheet in workbook.worksheets:
            if sheet.sheet_state != "visible":
                left_out.sheets += 1
                continue
            name = squeeze(sheet.title)
            try:
                merges = list(_merges(sheet))
                add_rows(builder, _seen_rows(sheet, merges, left_out), name, merges)
            except Exception:  # as above; the other sheets may be whole
                left_out.broken.append(name)
    return left_out


def _merges(sheet: Any) -> Iterator[Merge]:
    """Yield the merged cells, which are told after the rows of a sheet, and are needed before."""
    from openpyxl.utils import column_index_from_string

    tail, is_after = b"", False
    with sheet._get_source() as source:
        while block := source.read(_BLOCK):
            tail += block
            if not is_after:
                end = _END_OF_ROWS.search(tail)
                tail, is_after = tail[end.end() if end else -_LONGEST_TAG :], end is not None
    for found in islice(_MERGED.finditer(tail), _MOST_MERGES):
        left, top, right, bottom = (part.decode() for part in found.groups())
        columns = column_index_from_string(left) - 1, column_index_from_string(right) - 1
        yield Merge(int(top), int(bottom), *columns)


def _seen_rows(sheet: Any, merges: list[Merge], left_out: LeftOut) -> Iterator[Row]:
    reader = _reader(sheet, left_out)
    rows = ((number, cells) for number, cells in _rows(sheet, reader) if any(cells))
    return seen(
        spread(rows, merges),
        lambda number: _is_hidden(reader.row_dimensions.get(str(number), {})),
        lambda: _hidden_columns(reader),
        left_out,
    )


def _reader(sheet: Any, left_out: LeftOut) -> Any:
    """Return what reads a sheet row by row: openpyxl's own reader, which also knows what is hidden."""
    from openpyxl.worksheet._reader import FORMULA_TAG, WorkSheetParser

    book = sheet.parent
    reader = WorkSheetParser(
        sheet._get_source(),
        sheet._shared_strings,
        data_only=True,
        epoch=book.epoch,
        date_formats=book._date_formats,
        timedelta_formats=book._timedelta_formats,
    )
    read = reader.parse_cell

    def parse_cell(element: Any) -> Any:
        cell = read(element)
        left_out.formulas += cell["value"] is None and element.find(FORMULA_TAG) is not None
        return cell

    reader.parse_cell = parse_cell
    return reader


def _rows(sheet: Any, reader: Any) -> Iterator[Row]:
    from openpyxl.cell.read_only import ReadOnlyCell

    @cache
    def number_format(style: int) -> str:
        return ReadOnlyCell(sheet, 1, 1, None, style_id=style).number_format or "General"

    with reader.source:
        for number, found in reader.parse():
            if number > _LAST_ROW:
                return
            cells: list[str] = []
            for cell in found:
                at = cell["column"] - 1
                if cell["value"] is not None and at < _MOST_COLUMNS:
                    cells.extend([""] * (at + 1 - len(cells)))
                    cells[at] = _cell_text(cell, number_format)
            yield number, cells


def _hidden_columns(reader: Any) -> Iterator[int]:
    for one in filter(_is_hidden, reader.column_dimensions.values()):
        yield from range(int(one["min"]) - 1, min(int(one["max"]), _MOST_COLUMNS))


def _is_hidden(attributes: Mapping[str, str]) -> bool:
    """Whether a row or column is not shown, or has no height or width."""
    return attributes.get("hidden") in ("1", "true") or any(attributes.get(size) == "0" for size in ("ht", "width"))


def _cell_text(cell: Mapping[str, Any], number_format: Callable[[int], str]) -> str:
    value = cell["value"]
    if isinstance(value, str):
        text = squeeze(_ESCAPED.sub(lambda code: chr(int(code[1], 16)), value))
        return "" if cell["data_type"] == "e" or _ERROR.fullmatch(text) else text
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, (int, float)):
        return _number_text(value, number_format(cell["style_id"]))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
    if isinstance(value, timedelta):
        minutes = round(value.total_seconds() / 60)
        return f"{minutes // 60}:{minutes % 60:02}"
    return str(value.isoformat("minutes") if isinstance(value, time) else value)


def _number_text(value: float, number_format: str) -> str:
    """Write a number with the decimals of its format, those that are noughts left out."""
    shown = _NOT_SHOWN.sub("", number_format.split(";")[0])
    decimals = _DECIMALS.search(shown)
    if decimals is None or "E" in shown or "/" in shown:
        return f"{value:.0f}" if value == round(value, 0) or abs(value) >= _LARGE else f"{value:.10g}"
    places = min(len(decimals[1] or ""), _MOST_DECIMALS)
    if "%" in shown:
        return _without_noughts(f"{value * 100:.{places}f}") + "%"
    return _currency(number_format) + _without_noughts(f"{value:.{places}f}")


def _currency(number_format: str) -> str:
    """Return the sign of the currency a number is shown in, or its letters and a space; empty for none."""
    found = _CURRENCY.search(number_format.split(";")[0])
    sign = (found[1] or found[2]).strip() if found else ""
    return f"{sign} " if sign.isalpha() else sign


def _without_noughts(number: str) -> str:
    number = number.rstrip("0").rstrip(".") if "." in number else number
    return "0" if number == "-0" else number
