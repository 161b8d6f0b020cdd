"""The kind of thing a question asks for, and whether a sentence holds one: by patterns, for English."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from rag.dates import MONTHS
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
# What is asked of several things: to list, count or compare them, in English. A word taken for a superlative that is
# none ("west") shows more than is needed.
_SEVERAL = re.compile(
    r"\b(?:all|any|each|every|both|list|compare[ds]?|comparison|differ\w*|versus|vs|between|than|more|less|fewer|most|least"
    r"|or|better|worse|cheaper|higher|lower|longer|shorter|larger|smaller|older|newer|faster|earlier|later"
    r"|\w{3,}est)\b|^which\b"
)
_ASKED = tuple((kind, re.compile(pattern)) for kind, pattern in _ASKS)

_NUMBER_WORD = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion"
    " trillion dozen half third quarter first second"
)
_SCALE = r"(?:[ -](?:hundreds?|thousands?|millions?|billions?|trillions?|dozens?|bn|m|k)\b)*"
_DIGITS = r"\d+(?:[.,]\d+)*"
_ONE_NUMBER = rf"(?:{_DIGITS}|\b(?:{'|'.join(_NUMBER_WORD.split())})s?\b)"
_NUMBER = rf"{_ONE_NUMBER}(?:[ -]{_ONE_NUMBER})*{_SCALE}(?:\s?[-–]\s?{_ONE_NUMBER}{_SCALE})?"
_SIGN = r"(?:\b(?:US|A|C|HK)|RMB ?)?[$€£¥]\s?"
_WORTH = r"(?:dollars?|euros?|yuan|pounds?|yen|cents?|francs?|krona|kron[eo]r?|lira|rupees?|pesos?|rubles?|marks)\b"
_CAPITAL = r"[A-ZÀ-ÖØ-Þ]"
_NAME = rf"\b{_CAPITAL}[^\W\dA-Z_]['’\w]*(?:[- ](?:{_CAPITAL}\.|{_CAPITAL}[\w'’]+))+|(?<=\bby ){_CAPITAL}[^\W\dA-Z_]\w+"
_MONTH = rf"\b(?:{'|'.join(MONTHS)})\b"
_SHORT_MONTH = r"\b(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?"  # beside a figure; "Jan" may be a name
_YEAR = r"\b(?:1[0-9]|20)\d\d\b"
_ERA = r"(?:\s?\b(?:BC|AD|BCE|CE)\b)"
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_ORDINAL = (
    r"\d{1,2}(?:st|nd|rd|th)|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth"
    r"|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|twenty-first"
)
_THING = "thing"  # the group that is the thing itself, without a preposition that only tells it is one
_HOLDS: dict[Kind, re.Pattern[str]] = {
    "money": re.compile(rf"{_SIGN}{_DIGITS}{_SCALE}|{_NUMBER}(?: \w+)? {_WORTH}", re.IGNORECASE),
    "share": re.compile(
        rf"{_NUMBER}\s?%|{_NUMBER}[- ]?(?:percent|per cent)\b|[\w-]*\bdigit percentage"
        r"|\b(?:(?:a|one|two|three)[- ])?(?:half|third|quarter)s?\b|\bhalves\b",
        re.IGNORECASE,
    ),
    "span": re.compile(
        rf"{_NUMBER}(?: \w+)?[- ](?:(?:year|month|week|day|hour|minute|second|decade)s?|centur(?:y|ies))\b",
        re.IGNORECASE,
    ),
    "number": re.compile(rf"(?:{_SIGN})?{_NUMBER}", re.IGNORECASE),
    "time": re.compile(
        rf"\b(?:{_DAY}(?: of)? )?{_MONTH}(?: {_DAY}\b(?!\d))?(?:(?:,| of)? {_YEAR})?|\b\d{{4}}-\d\d-\d\d\b"
        rf"|\b{_DAY} {_SHORT_MONTH}(?:,? {_YEAR})?|{_SHORT_MONTH} (?:{_DAY}\b(?!\d))?(?:,? ?{_YEAR})?(?<=\d)"
        rf"|\b(?:(?:{_ORDINAL})(?: (?:and|to|or) (?:{_ORDINAL}))?|(?:last|this|next|past)) centur(?:y|ies)\b{_ERA}?"
        rf"|\b\d{{3,4}}s\b|\b\d{{1,4}}{_ERA}|{_YEAR}(?:\s?[-–]\s?(?:\d{{4}}|\d\d)\b)?"
        r"|\b\d{1,2}(?:st|nd|rd|th)\b|\bcentur(?:y|ies)\b"
        r"|\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b|\b(?:BC|AD|BCE|CE)\b"
    ),
    "person": re.compile(_NAME),
    "place": re.compile(
        r"\b(?:in|at|from|near|to|of|into|between|across|on|and)\s+(?:the\s+)?"
        r"(?P<thing>[A-Z][\w'’-]+(?:(?:\s+(?:of|and|de|the))?\s+[A-Z][\w'’-]+)*)"
    ),
}


@lru_cache(maxsize=1000)
def asked_kind(question: str) -> Kind | None:
    """Return the kind of thing ``question`` asks for, or None where it cannot be told or is not in English."""
    if question_language(question, ()) not in ("en", ""):
        return None
    lowered = question.lower()
    return next((kind for kind, pattern in _ASKED if pattern.search(lowered)), None)


def asks_of_several(question: str) -> bool:
    """Whether a question asks to list, count or compare things."""
    return _SEVERAL.search(question.lower()) is not None


def holds_kind(kind: Kind, sentence: str, question: str) -> bool:
    """Whether ``sentence`` holds a thing of ``kind`` that the question does not name itself."""
    asked = _named_or_empty(question)
    things = (match[_THING if _THING in match.re.groupindex else 0] for match in _HOLDS[kind].finditer(sentence))
    return any(not asked >= {stem(word) for word in words(thing)} for thing in things)


@lru_cache(maxsize=1000)
def _named_or_empty(question: str) -> frozenset[str]:
    """Return the stems of what a question names itself, and the words without meaning."""
    return STOP_WORDS.union(stem(word) for word in words(question))
