"""The dates of a text, whole or in part, in the ways English and figures write them.

A date bears out another that says no more than it does: "in March 2019" rests on "2019-03-07". It does not
reckon: "three days later" is no date.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

MONTHS = "January February March April May June July August September October November December".split()
# Case counts: in small letters "may" and "march" are verbs.
_MONTH = rf"(?P<month>(?-i:{'|'.join(f'{name}|{name[:3]}[.]?' for name in MONTHS)}|Sept[.]?))(?!\w)"
_DAY = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>[12]\d{3})"
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<![\w.]){_YEAR}[-/.](?P<figure>[01]?\d)[-/.](?P<day>[0-3]?\d)(?!\w)",
        r"(?<![\w.])(?P<one>[0-3]?\d)(?P<sign>[-/.])(?P<other>[0-3]?\d)(?P=sign)(?P<year>[12]\d{3})(?!\w)",
        rf"(?<!\w){_DAY}(?:\s+of)?[\s-]+{_MONTH}(?:,?[\s-]+(?:of\s+)?{_YEAR}(?!\w))?",
        rf"\b{_MONTH}\s+(?:the\s+)?{_DAY}(?!\w|[,.]\d)(?:(?:,|\s+of)?\s+{_YEAR}(?!\w))?",
        rf"\b{_MONTH}(?:,?\s+(?:of\s+)?{_YEAR}(?!\w))?",
    )
)


class Day(NamedTuple):
    """A date where it stands; 0 for what it does not say. ``swapped``: day and month may change places."""

    text: str
    start: int
    end: int
    year: int
    month: int
    day: int
    swapped: bool = False


@lru_cache(maxsize=20_000)
def days(text: str) -> tuple[Day, ...]:
    """Return the dates of ``text`` that name a month, in order; of those that overlap, the one that says most."""
    found: list[Day] = []
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            if not any(day.start < match.end() and match.start() < day.end for day in found):
                found.extend(_day(match))
    return tuple(sorted(found, key=lambda day: day.start))


def _day(match: re.Match[str]) -> Iterator[Day]:
    parts = match.groupdict()
    year, day, swapped = int(parts.get("year") or 0), int(parts.get("day") or 0), False
    if parts.get("one"):
        one, other = int(parts["one"]), int(parts["other"])
        month, day = (one, other) if one <= 12 else (other, one)
        swapped = one <= 12 and other <= 12
    elif parts.get("figure"):
        month = int(parts["figure"])
    else:
        month = next(at for at, name in enumerate(MONTHS, 1) if name.startswith(parts["month"][:3]))
    if 1 <= month <= 12 and day <= 31:
        yield Day(match.group(), match.start(), match.end(), year, month, day, swapped)


def is_dated(said: Day, source: Sequence[Day], years: frozenset[int]) -> bool:
    """Whether a date of a source says what ``said`` does; its year may be among the ``years`` near it."""
    return any(_agrees(said, day, years) or (day.swapped and _agrees(said, _turned(day), years)) for day in source)


def _agrees(said: Day, day: Day, years: frozenset[int]) -> bool:
    same_year = not said.year or said.year == day.year or (not day.year and said.year in years)
    return same_year and said.month == day.month and (not said.day or said.day == day.day)


def _turned(day: Day) -> Day:
    return day._replace(month=day.day, day=day.month)
