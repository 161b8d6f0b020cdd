"""Okapi BM25, and the counts it needs of an index: the same numbers in a folder and in a database.

The counts are kept in the database beside the passages, and change in the transaction that changes these: in how many
passages each term stands, how many there are, and how many terms they have together.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rag.index import Forms

# Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework", with the usual values; a term of title, headings
# and file name counts less than one of the text (by hand, on SQuAD 2.0 articles).
K1, B = 1.2, 0.75
CONTEXT_WEIGHT = 0.3
SATURATION = K1 + 1  # what a term's score tends to, times its rarity
_LEAST_RARITY = 1e-6  # of a term that stands in more than half of the passages

PASSAGES, LENGTH = "passages", "length"  # how many there are, and how many terms they have together
_TERM = "t"  # before a term: in how many passages it stands

Counts = Counter[str]


class PassageTerms(NamedTuple):
    """The terms of a passage's text, and of its title, headings and file name, with a space between."""

    text: str
    context: str


def term_name(term: str) -> str:
    """Return the name that a term is counted under."""
    return _TERM + term


def term_of(name: str) -> str:
    """Return the term that is counted under a name."""
    return name.removeprefix(_TERM)


def count(passages: Iterable[PassageTerms]) -> Counts:
    """Return what some passages add to the counts."""
    counts: Counts = Counter()
    for passage in passages:
        terms = [*passage.text.split(), *passage.context.split()]
        counts.update(map(term_name, set(terms)))
        counts[LENGTH] += len(terms)
        counts[PASSAGES] += 1
    return counts


class Bm25:
    """What some words are worth in an index of these counts; each is given by the terms it may stand as."""

    def __init__(self, words: Sequence[Forms], counts: Mapping[str, int]) -> None:
        asked = Counter(form for forms in words for form in forms)
        total = counts.get(PASSAGES, 0)
        self.rarities = {
            term: times * rarity(total, held)
            for term, times in asked.items()
            if (held := counts.get(term_name(term), 0)) > 0
        }
        self.mean = counts.get(LENGTH, 0) / (total or 1) or 1.0

    def scores(self, passages: Iterable[PassageTerms]) -> NDArray[np.float64]:
        """Return the score of each passage, 0 where it holds none of the words."""
        places = {term: at for at, term in enumerate(self.rarities)}
        frequencies, lengths = [], []
        for passage in passages:
            row = [0.0] * len(places)
            columns = ((passage.text.split(), 1.0), (passage.context.split(), CONTEXT_WEIGHT))
            for terms, weight in columns:
                for term in terms:
                    if term in places:
                        row[places[term]] += weight
            frequencies.append(row)
            lengths.append(len(columns[0][0]) + len(columns[1][0]))
        often = np.array(frequencies, dtype=np.float64).reshape(len(lengths), len(places))
        return self.weigh(often, np.array(lengths, dtype=np.float64))

    def weigh(self, frequencies: NDArray[np.float64], lengths: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the scores of passages by how often each holds each term (in the order of ``rarities``).

        ``frequencies`` has shape ``(passages, terms)``, ``lengths``, in terms, shape ``(passages,)``.
        """
        norms = K1 * (1 - B + B * lengths / self.mean)
        saturated = frequencies * SATURATION / (frequencies + norms[:, None])
        # Not "@", whose last bits depend on what else is weighed: equal passages are to be equal.
        found: NDArray[np.float64] = (saturated * np.array(list(self.rarities.values()), dtype=np.float64)).sum(axis=1)
        return found


def rarity(passages: int, holding: int) -> float:
    """Return how much a term counts that so many of all passages hold: a little at least."""
    return max(math.log((passages - holding + 0.5) / (holding + 0.5)), _LEAST_RARITY)


def frequencies(words: Sequence[Forms], counts: Mapping[str, int]) -> list[int]:
    """Return in how many passages the forms of each word stand, counted form by form, and at most all."""
    return [min(counts.get(PASSAGES, 0), sum(counts.get(term_name(form), 0) for form in forms)) for forms in words]


def names_of(words: Sequence[Forms]) -> list[str]:
    """Return the names of the counts that ``words`` need."""
    return [PASSAGES, LENGTH, *{term_name(form) for forms in words for form in forms}]
