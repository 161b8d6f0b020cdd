"""Whether two sentences say the same thing with different figures, or one denies what the other says.

They do where nearly all their other words are the same, and what was asked for is not. Told by words alone:
two sentences in other words that disagree are not seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from itertools import combinations

from rag.kinds import Kind, asked_kind, kind_spans
from rag.query import names
from rag.types import Citation, Disagreement, SearchResult
from rag.words import STOP_WORDS, stem, words

_SAME_WORDS = 0.6  # share of the longer sentence's words
_FEWEST_WORDS = 3  # that are shared, unless all are
_KINDS: tuple[Kind, ...] = ("money", "share", "span", "time", "number")  # "12 %" is a share before it is a number
_NOT = re.compile(r"\b(?:not|never|cannot)\b|n['’]t\b", re.IGNORECASE)
_NAME = re.compile(r"(?<=\s)[A-Z][\w'’]*")
_ROUNDLY = re.compile(r"[\s,]")

_ORDINALS = ("first", "second")  # which of several, not how many

DENIES = ("yes", "no")


def disagreements(
    question: str, citations: Sequence[Citation], results: Sequence[SearchResult]
) -> tuple[Disagreement, ...]:
    """Return which of the citations that rest on ``results`` disagree on what ``question`` asks."""
    named = names(question)
    about = [citation for citation in citations if any(_rests_on(citation, r) and speaks_of(named, r) for r in results)]
    return tuple(
        Disagreement(citations=(one.n, other.n), values=values)
        for one, other in combinations(about, 2)
        if (values := disagree(question, one.quote, other.quote))
    )


def speaks_of(named: Set[str], result: SearchResult) -> bool:
    """Whether a passage, with its title, headings and the name of its file, holds all of ``named`` (stems).

    Figures of two mills are no contradiction where one mill was asked for by its name.
    """
    text = " ".join((result.source, result.title, *result.chunk.headings, result.chunk.text))
    return named <= {stem(word) for word in re.findall(r"[^\W_]+(?:[.,'’][^\W_]+)*", text.lower())}


def _rests_on(citation: Citation, result: SearchResult) -> bool:
    return result.source == citation.source and result.chunk.start <= citation.start < result.chunk.end


def denies(text: str) -> bool:
    """Whether a sentence says that something is not so."""
    return _NOT.search(text) is not None


def disagree(question: str, one: str, other: str) -> tuple[str, str] | None:
    """Return what each of two sentences says to ``question``, where they cannot both be right; else None.

    Where one denies the other, that is "yes" and "no".
    """
    if _of_others(one, other):
        return None
    values = _values(question, one, other)
    rest = [_rest(text, value) for text, value in zip((one, other), values or (None, None), strict=True)]
    if not _alike(*rest):
        return None
    denied = denies(one), denies(other)
    if denied[0] != denied[1]:
        return (DENIES[denied[0]], DENIES[denied[1]]) if values is None and rest[0] == rest[1] else None
    return values


def _values(question: str, one: str, other: str) -> tuple[str, str] | None:
    """Return the figure of each sentence, where both are what was asked for and no other figure differs."""
    asked = asked_kind(question)
    differing = [kind for kind in _KINDS if _told(kind, one) != _told(kind, other)]
    if len(differing) != 1 or asked in ("person", "place"):
        return None
    (kind,) = differing
    fits = kind != "time" if asked in (None, "number") else kind == asked
    found = [list(_things(kind, text)) for text in (one, other)]
    return (found[0][0], found[1][0]) if fits and len(found[0]) == len(found[1]) == 1 else None


def _told(kind: Kind, text: str) -> set[str]:
    return {_ROUNDLY.sub("", thing).lower() for thing in _things(kind, text)}


def _things(kind: Kind, text: str) -> Iterator[str]:
    """Yield the things of ``kind`` in ``text`` that are of no other kind before it."""
    before = [span for other in _KINDS[: _KINDS.index(kind)] for span in kind_spans(other, text, "")]
    for start, end in kind_spans(kind, text, ""):
        within = any(start < other[1] and other[0] < end for other in before)
        if not within and text[start:end].lower() not in _ORDINALS:
            yield text[start:end]


def _rest(text: str, value: str | None) -> frozenset[str]:
    """Return the stems of the words of ``text`` but for those of ``value``."""
    said = set(words(value)) if value else set()
    return frozenset(stem(w) for w in words(_NOT.sub(" ", text)) if w not in STOP_WORDS and w not in said)


def _alike(one: Set[str], other: Set[str]) -> bool:
    shared, longer = len(one & other), max(len(one), len(other))
    return shared >= _SAME_WORDS * longer and (shared >= _FEWEST_WORDS or 0 < shared == longer)


def _of_others(one: str, other: str) -> bool:
    """Whether each sentence names what the other does not: then they speak of different things."""
    named = [set(_NAME.findall(text)) for text in (one, other)]
    return bool(named[0] - named[1]) and bool(named[1] - named[0])
