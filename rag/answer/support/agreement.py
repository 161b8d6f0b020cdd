"""Whether one number bears out another: the same value, in any spelling, or one that is fairly rounded.

Rounding is allowed where the sentence says so ("about", "over"), or where its figure is plainly shortened
("$1.2 million" of 1,234,567). It reckons nothing: a sum or a difference is not in a source.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.answer.support.numbers import SCALES, Number, numbers

_DIFFERENT_YEAR = re.compile(
    r"\b(?:(?P<before>(?:the\s+)?(?:year\s+(?:before|earlier)|(?:previous|prior|preceding|last)\s+year))"
    r"|(?:the\s+)?(?:following|next)\s+year|(?:a|one)\s+year\s+later|the\s+year\s+after)\b",
    re.IGNORECASE,
)
_IN_SCALE = re.compile(
    r"\bin (thousand|million|billion)s\b|\((thousand|million|billion)s\)|(?<![\d,.])['’]?000s?\b", re.IGNORECASE
)
_ABOUT = 0.12  # of the value, where the sentence says "about"
_OVER = 0.25  # where it says "over" or "under"
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "mo": 1e9, "y": 12e9}


def neighbouring_years(text: str) -> tuple[Number, ...]:
    """Return the years that a text names by another: "2023, up from … the year before" is of 2022 too."""
    told = {-1 if match["before"] else 1 for match in _DIFFERENT_YEAR.finditer(text)}
    years = [number for number in numbers(text) if number.is_year] if told else []
    return tuple(year._replace(low=year.low + by, high=year.high + by) for year in years for by in sorted(told))


def scales_of(text: str) -> tuple[float, ...]:
    """Return by what the figures of a passage may have to be multiplied: a table says "in millions" once."""
    found = {SCALES[(a or b).lower()] if a or b else 1000.0 for a, b in _IN_SCALE.findall(text)}
    return (1.0, *sorted(found))


def borne_out(said: Number, source: Sequence[Number], scales: Sequence[float] = (1.0,)) -> bool:
    """Whether one of the numbers of a source says what ``said`` does."""
    return any(says(said, number, scale) for number in source for scale in scales)


def says(said: Number, source: Number, scale: float = 1.0) -> bool:
    """Whether ``source``, times ``scale``, says what ``said`` does: the same, or more exactly."""
    if {said.hedge, source.hedge} == {"over", "under"} or not _same_unit(said, source):
        return False
    if "clock" in (said.unit, source.unit) and said.unit != source.unit:
        return _hour(said, source)
    if said.kind in ("decade", "century"):
        return said.low <= source.low and source.high <= said.high
    if source.kind in ("decade", "century"):
        return False
    if said.unit != source.unit and _span(said) == _span(source) != 0:
        return True
    value = source.low * scale
    return abs(said.low - value) <= 1e-9 * max(1.0, abs(value)) or _rounds(said, source, value)


def _same_unit(said: Number, source: Number) -> bool:
    """Whether the units of two numbers, where both have one, are one, or tell the same time: 14 days, two weeks."""
    return not (said.unit and source.unit) or said.unit == source.unit or _span(said) == _span(source) != 0


def _span(number: Number) -> float:
    """Return a stretch of time in seconds, or, of months and years, in a unit of their own; 0 where it is none."""
    return number.low * _SECONDS.get(number.unit, 0)


def _hour(said: Number, source: Number) -> bool:
    """Whether one of two is a bare number and the hour of the other: "between 2 and 4 pm"."""
    bare, clock = (said, source) if source.unit == "clock" else (source, said)
    return bare.low in (clock.low / 60, clock.low / 60 - 12)


def _rounds(said: Number, source: Number, value: float) -> bool:
    """Whether ``said`` is the ``value`` of a source with fewer digits."""
    off = said.low - value
    if said.is_year and source.is_year:
        return said.hedge == "about" and abs(off) <= said.step / 2 and said.step > 1
    if source.step * (value / source.low if source.low else 1.0) >= said.step and not source.unit == said.unit == "%":
        return False
    if said.hedge == "about":
        return abs(off) <= min(said.step / 2, _ABOUT * abs(value))
    if said.hedge in ("over", "under"):
        below = -off if said.hedge == "over" else off
        return said.hedge != source.hedge and 0 <= below <= min(said.step, _OVER * said.low)
    return said.shortened and abs(off) <= said.step / 2 * (1 + 1e-9)
