"""The kind of thing a question asks for, and whether a sentence holds one: by patterns, for English."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from rag.languages import question_language
from rag.words import STOP_WORDS, stem, words

Kind = Literal["money", "share", "span", "number", "time", "person", "place"]

_WHICH = r"\b(?:what|which)(?: \w+)? "

# The first that matches is the kind: "how much money" before "how much".
_ASKS: tuple[tuple[Kind, str], ...] = (
    ("share", r"\b(?:percent\w*|proportion|share|fraction|what part)\b"),
    (
        "money",
        r"\bhow (?:much|big|large)\b.*\b(?:money|cost|worth|pay|paid|spen[dt]|invest\w*|rais\w+|fund\w*|financ\w+"
        r"|revenue|budget|earn\w*|sums?|sell|sold|bought|series)\b|\b(?:dollars?|euros?|yuan)\b.*\?"
        rf"|{_WHICH}?(?:price|cost|valuation|budget|revenue|sum)\b|\b(?:valued at|how many (?:dollars|euros|yuan))\b",
    ),
    ("span", r"\bhow (?:long|old|soon)\b|\b(?:how many|number of) (?:years|months|weeks|days|hours|minutes)\b"),
    (
        "number",
        r"\bhow (?:many|much|large|big|far|tall|high|fast|often|few|deep|wide|heavy|quick\w*|great)\b"
        r"|\b(?:number|amount|size|rate|value|total|ratio|count|tally|rank|spot)\b"
        rf"|{_WHICH}(?:figure|temperature|speed|height|weight|population)\b",
    ),
    (
        "time",
        rf"\bwhen\b|{_WHICH}?(?:year|date|day|month|century|decade|time|period|quarter)s?\b|\b(?:by|since) when\b",
    ),
    ("person", rf"\bwho\b|\bwhom\b|\bwhose\b|{_WHICH}?(?:person|people|man|woman|author|official|minister|analyst)\b"),
    ("place", rf"\bwhere\b|{_WHICH}?(?:country|countries|city|cities|state|place|town|region|location|continent)s?\b"),
)
_ASKED = tuple((kind, re.compile(pattern)) for kind, pattern in _ASKS)

_NUMBER_WORD = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion"
    " trillion dozen half third quarter first second"
)
_NUMBER = rf"(?:\d[\d.,]*|\b(?:{'|'.join(_NUMBER_WORD.split())})s?\b)"
_NAME = r"\b[A-Z][a-z'’]+(?:[- ](?:[A-Z]\.|[A-Z][\w'’]+))+"
_HOLDS: dict[Kind, re.Pattern[str]] = {
    "money": re.compile(
        rf"[$€£¥]\s?\d[\d.,]*|{_NUMBER}(?: \w+)? (?:dollars?|euros?|yuan|pounds?|yen|cents?)\b", re.IGNORECASE
    ),
    "share": re.compile(
        rf"\d\s?%|{_NUMBER}[- ]?(?:percent|per cent)|\bdigit percentage|\b(?:half|third|quarter)s?\b", re.I
    ),
    "span": re.compile(
        rf"{_NUMBER}(?: \w+)?[- ](?:year|month|week|day|hour|minute|second|decade|centur)\w*", re.IGNORECASE
    ),
    "number": re.compile(_NUMBER, re.IGNORECASE),
    "time": re.compile(
        r"\b(?:1[0-9]|20)\d\d\b|\b\d{1,2}(?:st|nd|rd|th)\b|\bcentur(?:y|ies)\b|\b\d{3,4}s\b"
        r"|\b(?:January|February|March|April|May|June|July|August|September|October|November|December)\b"
        r"|\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b|\b(?:BC|AD|BCE|CE)\b"
    ),
    "person": re.compile(_NAME),
    "place": re.compile(r"\b(?:in|at|from|near|to|of|into|between|across|on|and)\s+(?:the\s+)?[A-Z][\w'’-]+"),
}


@lru_cache(maxsize=1000)
def asked_kind(question: str) -> Kind | None:
    """Return the kind of thing ``question`` asks for, or None where it cannot be told or is not in English."""
    if question_language(question, ()) not in ("en", ""):
        return None
    lowered = question.lower()
    return next((kind for kind, pattern in _ASKED if pattern.search(lowered)), None)


def holds_kind(kind: Kind, sentence: str, question: str) -> bool:
    """Whether ``sentence`` holds a thing of ``kind`` that the question does not name itself."""
    asked = {stem(word) for word in words(question)} | STOP_WORDS
    found = ({stem(word) for word in words(match.group())} for match in _HOLDS[kind].finditer(sentence))
    return any(not asked >= stems for stems in found)
