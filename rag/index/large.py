"""The derived side of an index of many passages: a base on the disk, and in memory what has changed since.

The quantised index names the likeliest few hundred passages, and these are weighed exactly. A row of the database is
never changed and its number never given again, so a base is good for every later generation: rows deleted since are
left out, and rows added since are held beside it, until there are so many that a new base is worth its making.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rag.embed import Vectors
from rag.index.base import Base
from rag.index.bm25 import Bm25, best
from rag.index.pieces import Positions

# For one that is wanted, so many are weighed exactly, and at least so many in all: of the 100 best of a million, 99.8
# in a hundred are then among them, of the 10 best all (tests/benchmarks/size.py).
_WEIGHED, _LEAST_WEIGHED = 8, 500
_AT_ONCE = 20_000  # vectors in memory


@dataclass(frozen=True)
class LargeSnapshot:
    """A base and what has changed since: at ``gone`` are the positions in the base that are deleted, in order."""

    generation: str
    base: Base
    added_keys: Positions
    added: Vectors
    gone: Positions
    bm25: Bm25

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return self.base.vectors.dimension

    def __len__(self) -> int:
        return len(self.base) + len(self.added_keys) - len(self.gone)

    def keys(self) -> list[int]:
        """Return all keys, in order."""
        kept: list[int] = [*np.delete(self.base.keys, self.gone).tolist(), *self.added_keys.tolist()]
        return kept

    def key_at(self, positions: Positions) -> list[int]:
        """Return the keys at positions, which go on from the base into what was added."""
        inside = positions < len(self.base)
        keys = np.empty(len(positions), dtype=np.int64)
        keys[inside] = self.base.keys[positions[inside]]
        keys[~inside] = self.added_keys[positions[~inside] - len(self.base)]
        found: list[int] = keys.tolist()
        return found

    def positions(self, keys: Sequence[int]) -> Positions:
        """Return where ``keys``, which must be here, stand."""
        wanted = np.array(keys, dtype=np.int64)
        last = self.base.keys[-1]
        found: Positions = np.where(
            wanted <= last,
            np.searchsorted(self.base.keys, wanted),
            len(self.base) + np.searchsorted(self.added_keys, wanted),
        )
        return found

    def search(self, query: Vectors, k: int, among: Sequence[int] | None = None) -> dict[int, float]:
        """Return the ``k`` keys nearest to ``query``, best first, with their inner products; of ``among``, if given.

        Raises:
            SnapshotDamaged: The vectors are not those that were written.
        """
        k = min(k, len(self) if among is None else len(among))
        if k < 1:
            return {}
        positions = self._likeliest(query, k) if among is None else self.positions(among)
        scores = self._scores(query, positions)
        order = np.lexsort((positions, -scores))[:k]
        return dict(zip(self.key_at(positions[order]), scores[order].tolist(), strict=True))

    def lexical(self, terms: Sequence[bytes], k: int, among: Sequence[int] | None = None) -> dict[int, float]:
        """Return the ``k`` keys that hold any of ``terms`` best, with their scores; of ``among``, if given."""
        scores = self.bm25.scores(terms)
        if among is not None:
            chosen = np.zeros(len(scores), dtype=bool)
            chosen[self.positions(among)] = True
            scores[~chosen] = 0.0
        positions = best(scores, k)
        return dict(zip(self.key_at(positions), scores[positions].tolist(), strict=True))

    def lexical_of(self, terms: Sequence[bytes], keys: Sequence[int]) -> dict[int, float]:
        """Return the scores of those of ``keys`` that hold any of ``terms``."""
        scores = self.bm25.scores_of(terms, self.positions(keys)).tolist()
        return {key: score for key, score in zip(keys, scores, strict=True) if score > 0}

    def vectors(self, keys: Sequence[int]) -> Vectors:
        """Return the vectors kept under ``keys``; raises SnapshotDamaged where they are not those written."""
        return self._rows(self.positions(keys))

    def _likeliest(self, query: Vectors, k: int) -> Positions:
        """Return the positions that the nearest ``k`` are among: of the base, those that look it; all added."""
        import faiss

        wanted = max(_LEAST_WEIGHED, _WEIGHED * k) + len(self.gone)
        added = np.arange(len(self.base), len(self.base) + len(self.added_keys))
        if 2 * wanted >= len(self.base):  # nothing is saved by looking coarsely
            found = np.arange(len(self.base))
        else:
            faiss.omp_set_num_threads(1)  # for one question, threads that wait for each other cost more
            found = self.base.quantized.search(query.reshape(1, -1), wanted)[1][0]
        return np.concatenate([np.setdiff1d(found, self.gone, assume_unique=True), added])

    def _scores(self, query: Vectors, positions: Positions) -> Vectors:
        blocks = range(0, len(positions), _AT_ONCE)
        scores = [self._rows(positions[start : start + _AT_ONCE]) @ query for start in blocks]
        return np.concatenate(scores)

    def _rows(self, positions: Positions) -> Vectors:
        inside = positions < len(self.base)
        rows = np.empty((len(positions), self.dimension), dtype=np.float32)
        rows[inside] = self.base.vectors.rows(positions[inside])
        rows[~inside] = self.added[positions[~inside] - len(self.base)]
        return rows
