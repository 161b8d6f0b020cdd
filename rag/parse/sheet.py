"""Spreadsheets: XLSX, CSV and TSV. A row is a block, each value with the name of its column.

Values are written as the sheet shows them, near enough: dates, percentages and decimals by the
cell's format, but without marks between thousands, and currencies before the number. What a formula
gave is read as it was saved; nothing is computed. Names of columns that run over several rows, and those
of tables side by side, are not told apart.
"""

from __future__ import annotations

import csv
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, redirect_stdout
from datetime import date, datetime, time
from io import BytesIO, StringIO
from itertools import islice
from typing import Any

from rag.errors import ParseError
from rag.parse.archive import office_title, open_archive
from rag.parse.builder import Builder
from rag.parse.markup import squeeze
from rag.parse.parsed import Parsed
from rag.parse.table import is_header
from rag.parse.text import decode

# A row with something in it: its number as the spreadsheet shows it, and its cells.
Row = tuple[int, list[str]]

_AHEAD = 20  # rows on top of which, and above which, a header is looked for
_LAST_ROW = 1_048_576
_MOST_COLUMNS = 16_384
_LARGE, _MOST_DECIMALS = 10**10, 15
_DELIMITERS = "\t;|,"  # where all fit: the sooner the rarer in plain text
_DECLARED_DELIMITER = re.compile(r"sep=(.)\n", re.IGNORECASE)
_LEAST_REGULAR = 0.7
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_ERROR = re.compile(r"#(?:REF!|N/A|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|GETTING_DATA)")
_NOT_SHOWN = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.')  # literals, colours and locales, escapes, gaps
_DECIMALS = re.compile(r"[0#?][0#?,]*(?:\.([0#?]+))?")
_CURRENCY = re.compile(r"\[\$([^\]-]+)|(?<!\[)([$€£¥])")  # "[$€-407]", but "[$-407]" is a language


def parse_xlsx(data: bytes, name: str) -> Parsed:
    """Read a workbook of Excel; its sheets are headings, its rows the pages."""
    with open_archive(data, "XLSX") as archive:
        title = office_title(archive)
        if not any(path.lower().endswith("workbook.xml") for path in archive.namelist()):
            raise ParseError("not an XLSX file, though it is named so: it holds no workbook")
    builder = Builder()
    try:
        missing = _read_workbook(data, builder)
    except Exception as error:  # openpyxl raises many kinds on broken files
        raise ParseError(f"the file is damaged: not readable as XLSX ({type(error).__name__})") from error
    if missing and not builder.headings:
        raise ParseError("the file is damaged: none of its sheets can be read")
    warning = f"damaged and not read to the end: {', '.join(missing)}" if missing else None
    return builder.parsed(title or name, "row", warning=warning)


def parse_csv(data: bytes, name: str) -> Parsed:
    """Read a table of values set apart by commas, semicolons, bars or tabs; its records are the pages."""
    text = decode(data)
    declared = _DECLARED_DELIMITER.match(text)
    if declared:
        text = text[declared.end() :]
    builder = Builder()
    add_rows(builder, filled(_records(text, declared[1] if declared else _delimiter(text))))
    return builder.parsed(name, "row")


def add_rows(builder: Builder, rows: Iterable[Row], heading: str = "") -> None:
    """Add the rows of a sheet, under its name: a table begins on top and after each gap."""
    header: list[str] | None = None
    last, seen = -1, 0
    rows = iter(rows)
    ahead = list(islice(rows, _AHEAD))
    with ExitStack() as table:
        while ahead:
            number, cells = ahead.pop(0)
            ahead.extend(islice(rows, 1))
            builder.page(number)
            builder.heading(heading, 1)
            heading = ""
            follows = last == number - 1
            seen = seen + 1 if follows else 0
            begins = (not follows or (header is None and seen < _AHEAD)) and _begins_table(cells, ahead, header)
            if begins or not follows:
                header = cells if begins else header
                table.close()
                table.enter_context(builder.table(header or ()))
            if not begins and cells != header:  # else it is the header once more, on a further page
                builder.row(cells)
            last = number


def _begins_table(cells: list[str], below: list[Row], header: list[str] | None) -> bool:
    """Whether a row names the columns; the looks of a second header must leave no doubt."""
    rows = [row for _, row in below]
    width = max([len(cells), *map(len, rows)])
    return is_header(cells + [""] * (width - len(cells)), rows, strict=header is not None)


def filled(rows: Iterable[list[str]]) -> Iterator[Row]:
    """Yield the rows that hold something, with their numbers."""
    for number, cells in enumerate(rows, start=1):
        if any(cells):
            yield number, cells


def _read_workbook(data: bytes, builder: Builder) -> list[str]:
    """Add all sheets, and return the names of those that are broken."""
    from openpyxl import load_workbook

    missing = []
    with warnings.catch_warnings(), redirect_stdout(StringIO()):
        warnings.simplefilter("ignore")  # of what openpyxl would lose on writing; of other things it prints
        workbook = load_workbook(BytesIO(data), read_only=True, data_only=True, keep_links=False)
    for sheet in workbook.worksheets:
        try:
            sheet.reset_dimensions()  # they are what the file claims, not what is there
            add_rows(builder, filled(_sheet_rows(sheet)), squeeze(sheet.title))
        except Exception:  # as above; the other sheets may be whole
            missing.append(squeeze(sheet.title))
    return missing


def _sheet_rows(sheet: Any) -> Iterator[list[str]]:
    for row in islice(sheet.iter_rows(), _LAST_ROW):
        cells = [_cell_text(cell) for cell in row[:_MOST_COLUMNS]]
        while cells and not cells[-1]:
            cells.pop()
        yield cells


def _cell_text(cell: Any) -> str:
    value = cell.value
    if value is None or cell.data_type == "e":
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, (int, float)):
        return _number_text(value, cell.number_format or "General")
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.isoformat("minutes")
    text = squeeze(_ESCAPED.sub(lambda code: chr(int(code[1], 16)), str(value)))
    return "" if _ERROR.fullmatch(text) else text


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


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    """Yield the records as lists of cells; where a quotation mark is never closed, none has a meaning."""
    # A cell may be as long as the file; the limit is one for the process and only ever raised.
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    quoting: Any = csv.QUOTE_NONE if _is_quote_open(text, delimiter) else csv.QUOTE_MINIMAL
    records = csv.reader(StringIO(text, newline=""), delimiter=delimiter, quoting=quoting)
    return ([squeeze(cell) for cell in record] for record in _whole(records))


def _whole(records: Iterator[list[str]]) -> Iterator[list[str]]:
    try:
        yield from records
    except csv.Error as error:
        raise ParseError(f"not readable as CSV: {error}") from error


def _is_quote_open(text: str, delimiter: str) -> bool:
    try:
        for _ in csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True):
            pass
    except csv.Error as error:
        return "unexpected end of data" in str(error)
    return False


def _delimiter(text: str) -> str:
    """Return what splits most records into the same number of cells; where nothing does, what is in no text."""
    start = "\n".join(text[:100_000].split("\n")[:100])
    fits = {delimiter: _regularity(start, delimiter) for delimiter in _DELIMITERS}
    best = max(_DELIMITERS, key=lambda delimiter: fits[delimiter])
    return best if fits[best] >= _LEAST_REGULAR else "\x1f"


def _regularity(text: str, delimiter: str) -> float:
    """Return the share of records that have the commonest number of cells, if that is more than one."""
    counts = Counter(len(record) for record in _records(text, delimiter) if any(record))
    if not counts:
        return 0
    width, times = counts.most_common(1)[0]
    return times / counts.total() if width > 1 else 0
