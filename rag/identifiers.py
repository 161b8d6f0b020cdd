"""Identifiers: what a text tells one thing of many by, as R-2024-191, fault E-411, room 22, § 41 or v1.2.4.

An identifier means that thing alone: what a passage says of E-412 is no answer about E-411. So a question that names
one is answered only where the documents hold it, in one of the ways it may be written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from rag.dates import days

# Nouns that number things. Not those that count the parts of a text, which its words need not say (page, chapter,
# line), nor those that are spelt out as often (floor, grade, step).
_NOUNS = """
    account amendment annex apartment appendix article batch bay bug building bus case claim clause contract directive
    docket error exhibit fault fig figure file flat flight form gate incident invoice issue item job locker lot machine
    meter model motion order ordinance paragraph parcel permit platform plot policy port project pump regulation
    request resolution room route rule schedule section serial shelf store table tank task ticket track tram unit valve
    vehicle version warrant well zone artikel rechnung raum zimmer abschnitt salle chambre facture sala factura
""".split()
_NOUN = rf"(?:{'|'.join(_NOUNS)})"
_SIGN = r"(?:(?:no|nr|num|number|id)\b[.:]?|[#№])"
_NUMBER = r"\d{1,12}(?:\.\d{1,4}){0,4}[a-z]?"
_LABEL = rf"\b(?P<noun>{_NOUN})s?[.:]?\s{{0,2}}(?:{_SIGN}\s?)?"
_ENDS = r"(?![\w%]|[.,]\d|[-/]\w)"
_LABELLED = re.compile(rf"{_LABEL}(?P<name>(?:[a-z]{{1,2}}-?)?{_NUMBER}){_ENDS}", re.IGNORECASE)
_LABEL_BEFORE = re.compile(f"{_LABEL}$", re.IGNORECASE)
_REACH = 24  # characters before a number that may hold its label
_ANY_NUMBER = re.compile(rf"(?<![\w.,/-])(?P<name>{_NUMBER}){_ENDS}", re.IGNORECASE)
_MARKED = re.compile(rf"(?:[#№]|§{{1,2}}\s?)(?P<name>{_NUMBER})(?!\w)", re.IGNORECASE)
_JOINED = re.compile(r"[^\W_]+(?:(?:-(?![a-z]{3,}\b)|[_.]+|/(?=\d))[^\W_]+)*")  # not the last of "E-411-related"
_ADDRESS = re.compile(r"\S+@\S+|\w+://\S+")
_PIECE = re.compile(r"[^\W\d_]+|\d+")

_MOST = 8  # of a question: each is looked for
_LONGEST_CODE = 4  # letters of one with two digits: B12, but COVID-19 is a name
_LONG_NUMBER = 5  # digits of one that is figures and joints alone: 1204/7, but 10-15 is a range
_FEWEST_OF_NUMBER = 4  # digits that count nothing: order 48213
_COUNTED = re.compile(r"\s+(?!(?:is|was|has|does|as)\b)[^\W\d_]+s\b", re.IGNORECASE)
_BEFORE_DEED = re.compile(r"\b(?:i|you|we|they|to|can|must|should|may|please|not)\s+$", re.IGNORECASE)
_PERIODS = frozenset(("q", "h", "fy", "cy"))  # of a year: reports write them in other words
_ROMAN = "m:1000 cm:900 d:500 cd:400 c:100 xc:90 l:50 xl:40 x:10 ix:9 v:5 iv:4 i:1"
_SPELT = (
    "one|first two|second three|third four|fourth five|fifth six|sixth seven|seventh eight|eighth nine|ninth ten|tenth"
    " eleven|eleventh twelve|twelfth"
).split()
_OTHER_JOINT = r"[\W_]{0,3}"  # "R 2024 / 191"
_SHORT_NOUN = r"(?:no|nr|num|number|id|art|sec|s|fig|cl|para|app|reg)\b[.:]?"
# "rooms 21, 22 and 23"
_OTHERS_BEFORE = r"(?:[a-z]{0,2}\d{1,6}[a-z]?[\s,;/–—-]{1,3}(?:(?:and|or|to|through|und|bis|et|y)\s)?){0,12}"


def labelled(text: str) -> list[str]:
    """Return a term for each number under a noun that numbers things: "Room no. 22" is room22."""
    found: list[str] = []
    for number in _ANY_NUMBER.finditer(text):  # of which there are fewer than of words
        label = _LABEL_BEFORE.search(text, max(0, number.start() - _REACH), number.start())
        if label is not None:
            found.append((label["noun"] + number["name"]).lower())
    return found


@dataclass(frozen=True)
class Identifier:
    """An identifier as a question names it. ``is_number``: it is a number alone, under ``noun`` or after a sign."""

    name: str
    noun: str = ""
    is_number: bool = False

    @property
    def text(self) -> str:
        """It as it is named: "room 22"."""
        return f"{self.noun} {self.name}".strip()

    def stands_in(self, text: str) -> bool:
        """Whether a text names the same thing, or a part of it: AB-1204 is named by AB-1204/7."""
        if self._pattern.search(text):
            return True
        ranges = self._ranges.findall(text) if self.is_number and self.name.isdecimal() else []
        return any(int(first) <= int(self.name) <= int(last) for first, last in ranges)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        pattern = "|".join(self._numberings()) if self.is_number else self._joined()
        return re.compile(pattern, re.IGNORECASE | re.MULTILINE)

    @cached_property
    def _ranges(self) -> re.Pattern[str]:
        return re.compile(rf"{self._label}(\d{{1,9}})\s?(?:-|–|—|to|bis)\s?(\d{{1,9}})", re.IGNORECASE)

    @property
    def _label(self) -> str:
        return rf"\b{self.noun or _NOUN}\w{{0,3}}[.:]?\s{{0,2}}[(#]?(?:{_SIGN}\s?)?"

    def _joined(self) -> str:
        pieces = _PIECE.findall(self.name)
        if pieces[0].lower() == "v":  # v1.2.4 is version 1.2.4
            pieces = pieces[1:]
        pieces = [f"0*{int(one)}" if one.isdecimal() else one for one in pieces]  # INV-2025-35 is INV-2025-0035
        return rf"(?<![^\W_]){_OTHER_JOINT.join(pieces)}(?:s\b|(?![^\W_]))|(?<![^\W_])v{_OTHER_JOINT.join(pieces)}\b"

    def _numberings(self) -> Iterator[str]:
        """Yield how the number may stand: under its noun, a sign or a list's, in a cell, in a longer identifier."""
        number = rf"{re.escape(self.name)}(?![^\W_]|,\d)"  # article 14 is named by 14.2
        yield rf"{self._label}{_OTHERS_BEFORE}(?<![\d.,]){number}"
        yield rf"(?:[#§№]|\b{_SHORT_NOUN})\s?{number}"
        yield rf"^[^\w\n]{{0,8}}{number}"
        yield rf"[|\t]\s?{number}"
        yield rf"[^\W\d_][-_/.]?{number}|(?<![\w.]){re.escape(self.name)}[-_/][^\W_]"
        yield rf"[^\W\d_][-_/.]\d{{1,6}}[-_/.]0{{0,4}}{number.lstrip('0')}"  # invoice 35 is INV-2025-0035
        yield rf"\b{re.escape(self.name)}(?:st|nd|rd|th)\s{self.noun or _NOUN}"
        if self.name.isdecimal() and 0 < (value := int(self.name)) < 90:
            yield rf"{self._label}{roman(value)}\b|^[^\w\n]{{0,8}}{roman(value)}\b"
            if value <= len(_SPELT):
                yield rf"{self._label}(?:{_SPELT[value - 1]})\b|\b(?:{_SPELT[value - 1]})\s{self.noun or _NOUN}"


def identifiers(question: str) -> list[Identifier]:
    """Return the identifiers that a question names, each once, up to some; a date or an address is none."""
    others = [(day.start, day.end) for day in days(question)] + [m.span() for m in _ADDRESS.finditer(question)]
    for start, end in others:
        question = question[:start] + " " * (end - start) + question[end:]
    labelled_ones = ((m["name"], m["noun"]) for m in _LABELLED.finditer(question) if not _is_deed(question, m))
    marked_ones = ((match["name"], "") for match in _MARKED.finditer(question))
    found = [Identifier(name, noun, name[0].isdecimal()) for name, noun in (*labelled_ones, *marked_ones)]
    named = {one.name.lower() for one in found}
    joined = (match.group() for match in _JOINED.finditer(question))
    found += [Identifier(run) for run in joined if _is_identifier(run) and run.lower() not in named]
    return list(dict.fromkeys(found))[:_MOST]


def _is_deed(question: str, label: re.Match[str]) -> bool:
    """Whether what looks like a label is a deed and a count: "may I request 5 days", "to order 20 chairs"."""
    is_count = len(label["name"]) < _FEWEST_OF_NUMBER and _COUNTED.match(question, label.end())
    return bool(is_count or _BEFORE_DEED.search(question[: label.start()]))


def _is_identifier(run: str) -> bool:
    """Whether a run of letters, digits and joints tells one thing: by its shape alone."""
    if "_" in run:
        return True
    pieces = _PIECE.findall(run)
    figures = [piece for piece in pieces if piece.isdecimal()]
    if len(figures) == len(pieces):
        return len(figures) > 1 and _is_code_of_figures(run, figures)
    if not figures or (_is_year(figures[0]) and (len(figures) == 1 or pieces[0].isdecimal())):
        return False
    if pieces[0].isdecimal():  # 24-hour, 5nm, 1204-B7
        return len(figures) > 1 and sum(map(len, figures)) >= _LONG_NUMBER
    code, digits = pieces[0], sum(map(len, figures))
    if code.lower() in _PERIODS:
        return False
    is_code = code.isupper() or len(code) <= 2
    return digits > 3 or (digits == 3 and is_code) or (digits == 2 and is_code and len(code) <= _LONGEST_CODE)


def _is_code_of_figures(run: str, figures: list[str]) -> bool:
    """Whether figures with joints are one code, as 1204/7 or 1.2.4; not a range, years, or a long number."""
    if "-" not in run and "/" not in run:
        return len(figures) > 2 and any(len(figure) != 3 for figure in figures[1:])
    if _is_year(figures[0]) and len(figures) == 2 and len(figures[1]) in (2, 4):
        return False
    is_range = all(len(other) - len(one) in (0, 1) and int(one) < int(other) for one, other in pairwise(figures))
    return sum(map(len, figures)) >= _LONG_NUMBER and not is_range and "." not in run


def _is_year(figure: str) -> bool:
    return len(figure) == 4 and figure[:2] in ("18", "19", "20")


def roman(number: int) -> str:
    """Return a number from 1 as a Roman one, in small letters."""
    text = ""
    for letters, value in (pair.split(":") for pair in _ROMAN.split()):
        times, number = divmod(number, int(value))
        text += letters * times
    return text
