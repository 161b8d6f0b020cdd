"""The shortest span of a sentence that answers a question, where it can be told: a number, sum, share, date or name.

A sentence often holds several things of the kind asked for. The one meant stands near the words of the
question, so each is judged by how near they are, and none is chosen where two are about as near. It reads
patterns, not meaning, and only English.
"""

from __future__ import annotations

import re

from rag.answer.conflict import denies
from rag.kinds import Kind, asked_kind, kind_spans
from rag.words import STOP_WORDS, WORD, content_stems, stem, words

Span = tuple[int, int]

# Chosen by hand on six articles of SQuAD 2.0.
_CLEARLY: dict[Kind, float] = {"person": 1.5, "place": 1.5}  # times as near as the next
_CLEARLY_ELSE = 1.25
_LEAST = 0.3  # nearness: a word of the question two words away
_LEAST_ALONE = 0.2  # where there is no other of the kind
_BREAK_WORDS = {";": 8, ":": 4}  # how many words' distance a sign or a joining word is
_BREAK_WORDS_ELSE = 2

_BREAK = re.compile(r"[,;:()—]|\b(?:and|while|whereas|but)\b")
_ASIDE = re.compile(r"\([^()]*\)")
_QUESTION_WORD = re.compile(r"\b(?:who|whom|whose|what|which|when|where|why|how)\b", re.IGNORECASE)
_LEAD_WORDS = 5  # after the question word, that say what is asked for
_COUNTED = re.compile(r"\b(?:how many|number of)\s+((?:[\w'’-]+\s*){1,3})", re.IGNORECASE)
_COUNTED_WITHIN = 4  # words after a number
_ONE = re.compile(r"\b(?:one|single|no|none|both)\b", re.IGNORECASE)
_UNIT_OF_TIME = re.compile(r"\b(year|century|month|day|date)s?\b", re.IGNORECASE)
_UNIT_OF_SPAN = re.compile(
    r"\b(?:how many|number of) (year|month|week|day|hour|minute|second|decade)s?\b", re.IGNORECASE
)
_NO_AMOUNT = re.compile(r"[\[:]$|\bout of (?:\w+ )?$|\d[^()]*\($")  # a reference, a whole, the same in other units
_NOT_A_DOER = re.compile(r"\b(?:in|at|of|from|to|into|near|on|under)\s+(?:the\s+)?$", re.IGNORECASE)
_LIES = re.compile(r"\b(?:in|at|near)\s+(?:the\s+)?$", re.IGNORECASE)
_TIME_WITH = {
    "year": re.compile(r"\d{3,4}|\b(?:BC|AD|BCE|CE)\b"),
    "century": re.compile(r"centur|\d00s|\d{1,2}(?:st|nd|rd|th)"),
    "month": re.compile(r"[A-Z]"),
    "day": re.compile(r"day\b|\d"),
    "date": re.compile(r"\d"),
}
_BARE_ORDINAL = re.compile(r"\d{1,2}(?:st|nd|rd|th)|century|centuries")
_NO_PERSON = frozenset(
    """union university college school court courts act treaty commission council parliament department institute
    board association party company committee church house government minister president secretary states
    kingdom state city street library center centre museum republic empire war convention ministry office army
    system team league bank group corporation inc agency bureau law rights review court justice science
    sciences medicine""".split()
)
_MEASURED = re.compile(r"\bhow (?:much|far|tall|high|deep|wide|heavy|fast)\b", re.IGNORECASE)
_TITLES = re.compile(
    r".*\b(?:President|Minister|Secretary|Chancellor|Chairman|Governor|King|Queen|Pope|Professor)s?\b\s*"
)
_DOES = re.compile(r"\bwho(?:m|se)?\s+(?:\w+ly\s+|first\s+|has\s+|have\s+|had\s+)*(\w+)", re.IGNORECASE)
_BY = re.compile(r"\W+(?:\w+\W+){0,2}?by\b", re.IGNORECASE)
_IS_BEFORE = re.compile(r"\b(?:is|are|was|were|be|been|being)\s+(?:\w+\s+)?$", re.IGNORECASE)
_LISTED = re.compile(r"(?:, [\w ]+)*,? and [A-Z]")  # after a name that is but the first of several
_UNIT = re.compile(
    r" (?:(?:square|cubic|nautical) )?(?:miles?|mi|kilomet\w+|km[2²]?|met(?:er|re)s?|m[2²]?|feet|foot|ft|inch(?:es)?"
    r"|yards?|acres?|hectares?|tons?|tonnes?|kilograms?|kg|grams?|pounds?|mph|km/h|degrees?|times)(?!\w)"
    r"|\s?°\s?[CF]\b|\s?%| ?per ?cent\b"
)
_PRICED = re.compile(r"\W")  # a number that begins with the sign of a currency
_IN_NAME = re.compile(r"[^\W\d_][-‑–]?$")  # before the digits of "H-1B"


def highlight(question: str, sentence: str) -> Span | None:
    """Return the span of ``sentence`` that answers ``question``, or None where that cannot be told."""
    kind = _asked(question)
    if kind is None or (denies(sentence) and not denies(question)):
        return None
    spans = [span for span in kind_spans(kind, sentence, question) if not _IN_NAME.search(sentence[: span[0]])]
    if kind == "person":
        spans = _doers(question, sentence, [_without_title(sentence, span) for span in spans])
    spans = [span for span in spans if _fits(kind, question, sentence, span)]
    if kind == "number" and (counted := _COUNTED.search(question)):
        spans = _counting(counted.group(1), sentence, spans)
    ranked = sorted(((_nearness(question, sentence, span), span) for span in spans), reverse=True)
    if not ranked or ranked[0][0] < (_LEAST if len(ranked) > 1 else _LEAST_ALONE):
        return None
    if len(ranked) > 1 and ranked[0][0] < _CLEARLY.get(kind, _CLEARLY_ELSE) * ranked[1][0]:
        return None
    return _with_unit(sentence, ranked[0][1]) if kind == "number" else ranked[0][1]


def _asked(question: str) -> Kind | None:
    """Return the kind of thing the question word itself asks for: not what a clause inside the question is about."""
    kind, found = asked_kind(question), _QUESTION_WORD.search(question)
    if kind is None or found is None:
        return None
    lead = asked_kind(" ".join(question[found.start() :].split()[:_LEAD_WORDS]))
    return kind if lead == kind or (lead == "number" and kind == "money") else None


def _fits(kind: Kind, question: str, sentence: str, span: Span) -> bool:
    """Whether a thing of the kind is of the sort the question wants."""
    thing = sentence[slice(*span)]
    before = sentence[: span[0]]
    said = {stem(word) for word in words(thing)} - STOP_WORDS
    asked = {stem(word) for word in words(question)}
    if kind in ("person", "place"):
        new = bool(said) and not said & asked and not _NO_PERSON & set(words(thing))
        stands = _NOT_A_DOER.search(before) is None if kind == "person" else _LIES.search(before) is not None
        return new and stands and not _LISTED.match(sentence, span[1])
    if kind == "number":
        dates = kind_spans("time", sentence, "")
        if _NO_AMOUNT.search(before) or any(_meet(span, date) for date in dates):
            return False
        measured = _UNIT.match(sentence, span[1]) or _PRICED.match(thing)
        return not _MEASURED.search(question) or measured is not None
    if kind == "time":
        unit = _UNIT_OF_TIME.search(question)
        fits = unit is None or _TIME_WITH[unit.group(1).lower()].search(thing) is not None
        return fits and (unit is not None or not _BARE_ORDINAL.fullmatch(thing))
    if kind == "span":
        unit = _UNIT_OF_SPAN.search(question)
        return unit is None or unit.group(1).lower() in thing.lower()
    return True


def _without_title(sentence: str, span: Span) -> Span:
    name = sentence[slice(*span)]
    title = _TITLES.match(name)
    return span[0] + (title.end() if title else 0), span[1] - (2 if name.endswith(("'s", "’s")) else 0)


def _doers(question: str, sentence: str, spans: list[Span]) -> list[Span]:
    """Return the names that stand where the one who does what the question asks about can stand.

    That is before the verb, or after "by" where the verb is passive. All are returned where it is not there.
    """
    does = _DOES.search(question)
    if does is None or does.group(1).lower() in STOP_WORDS:
        return spans
    verb = next((w for w in WORD.finditer(sentence) if stem(w.group().lower()) == stem(does.group(1).lower())), None)
    if verb is None or verb.group().endswith("ing"):
        return spans
    if _BY.match(sentence, verb.end()):
        return [span for span in spans if span[0] >= verb.end()]
    if _IS_BEFORE.search(sentence, 0, verb.start()):
        return spans
    return [span for span in spans if span[1] <= verb.start() and not sentence[: span[0]].endswith("by ")]


def _meet(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _counting(counted: str, sentence: str, spans: list[Span]) -> list[Span]:
    """Return the numbers that count what is asked for; without one, a number that stands alone."""
    things = set(content_stems(counted))
    before = [span for span in spans if things & {stem(word) for word in _following(sentence, span)}]
    return before or (spans if len(spans) == 1 and not _ONE.search(sentence) else [])


def _following(sentence: str, span: Span) -> list[str]:
    clause = re.split(r"[,;:()]", sentence[span[1] :], maxsplit=1)[0]
    return words(clause)[:_COUNTED_WITHIN]


def _with_unit(sentence: str, span: Span) -> Span:
    unit = _UNIT.match(sentence, span[1])
    return (span[0], unit.end()) if unit else span


def _nearness(question: str, sentence: str, span: Span) -> float:
    """Return how near the words of ``question`` stand to ``span``: for each the inverse of its distance, summed."""
    asked = set(content_stems(question))
    nearest: dict[str, float] = {}
    for word in WORD.finditer(sentence):
        found = stem(word.group().lower())
        if found in asked and not _meet(span, word.span()):
            near = 1 / (1 + _distance(sentence, span, word.span()))
            nearest[found] = max(near, nearest.get(found, 0.0))
    return sum(nearest.values())


def _distance(sentence: str, one: Span, other: Span) -> int:
    """Return how many words, and words' worth of breaks, stand between two spans."""
    between = _ASIDE.sub(" ", sentence[min(one[1], other[1]) : max(one[0], other[0])])
    breaks = (_BREAK_WORDS.get(found, _BREAK_WORDS_ELSE) for found in _BREAK.findall(between))
    return len(words(between)) + sum(breaks)
