"""BM25 over postings, with the numbers of FTS5 to the last bit (https://sqlite.org/fts5.html#the_bm25_function).

FTS5 looks up the length of every passage that matches in a tree, a microsecond each; here all passages of a term are
weighed at once. Every match is scored: nothing is skipped, so nothing can be missed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rag.index.pieces import Positions
from rag.index.postings import Floats, Passages, Postings, tokens

_K1, _B = 1.2, 0.75
_LEAST_RARITY = 1e-6  # of a word that stands in more than half of the passages
_BLOCK = 256


@dataclass(frozen=True)
class Bm25:
    """The words of passages that lie in two parts, one after the other.

    Those at ``gone`` are there no more; ``lost`` has the words they had.
    """

    parts: tuple[Postings, Postings]
    gone: Positions
    lost: Postings

    @cached_property
    def _lengths(self) -> NDArray[np.int32]:
        lengths = np.concatenate([part.lengths for part in self.parts])
        lengths[self.gone] = 0
        return lengths

    @cached_property
    def _is_gone(self) -> NDArray[np.bool_]:
        gone = np.zeros(len(self._lengths), dtype=bool)
        gone[self.gone] = True
        return gone

    @cached_property
    def _norms(self) -> Floats:
        """What is added to a term's frequency below the line, by how long the passage is."""
        mean = float(self._lengths.sum(dtype=np.int64)) / max(1, len(self))
        return (_K1 * (1 - _B + _B * self._lengths / (mean or 1.0))).astype(np.float64)

    def __len__(self) -> int:
        """Return how many passages there are."""
        return len(self._lengths) - len(self.gone)

    def scores(self, terms: Sequence[bytes]) -> Floats:
        """Return the score of every passage, 0 where it holds none of ``terms``."""
        scores = np.zeros(len(self._lengths))
        for term in terms:
            passages, frequencies = self._read(term)
            scores[passages] += self._worth(len(passages), frequencies, passages)
        return scores

    def scores_of(self, terms: Sequence[bytes], positions: Positions) -> Floats:
        """Return the scores of a few passages."""
        scores = np.zeros(len(positions))
        for term in terms:
            passages, frequencies = self._read(term)
            if len(passages):
                places = np.minimum(np.searchsorted(passages, positions), len(passages) - 1)
                held = np.flatnonzero(passages[places] == positions)
                found = places[held]
                scores[held] += self._worth(len(passages), frequencies[found], passages[found])
        return scores

    def holding(self, forms: Sequence[bytes]) -> int:
        """Return how many passages hold any of ``forms``."""
        if len(forms) == 1:
            return sum(part.count(forms[0]) for part in self.parts) - self.lost.count(forms[0])
        return len(np.unique(np.concatenate([self._read(form)[0] for form in forms]))) if forms else 0

    def vocabulary(self) -> list[tuple[str, int]]:
        """Return all terms, each with the number of passages that hold it."""
        found: dict[bytes, int] = {}
        for part, sign in (*((part, 1) for part in self.parts), (self.lost, -1)):
            for number, count in enumerate(part.holding().tolist()):
                term = part.term(number)
                found[term] = found.get(term, 0) + sign * count
        return [(term.decode("utf-8", "replace"), count) for term, count in found.items() if count]

    def _worth(self, holding: int, frequencies: Floats, passages: Passages) -> Floats:
        """Return what a term that ``holding`` passages hold adds to the scores of some of them."""
        worth: Floats = rarity(len(self), holding) * (
            (frequencies * (_K1 + 1.0)) / (frequencies + self._norms[passages])
        )
        return worth

    def _read(self, term: bytes) -> tuple[Passages, Floats]:
        """Return the passages of both parts that hold ``term`` and are there, and how often each does."""
        (first, often), (second, as_often) = (part.read(term) for part in self.parts)
        if len(second):
            first = np.concatenate([first, second + np.int32(len(self.parts[0].lengths))])
            often = np.concatenate([often, as_often])
        if len(self.gone):
            there = ~self._is_gone[first]
            first, often = first[there], often[there]
        return first, often


def rarity(passages: int, holding: int) -> float:
    """Return how much a term counts that so many of all passages hold: a little at least."""
    found = math.log((passages - holding + 0.5) / (holding + 0.5))
    return found if found > 0 else _LEAST_RARITY


def single_tokens(words: Sequence[str]) -> list[bytes] | None:
    """Return each of ``words`` as FTS5 would look for it; None where one of them is a phrase to it."""
    parted = [tokens(word) for word in words]
    return None if any(len(some) > 1 for some in parted) else [some[0] for some in parted if some]


def best(scores: Floats, k: int) -> Positions:
    """Return the positions of the ``k`` highest scores above 0, best first; of equal ones the first."""
    # The k best blocks hold at least k scores as high as the lowest of their maxima.
    blocks = -(-len(scores) // _BLOCK)
    least = 0.0
    if 0 < k < blocks:
        maxima = np.maximum.reduceat(scores, np.arange(0, len(scores), _BLOCK))
        least = float(np.partition(maxima, blocks - k)[blocks - k])
    found = np.flatnonzero((scores >= least) & (scores > 0))
    return found[np.lexsort((found, -scores[found]))][: max(k, 0)]
