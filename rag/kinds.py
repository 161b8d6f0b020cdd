"""The kind of thing a question asks for, and whether a sentence holds one: by patterns, for English."""

from __future__ import annotations

import re
from typing import Literal

from rag.words import STOP_WORDS, words

Kind = Literal["person", "time", "number", "place"]

_ASKS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (
        "number",
        re.compile(
            r"\bhow (?:many|much|large|big|long|far|old|tall|high|fast|often|few|deep|wide|heavy)\b"
            r"|\b(?:what|which) (?:is the |was the |were the |are the )?"
            r"(?:number|percent\w*|share|proportion|amount|price|cost|size|rate|value|total|sum|valuation|ratio)\b"
            r"|\b(?:number|percentage|valuation|amount|share|rate)\b\s*(?:of\b|\?|$)"
        ),
    ),
    (
        "time",
        re.compile(r"\bwhen\b|\b(?:what|which|in what|in which) (?:year|date|day|month|century|decade|time|period)\b"),
    ),
    ("person", re.compile(r"\bwho\b|\bwhom\b|\bwhose\b|\b(?:what|which) (?:person|people|man|woman|author)\b")),
    (
        "place",
        re.compile(r"\bwhere\b|\b(?:what|which|in what|in which) (?:country|city|state|place|town|region|location)\b"),
    ),
)

_NUMBER_WORD = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion"
    " trillion dozen half third quarter first second"
)
_NUMBER = re.compile(rf"\d|\b(?:{'|'.join(_NUMBER_WORD.split())})s?\b", re.IGNORECASE)
_TIME = re.compile(
    r"\b(?:1[0-9]|20)\d\d\b|\b\d{1,2}(?:st|nd|rd|th)\b|\bcentur(?:y|ies)\b|\b\d{3}s\b"
    r"|\b(?:January|February|March|April|May|June|July|August|September|October|November|December)\b"
    r"|\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b|\b(?:BC|AD|BCE|CE)\b"
)
_NAME = re.compile(r"(?<![.!?] )(?<!^)\b[A-Z][\w'’-]+|\b[A-Z][\w'’.-]+ [A-Z][\w'’-]+")
_PLACE = re.compile(r"\b(?:in|at|from|near|to|of|into|between|across|on)\s+(?:the\s+)?[A-Z][\w'’-]+")


def asked_kind(question: str) -> Kind | None:
    """Return the kind of thing ``question`` asks for, or None where it cannot be told."""
    lowered = question.lower()
    return next((kind for kind, pattern in _ASKS if pattern.search(lowered)), None)


def holds_kind(kind: Kind, sentence: str, question: str) -> bool:
    """Whether ``sentence`` holds a thing of ``kind`` that the question does not name itself."""
    pattern = {"number": _NUMBER, "time": _TIME, "person": _NAME, "place": _PLACE}[kind]
    asked = set(words(question)) | STOP_WORDS
    return any(not asked.issuperset(words(match.group()) or [""]) for match in pattern.finditer(sentence))
