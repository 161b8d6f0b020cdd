"""When a document is from, as far as its name, its title or its first lines say so plainly.

A date in the text below that says when something happened, not when it was written, so only the first
lines are read. A file's own time is no help: copying changes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from rag.types import Document

_FIRST_LINES = 12
_FIRST_CHARACTERS = 1500
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<!\d){_YEAR}[-_./](?P<month>0[1-9]|1[0-2])[-_./](?P<day>[0-3]\d)(?!\d)",
        rf"(?<!\d){_YEAR}(?P<month>0[1-9]|1[0-2])(?P<day>[0-3]\d)(?!\d)",
        rf"(?<!\w){_DAY}[ -]{_MONTH},?[ -]{_YEAR}\b",
        rf"\b{_MONTH} {_DAY},? {_YEAR}\b",
        rf"\b{_MONTH} {_YEAR}\b",
        rf"(?<!\d){_YEAR}[-_](?P<month>0[1-9]|1[0-2])(?![-_]?\d)",
    )
)
_BARE_YEAR = re.compile(rf"(?<!\d){_YEAR}(?!\d)")
# Lines that tell the date of the document itself: a mail's header, a report's dateline, front matter.
_DATE_LINE = re.compile(
    r"^\W*(?:date|dated|published|updated|last updated|issued|as of|created|revised|version of|sent)\b\W*(?P<said>.*)$",
    re.IGNORECASE,
)
_ALONE = 30  # characters: a line so short that holds a date is a dateline


def document_date(document: Document) -> date | None:
    """Return the day a document is from; the first of the month or year where no more is said; None if unsaid."""
    for said in (*_date_lines(document.text), document.source, document.title):
        if (found := _date(said)) is not None:
            return found
    years = [_BARE_YEAR.findall(said) for said in (document.source, document.title)]
    only = {year for found in years for year in found}
    return date(int(only.pop()), 1, 1) if len(only) == 1 else None


def _date_lines(text: str) -> Iterator[str]:
    """Yield what the first lines say of the document's own date."""
    for line in text[:_FIRST_CHARACTERS].splitlines()[:_FIRST_LINES]:
        if told := _DATE_LINE.match(line):
            yield told["said"]
        elif len(line) <= _ALONE:
            yield line


def _date(text: str) -> date | None:
    """Return the first date in ``text``, or None."""
    for pattern in _DATES:
        for found in pattern.finditer(text):
            parts = found.groupdict()
            month = parts["month"].lower()
            number = int(month) if month.isdigit() else _MONTHS.index(month[:3]) + 1
            try:
                return date(int(parts["year"]), number, int(parts.get("day") or 1))
            except ValueError:  # the 31st of a shorter month: no date after all
                continue
    return None
