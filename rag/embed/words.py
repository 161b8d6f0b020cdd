"""Vectors of words by themselves, from the model's table of input embeddings: kept once made."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np

from rag.embed import Vectors

_MOST_WORDS_KEPT = 200_000
_ROOM = 4096  # words, at first


class WordVectors:
    """Words → unit rows. Safe to use from many threads."""

    def __init__(self, pieces: Vectors, tokens_of: Callable[[list[str]], list[list[int]]]) -> None:
        """``pieces`` is the table, less the mean of its rows; ``tokens_of`` gives the rows that words are made of."""
        self._pieces = pieces
        self._tokens_of = tokens_of
        self._rows: dict[str, int] = {}
        self._vectors = np.zeros((0, pieces.shape[1]), dtype=np.float32)
        self._one_at_a_time = threading.Lock()

    def of(self, words: Sequence[str]) -> Vectors:
        """Return a row for each word, in the direction of the mean of its pieces; one of zeros where it has none."""
        with self._one_at_a_time:
            new = [word for word in dict.fromkeys(words) if word not in self._rows]
            if len(self._rows) + len(new) > _MOST_WORDS_KEPT:
                self._rows.clear()
                new = list(dict.fromkeys(words))
            if new:
                self._keep(new)
            return self._vectors[[self._rows[word] for word in words]]

    def _keep(self, new: list[str]) -> None:
        first = len(self._rows)
        self._make_room(first + len(new))
        self._rows.update(zip(new, range(first, first + len(new)), strict=True))
        tokens = self._tokens_of(new)
        made = [first + at for at, ids in enumerate(tokens) if ids]
        if made:
            rows = self._pieces[[piece for ids in tokens for piece in ids]]
            sums = np.add.reduceat(rows, np.cumsum([0, *(len(ids) for ids in tokens if ids)])[:-1])
            self._vectors[made] = sums / np.linalg.norm(sums, axis=1, keepdims=True)

    def _make_room(self, count: int) -> None:
        """Let there be place for the vectors of ``count`` words: twice as many, so that it is seldom made anew."""
        if count > len(self._vectors):
            room = np.zeros((max(_ROOM, 2 * count), self._pieces.shape[1]), dtype=np.float32)
            room[: len(self._vectors)] = self._vectors
            self._vectors = room
