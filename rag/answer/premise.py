"""Whether a question such as "When did Intel buy Huawei?" takes for granted what was not found.

A question that names two things says that they have to do with each other. Where both are written of in
the passages found, but never near each other, it is likely not so. The check is cautious: it says nothing
of a name that was not found at all, which may be spelt otherwise, nor of what the names have to do with
each other, which words alone do not tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.types import SearchResult
from rag.words import STOP_WORDS, stem, words

_DOUBTED = 0.25  # what is left of the confidence
_NEAR = 1  # sentences before and after
_NAME = re.compile(r"\b[A-Z][\w'’&-]*(?:\s+(?:of\s+the\s+|of\s+|and\s+)?[A-Z][\w'’&-]*)*")
_SHORTEST = 3  # letters: "AI" and "US" are written in too many ways
_SAME_START = 4  # letters that "China" and "Chinese" share

Names = Sequence[frozenset[str]]


def premise(question: str, results: Sequence[SearchResult]) -> float:
    """Return what share of the confidence stays: 1, or less where the names in ``question`` never stand together."""
    names = _names(question)
    if len(names) < 2:
        return 1.0
    everywhere = frozenset().union(*(_surroundings(result) | _stems(result.chunk.text) for result in results))
    if not all(_stands(name, everywhere) for name in names):
        return 1.0
    together = any(all(_stands(name, place) for name in names) for result in results for place in _places(result))
    return 1.0 if together else _DOUBTED


def _names(question: str) -> Names:
    """Return the stems of each name in a question; what stands first has a capital anyway, and is left out."""
    found = [_stems(name.group()) for name in _NAME.finditer(question) if name.start() > 0]
    return [stems for stems in found if stems]


def _places(result: SearchResult) -> Iterator[frozenset[str]]:
    """Yield the stems of each sentence with those beside it, and of the headings over them."""
    sentences = [_stems(result.text_of(sentence)) for sentence in result.sentences]
    for at in range(len(sentences)):
        yield _surroundings(result).union(*sentences[max(0, at - _NEAR) : at + _NEAR + 1])


def _surroundings(result: SearchResult) -> frozenset[str]:
    return _stems(" ".join((result.title, *result.chunk.headings)))


def _stems(text: str) -> frozenset[str]:
    meant = (re.sub(r"['’]s$", "", word) for word in words(text) if word not in STOP_WORDS)
    return frozenset(stem(word) for word in meant if len(word) >= _SHORTEST)


def _stands(name: frozenset[str], stems: frozenset[str]) -> bool:
    """Whether a word of a name, or one with the same start, is among ``stems``."""
    return bool(name & stems) or any(_akin(one, other) for one in name for other in stems)


def _akin(one: str, other: str) -> bool:
    shorter = min(len(one), len(other))
    return shorter >= _SAME_START and one.startswith(other[: max(_SAME_START, shorter - 2)])
