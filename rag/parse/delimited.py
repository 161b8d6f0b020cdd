"""CSV and TSV: a record is a row, each value with the name of its column."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from itertools import dropwhile
from typing import Any

from rag.errors import ParseError
from rag.parse.builder import Builder
from rag.parse.markup import squeeze
from rag.parse.parsed import Parsed
from rag.parse.sheet import add_rows, filled
from rag.parse.text import decode

_DELIMITERS = "\t;|,"  # where all fit: the sooner the rarer in plain text
_DECLARED_DELIMITER = re.compile(r"sep=(.)\n", re.IGNORECASE)
_LEAST_REGULAR = 0.7
_MOST_TITLES = 5  # lines over a table; more are a text


def parse_csv(data: bytes, name: str) -> Parsed:
    """Read a table of values set apart by commas, semicolons, bars or tabs; its records are the pages."""
    text = decode(data)
    declared = _DECLARED_DELIMITER.match(text)
    if declared:
        text = text[declared.end() :]
    builder = Builder()
    add_rows(builder, filled(_records(text, declared[1] if declared else _delimiter(text))))
    return builder.parsed(name, "row")


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
    """Return the share of records that have the commonest number of cells, if that is more than one.

    Lines of one cell on top are titles, and tell nothing of it.
    """
    widths = [len(record) for record in _records(text, delimiter) if any(record)]
    titles = len(widths) - len(list(dropwhile(lambda width: width == 1, widths)))
    if titles <= min(_MOST_TITLES, len(widths) - 2):
        widths = widths[titles:]
    if not widths:
        return 0
    width, times = Counter(widths).most_common(1)[0]
    return times / len(widths) if width > 1 else 0
