"""A sentence read into what can be compared: words, names, numbers and dates, each one item, in order.

What only opens a sentence of an answer or talks of the documents ("According to the report, …") says nothing
that a source could bear out, and is taken away before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple

from rag.answer.support.names import Name, is_title, names, without_opening
from rag.answer.support.numbers import Number, numbers
from rag.answer.support.roots import root, roots
from rag.dates import Day, days
from rag.stop_words import STOP_WORDS_OF
from rag.words import STOP_WORDS, WORD, words

Kind = Literal["word", "name", "number", "date"]

_SOURCE = (
    r"(?:provided |given |cited |retrieved |above |available |following )*"
    r"(?:documents?|sources?|passages?|texts?|articles?|context|information|excerpts?|search results?|materials?)"
)
_SAYS = (
    r"(?:states?|says?|mentions?|notes?|explains?|indicates?|reports?|describes?|shows?|suggests?|reveals?|highlights?"
    r"|stated|said|mentioned|noted|explained|indicated|reported|described|confirms?|adds?)"
)
_JOINS = (
    r"in summary|to summari[sz]e|in conclusion|overall|additionally|furthermore|moreover|however|therefore|thus|also"
    r"|in addition|in short|in other words|specifically|in particular|as a result|consequently|for example|for instance"
    r"|finally|lastly|importantly|notably|yes|no|sure|certainly|in fact|on the other hand|meanwhile|similarly|likewise"
    r"|as (?:mentioned|noted|stated|described)(?: (?:above|earlier|before|in (?:the|these) " + _SOURCE + r"))?"
)
_OPENER = re.compile(
    rf"\s*(?:(?:{_JOINS})\s*,\s*"
    rf"|(?:according to|based on|as per|from|in)\s+(?:the|these|this|your|those)\s+{_SOURCE}"
    rf"(?:\s+(?:provided|given|above|cited))?\s*,\s*"
    rf"|(?:the|these|this|your)\s+{_SOURCE}\s+(?:also\s+)?{_SAYS}\s+that\s+"
    rf"|it\s+is\s+(?:also\s+)?(?:stated|mentioned|noted|reported|said|explained)\s+(?:in\s+the\s+{_SOURCE}\s+)?that\s+)",
    re.IGNORECASE,
)
_CLOSER = re.compile(
    rf",?\s+(?:according to|as (?:stated|mentioned|noted) in) (?:the|these|this) {_SOURCE}(?=[.!?]*\s*$)", re.I
)
_SILENCE = re.compile(
    rf"\b(?:the|these|this|your)\s+{_SOURCE}\s+(?:(?:do|does|did)\s+not|don['’]t|doesn['’]t|never|contains?\s+no"
    rf"|provides?\s+no|gives?\s+no|says?\s+nothing)\b|\b(?:not|nothing)\b[^.;]*\b(?:in|by)\s+the\s+{_SOURCE}\b",
    re.IGNORECASE,
)
_FURNITURE = re.compile(r"\[\^?\d+(?:\s*[,;–-]\s*\d+)*\]|\*\*|__|`|^\s*(?:[-*•]\s+|#+\s+|\d{1,2}[.)]\s+)")
_BREAK = re.compile(
    r"[;:()—–]|,\s|\s-\s|\b(?:and|but|while|whereas|although|though|which|who|whose|because|where|when|after|before"
    r"|so that|leading to|including|with)\b",
    re.IGNORECASE,
)
_FEWEST_OF_A_CLAUSE = 3  # items with meaning

# Words that frame more than they say: a paraphrase brings them along.
_LIGHT = frozenset(
    root(word)
    for word in """also include including
    included various several used use using known called name named main key important significant significantly way
    ways thing things part parts number amount many much well within among along together one two first such like
    based due around become became make made making take took taken get got give given come came go went see seen
    show shown find found help helped provide provided allow involve involved lead led cause result resulting
    following primarily mainly mostly generally typically often usually specifically particularly especially overall
    later early eventually currently recently originally initially previously formerly subsequently thereby
    therefore total overall different certain major example kind type form aspect role fact case place time year
    years day days month months period new old large small great good high low people person individual group
    document passage source text article information author state describe mention note explain indicate report
    refer consider regard relate associate involve serve act play set put bring keep hold become remain exist occur
    happen begin start end continue have do be can may might will would could should must need want try us""".split()
)
LIGHT_WEIGHT = 0.35
FACT_WEIGHT = 1.5


class Item(NamedTuple):
    """One thing that a sentence says, where it stands. ``key`` is a stem, or stands for a name, number or date."""

    kind: Kind
    key: str
    word: str
    start: int
    end: int
    weight: float  # 0 for a function word
    said: Name | Number | Day | None = None

    @property
    def text(self) -> str:
        """What it is, as it is written."""
        return self.said.text if self.said else self.word


@dataclass(frozen=True)
class Reading:
    """A sentence and its items, in order."""

    text: str
    items: tuple[Item, ...]
    language: str = "en"

    @cached_property
    def meant(self) -> tuple[Item, ...]:
        """The items that carry meaning."""
        return tuple(item for item in self.items if item.weight)

    @cached_property
    def stems(self) -> frozenset[str]:
        """The stems of all its words, those of names too."""
        return roots(self.text, self.language)

    @cached_property
    def clauses(self) -> tuple[tuple[int, ...], ...]:
        """Its clauses, as places in ``meant``; a short one is part of its neighbour."""
        ends = [found.start() for found in _BREAK.finditer(self.text)]
        groups: list[list[int]] = [[]]
        for at, item in enumerate(self.meant):
            last = self.meant[at - 1].end if at else 0
            if len(groups[-1]) >= _FEWEST_OF_A_CLAUSE and any(last <= end < item.start for end in ends):
                groups.append([])
            groups[-1].append(at)
        if len(groups) > 1 and len(groups[-1]) < _FEWEST_OF_A_CLAUSE:
            groups[-2:] = [groups[-2] + groups[-1]]
        return tuple(tuple(group) for group in groups)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Its clauses, each as if it stood alone."""
        if len(self.clauses) < 2:
            return (Part(0, len(self.text), self),)
        ends = [self.meant[clause[-1]].end for clause in self.clauses[:-1]] + [len(self.text)]
        return tuple(self._between(start, end) for start, end in pairwise([0, *ends]))

    def _between(self, start: int, end: int) -> Part:
        items = (
            item._replace(start=item.start - start, end=item.end - start)
            for item in self.items
            if start <= item.start < end
        )
        return Part(start, end, Reading(self.text[start:end], tuple(items), self.language))


class Part(NamedTuple):
    """A clause: where it stands in its sentence, and what it says."""

    start: int
    end: int
    reading: Reading


def bare(sentence: str) -> str:
    """Return what a sentence of an answer says itself: no markers, no opening words."""
    text, before = " ".join(_FURNITURE.sub(" ", sentence).split()), ""
    while text != before:
        before, text = text, _OPENER.sub("", text, count=1) if _OPENER.match(text) else text
    return _CLOSER.sub("", text).strip()


def is_silence(sentence: str) -> bool:
    """Whether a sentence says what the documents do not say."""
    return _SILENCE.search(sentence) is not None


@lru_cache(maxsize=20_000)
def read(text: str, language: str = "en", proper: frozenset[str] = frozenset()) -> Reading:
    """Return a sentence read; ``proper`` are words known to be names, also where they begin a sentence."""
    return Reading(text, tuple(sorted(_items(text, language, proper), key=lambda item: item.start)), language)


def _items(text: str, language: str, proper: frozenset[str]) -> Iterator[Item]:
    taken: list[tuple[int, int]] = []
    for fact in _facts(text, language, proper):
        if not _meets((fact.start, fact.end), taken):
            taken.append((fact.start, fact.end))
            yield fact
    stop = STOP_WORDS_OF.get(language, STOP_WORDS)
    for run in WORD.finditer(text):
        if not _meets(run.span(), taken):
            for word in _parts(run.group()):
                key = root(word, language)
                weight = 0.0 if word in stop or (len(word) == 1 and word.isascii()) else _weight(key)
                yield Item("word", key, word, run.start(), run.end(), weight)


def _facts(text: str, language: str, proper: frozenset[str]) -> Iterator[Item]:
    """Yield the dates, numbers and names of a text."""
    for day in days(text):
        yield Item("date", f"{day.month}/{day.day}", day.text, day.start, day.end, FACT_WEIGHT, day)
    for number in numbers(text):
        if number.text.isalpha() and number.text.isupper():
            continue  # "II" is part of a name
        weight = LIGHT_WEIGHT if number.soft else FACT_WEIGHT
        yield Item("number", f"{number.low:g}{number.unit}", number.text, number.start, number.end, weight, number)
    for found in names(text, language):
        name = without_opening(found, proper)
        if name is not None:
            key = next((part for part in reversed(name.parts) if not is_title(part)), name.parts[-1])
            yield Item("name", key, name.text, name.start, name.end, FACT_WEIGHT, name)


def _parts(run: str) -> list[str]:
    """Return the words of a run, without the whole of a joined word, which says the same again."""
    found = words(run)
    return found[:-1] if len(found) > 1 else found


def is_light(key: str) -> bool:
    """Whether a word frames more than it says: "include", "associated"."""
    return key in _LIGHT


def _weight(key: str) -> float:
    return LIGHT_WEIGHT if is_light(key) else 1.0


def _meets(span: tuple[int, int], taken: list[tuple[int, int]]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in taken)
