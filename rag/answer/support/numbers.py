"""The numbers of a text as values: '1.2 million' is 1,200,000, 'seven per cent' is 7 %, 'the 19th century' is a time.

It reads figures as English writes them, and number words of English alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

Hedge = Literal["", "about", "over", "under"]
Kind = Literal["number", "ordinal", "decade", "century"]

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_RANKS = (
    "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth"
    " fifteenth sixteenth seventeenth eighteenth nineteenth"
).split()
_CARDINALS = {word: value for value, word in enumerate(_ONES)} | {w: 10 * (at + 2) for at, w in enumerate(_TENS)}
_ORDINALS = {word: value for value, word in enumerate(_RANKS)} | {
    word[:-1] + "ieth": 10 * (at + 2) for at, word in enumerate(_TENS)
}
SCALES = {
    "hundred": 1e2, "dozen": 12.0, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12,
    "mn": 1e6, "bn": 1e9, "tn": 1e12, "lakh": 1e5, "crore": 1e7,
}  # fmt: skip
_SHORT_SCALES = {"k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12, **SCALES}
_PARTS = {"half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "eighth": 8, "tenth": 10}
_SIGNS = {"$": "$", "€": "€", "£": "£", "¥": "¥", "₹": "₹", "usd": "$", "eur": "€", "gbp": "£", "rmb": "¥"}

# What is counted or measured, by all its spellings. Two numbers with units that differ are two numbers.
_UNIT_WORDS = {
    "%": "% percent per\u00a0cent percentage pct", "$": "dollar dollars usd", "€": "euro euros eur",
    "£": "sterling gbp", "¥": "yen yuan rmb", "s": "second seconds sec secs", "min": "minute minutes mins",
    "h": "hour hours hrs", "d": "day days", "w": "week weeks",
    "mo": "month months", "y": "year years yr yrs decade decades",
    "km": "km kilometre kilometres kilometer kilometers", "m": "metre metres meter meters",
    "cm": "cm centimetre centimetres centimeter centimeters", "mm": "mm millimetre millimetres millimeter millimeters",
    "mi": "mile miles mi", "ft": "foot feet ft", "in": "inch inches", "yd": "yard yards", "acre": "acre acres",
    "ha": "hectare hectares ha", "kg": "kg kilogram kilograms kilo kilos", "g": "gram grams", "mg": "mg milligrams",
    "t": "tonne tonnes ton tons", "lb": "lb lbs", "l": "litre litres liter liters", "gal": "gallon gallons",
    "kw": "kw kilowatt kilowatts", "mw": "mw megawatt megawatts", "gw": "gw gigawatt gigawatts", "mph": "mph",
    "km/h": "km/h kph", "°c": "°c celsius", "°f": "°f fahrenheit",
}  # fmt: skip
_PER_HOUR = {
    f"{word} per hour": unit
    for unit, listed in (("km/h", "kilometres kilometers km"), ("mph", "miles"))
    for word in listed.split()
}
_UNITS = {
    word.replace("\u00a0", " "): unit for unit, listed in _UNIT_WORDS.items() for word in listed.split(" ")
} | _PER_HOUR

_LONG_UNITS = {"decade": 10, "decades": 10, "centuries": 100}

_CARDINAL = "|".join(sorted(_CARDINALS, key=len, reverse=True))
_ORDINAL = "|".join(sorted(_ORDINALS, key=len, reverse=True))
_SCALE = "|".join(sorted(SCALES, key=len, reverse=True))
_FIGURE = r"\d{1,3}(?:[,\u00a0\u2009\u202f'’]\d{3})+(?:\.\d+)?(?![\d])|\d+(?:\.\d+)?(?:,\d+)?(?!\.\d)"
_JOIN = r"(?:[ -]|\s+and\s+)"
_SPELT = (
    rf"(?:(?:{_CARDINAL}|{_SCALE})(?:{_JOIN}(?:{_CARDINAL}|{_SCALE}))*(?:{_JOIN}(?:{_ORDINAL}))?|(?:{_ORDINAL}))"
    r"(?![\w’'])"
)
_UNIT = "|".join(re.escape(word) for word in sorted(_UNITS, key=len, reverse=True))
_NUMBER = re.compile(
    rf"(?<![\w.])(?<![^\W\d_][-‐‑])(?:(?P<sign>(?:US|A|C|HK|NZ|S)?[$€£¥₹]|\b(?:USD|EUR|GBP|RMB))\s?)?"
    rf"(?:(?:(?<=mid-)|(?<=mid‑))?(?P<figure>{_FIGURE})(?P<rank>st|nd|rd|th)?(?P<era>['’]?s\b)?"
    rf"|\b(?P<spelt>{_SPELT}))"
    rf"(?P<scale>(?:[ -]?(?:{_SCALE})\b)*)(?P<short>\s?(?:k|m|b)\b)?"
    rf"(?P<century>[ -]centur(?:y|ies)\b)?(?:[\s-]?(?P<unit>{_UNIT})(?!\w))?",
    re.IGNORECASE,
)
_MID = re.compile(r"\b(?:mid|pre|post|late|early|since|circa|ca)[-‐‑–](?=\d{4})", re.IGNORECASE)
_FRACTION = re.compile(
    rf"\b(?P<top>an?|one|two|three|four|five|nine)[ -](?P<bottom>{'|'.join(_PARTS)})s?\b(?=\s+of\b|\W|$)", re.IGNORECASE
)
_HALF = re.compile(r"\bhalf\b|½", re.IGNORECASE)
_RANGE = re.compile(r"(?<!\d)(?P<from>[12]\d{3})\s?[-–—/]\s?(?P<to>\d\d)(?!\d|[-–—/]\d)")
_BEFORE = re.compile(
    r"(?:\b(?P<about>about|around|approximately|approx\.?|roughly|some|close to|nearly|almost|estimated|circa|ca?\.)"
    r"|(?P<sign>[~≈])|\b(?P<over>more than|over|above|exceed\w*|greater than|at least|upwards of|just past)"
    r"|\b(?P<under>less than|fewer than|under|below|up to|at most|just shy of))\s*(?:an?\s+|the\s+)?(?:US)?[$€£¥]?$",
    re.IGNORECASE,
)
_AFTER = re.compile(r"\s?(?:or so\b|odd\b|(?P<over>\+|plus\b|or more\b))", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W\d_]+")
_CLOCK = re.compile(
    r"(?<![\w:.])(?P<hour>[01]?\d|2[0-4])(?:[:.](?P<minute>[0-5]\d)(?::[0-5]\d)?(?:\s?(?P<half>[ap])\.?m\b\.?)?"
    r"|\s?(?P<bare>[ap])\.?m\b\.?)(?![\w:])",
    re.IGNORECASE,
)
_ROMANS = "i ii iii iv v vi vii viii ix x xi xii xiii xiv xv xvi".split()
ROMAN = {sign: value for value, sign in enumerate(_ROMANS, 1)}
_ROMAN = re.compile(rf"(?<=[A-Za-z] )\b(?:{'|'.join(_ROMANS).upper()})\b(?![\w'’.])")
_OFTEN = {"once": 1, "twice": 2, "thrice": 3}
_TIMES = re.compile(r"\b(?:once|twice|thrice)\b", re.IGNORECASE)
_SOME_DECADE = re.compile(
    r"\b(?:an?|the|next|last|past|following|previous|coming)\s+(?P<unit>decade|century)\b", re.IGNORECASE
)

_DEFINITE = re.compile(
    r"\b(?:the|these|those|all|both|either|any|its|their|his|her|other)\s+(?:other\s+)?$", re.IGNORECASE
)

_VAGUE = frozenset("a an one".split())


class Number(NamedTuple):
    """A number where it stands. ``low`` and ``high`` differ for a time alone: a decade, a century."""

    text: str
    start: int
    end: int
    low: float
    high: float
    kind: Kind
    unit: str
    hedge: Hedge
    step: float  # what its last digit that tells is worth
    shortened: bool  # it is written with a scale or with decimals
    soft: bool  # "one", "first", "half": said too lightly to be held to

    @property
    def is_year(self) -> bool:
        """Whether it may be a year."""
        return self.kind == "number" and not self.unit and self.text.isdigit() and 1000 <= self.low < 2200


@lru_cache(maxsize=20_000)
def numbers(text: str) -> tuple[Number, ...]:
    """Return the numbers of ``text`` in order."""
    found = [*_fractions(text), *_ranges(text), *_clock(text), *_loosely(text)]
    plain = _MID.sub(lambda mid: " " * len(mid.group()), text)
    for match in _NUMBER.finditer(plain):
        if not any(start < match.end() and match.start() < end for _, start, end, *_ in found):
            found.extend(_read(plain, match))
    return tuple(sorted(found, key=lambda number: number.start))


def _read(text: str, match: re.Match[str]) -> Iterator[Number]:
    """Yield the number a match is; none where its digits are part of a name."""
    spelt, figure = match["spelt"], match["figure"]
    if spelt is None and _glued(text, match):
        return
    plain, ordinal = _spelt(spelt) if spelt else (_figure(figure), bool(match["rank"]))
    unit, scale = _unit(match), _scale(match)
    value = plain * scale * _LONG_UNITS.get((match["unit"] or "").lower(), 1)
    kind, low, high = _time(match, value, ordinal)
    spelt_alone = spelt is not None and scale == 1 and kind in ("number", "ordinal")
    yield Number(
        text=match.group().strip(),
        start=match.start(),
        end=match.end(),
        low=low,
        high=high,
        kind=kind,
        unit=unit,
        hedge=_hedge(text, match.start(), match.end()),
        step=_step(figure, scale, value),
        shortened=scale > 1 or "." in (figure or ""),
        soft=spelt_alone and _lightly(text, match.start(), value, unit),
    )


def _unit(match: re.Match[str]) -> str:
    """Return the unit of a number, by the sign before it or the word after it."""
    sign, short = (match["sign"] or "").lower(), (match["short"] or "").strip().lower()
    unit = _SIGNS.get(sign) or _SIGNS.get(sign[-1:]) or _UNITS.get((match["unit"] or "").lower(), "")
    return unit or ("m" if short == "m" else "")


def _scale(match: re.Match[str]) -> float:
    """Return what a number is to be multiplied by; "m" and "b" are millions and billions of money alone."""
    scale = 1.0
    for word in re.findall(r"[a-z]+", match["scale"].lower()):
        scale *= SCALES[word]
    short = (match["short"] or "").strip().lower()
    return scale * _SHORT_SCALES[short] if short and (match["sign"] or short == "k") and not match["unit"] else scale


def _lightly(text: str, start: int, value: float, unit: str) -> bool:
    """Whether number words do not tell how many: "one of them", "the first", "the two groups"."""
    return (value <= 1 and not unit) or (value <= 4 and not unit and _DEFINITE.search(text, 0, start) is not None)


def _glued(text: str, match: re.Match[str]) -> bool:
    """Whether the digits are part of a name: "5G", "A4"."""
    letters = _LETTERS.match(text, match.end())
    if letters and match["figure"] and not match["scale"]:
        return not letters.group().islower() or len(letters.group()) > 2
    return text[match.end() : match.end() + 1].isalnum() or (
        text[match.end() : match.end() + 1] == "-" and text[match.end() + 1 : match.end() + 2].isupper()
    )


def _figure(figure: str) -> float:
    """Return the value of digits; a comma before other than three digits is a decimal comma."""
    plain = re.sub(r"[,\u00a0\u2009\u202f'’](?=\d{3}(?!\d))", "", figure)
    whole, *rest = re.split("[.,]", plain)
    return float(f"{whole}.{rest[0]}" if rest else whole)


def _spelt(spelt: str) -> tuple[float, bool]:
    """Return the value of number words, and whether they name a rank."""
    total = current = 0.0
    ordinal = False
    for word in re.findall(r"[a-z]+", spelt.lower()):
        if word in SCALES and SCALES[word] < 1000:
            current = max(current, 1) * SCALES[word]
        elif word in SCALES:
            total, current = total + max(current, 1) * SCALES[word], 0.0
        elif word in _CARDINALS or word in _ORDINALS:
            current += _CARDINALS.get(word, _ORDINALS.get(word, 0))
            ordinal = word in _ORDINALS
    return total + current, ordinal


def _time(match: re.Match[str], value: float, ordinal: bool) -> tuple[Kind, float, float]:
    if match["century"] and ordinal:
        return "century", 100 * value - 100, 100 * value
    if match["era"] and 100 <= value < 2200 and value % 10 == 0:
        return "decade", value, value + (99 if value % 100 == 0 and value < 2000 else 9)
    return "ordinal" if ordinal else "number", value, value


def _hedge(text: str, start: int, end: int) -> Hedge:
    before, after = _BEFORE.search(text, max(0, start - 30), start), _AFTER.match(text, end)
    if (before and before["over"]) or (after and after["over"]):
        return "over"
    if before and before["under"]:
        return "under"
    return "about" if before or after else ""


def _step(figure: str | None, scale: float, value: float) -> float:
    digits = re.sub(r"[^\d.]", "", figure or f"{value / scale:g}")
    whole, _, decimals = digits.partition(".")
    if decimals:
        return scale / 10 ** len(decimals)
    step = scale * 10 ** (len(whole) - len(whole.rstrip("0"))) if whole.strip("0") else scale
    return 5 * step if whole.rstrip("0").endswith("5") else step


def _fractions(text: str) -> Iterator[Number]:
    for match in _FRACTION.finditer(text):
        top = match["top"].lower()
        value = (1 if top in _VAGUE else _CARDINALS[top]) / _PARTS[match["bottom"].lower()]
        soft = top in _VAGUE and not text[match.end() :].lstrip().startswith("of")
        yield _share(match, value, soft)
    for match in _HALF.finditer(text):
        if not any(fraction.start() <= match.start() < fraction.end() for fraction in _FRACTION.finditer(text)):
            yield _share(match, 0.5, soft=True)


def _share(match: re.Match[str], value: float, soft: bool) -> Number:
    value *= 100
    return Number(
        match.group(), match.start(), match.end(), value, value, "number", "%", "about", 1.0, shortened=True, soft=soft
    )


def _ranges(text: str) -> Iterator[Number]:
    """Yield both years of "1914–18"."""
    for match in _RANGE.finditer(text):
        first, last = int(match["from"]), int(match["from"][:2] + match["to"])
        if last > first:
            for value, name in ((first, "from"), (last, "to")):
                yield Number(
                    str(value), *match.span(name), value, value, "number", "", "", 1.0, shortened=False, soft=False
                )


def _clock(text: str) -> Iterator[Number]:
    """Yield times of day as minutes after midnight; "4.30" is one only before "pm"."""
    for match in _CLOCK.finditer(text):
        half = (match["half"] or match["bare"] or "").lower()
        if half or ":" in match.group():
            hour = int(match["hour"]) % 12 + 12 * (half == "p") if half else int(match["hour"])
            value = float(60 * hour + int(match["minute"] or 0))
            yield Number(
                match.group(), *match.span(), value, value, "number", "clock", "", 1.0, shortened=False, soft=False
            )


def _loosely(text: str) -> Iterator[Number]:
    """Yield what words tell that are no numbers: the years of "the next decade", how often "twice" is, "Class II"."""
    for match in _ROMAN.finditer(text):
        value = float(ROMAN[match.group().lower()])
        yield Number(match.group(), *match.span(), value, value, "number", "", "", 1.0, shortened=False, soft=True)
    for match in _TIMES.finditer(text):
        often = float(_OFTEN[match.group().lower()])
        yield Number(match.group(), *match.span(), often, often, "number", "", "", 1.0, shortened=False, soft=True)
    for match in _SOME_DECADE.finditer(text):
        years = 100.0 if match["unit"].lower() == "century" else 10.0
        yield Number(match.group(), *match.span(), years, years, "number", "y", "", years, shortened=False, soft=True)
