"""Which passages hold each term, and how often: what BM25 is made of, in arrays, in memory or in a file.

The terms are parted as FTS5 parts them, and counted as its ``bm25(1.0, 0.3)`` counts: a term of the text is one, a
term of title, headings and file name 0.3. Passages are named by their positions, from 0. Never changed once made.
"""

from __future__ import annotations

import zlib
from bisect import bisect_left
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rag.index.pieces import Checks, PieceFile, SnapshotDamaged

Passages = NDArray[np.int32]
Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

# As FTS5's "ascii" tokenizer with the tokenchars of schema.sql: beyond ASCII, every byte belongs to a term.
_TOKEN_SIGNS = b"0123456789abcdefghijklmnopqrstuvwxyz.,+#"
_PARTED = bytes(sign if sign >= 128 or bytes([sign]).lower() in _TOKEN_SIGNS else 32 for sign in range(256)).lower()


def tokens(text: str) -> list[bytes]:
    """Return the terms of a text as FTS5 would part it."""
    return text.encode("utf-8", "replace").translate(_PARTED).split()


class Lists(Protocol):
    """Where the passages of each term, and the level of each of them, lie one after the other."""

    def read(self, term: int, start: int, count: int) -> tuple[Passages, NDArray[np.unsignedinteger]]:
        """Return the passages and levels of the term with this number, which begin at ``start``."""


@dataclass(frozen=True)
class Postings:
    """The lists of all terms.

    ``text`` is the terms in order, one after the other; that with number ``n`` ends at ``ends[n]``, and its list at
    ``stops[n]``. ``levels`` are the frequencies there are; a list has numbers of levels. ``lengths`` has the number
    of terms of each passage.
    """

    text: bytes
    ends: Numbers
    stops: Numbers
    levels: Floats
    lengths: NDArray[np.int32]
    lists: Lists

    def __len__(self) -> int:
        return len(self.ends)

    def term(self, number: int) -> bytes:
        """Return the term with this number."""
        return self.text[int(self.ends[number - 1]) if number else 0 : int(self.ends[number])]

    def find(self, term: bytes) -> int | None:
        """Return the number of a term, or None where no passage holds it."""
        at = bisect_left(range(len(self)), term, key=self.term)
        return at if at < len(self) and self.term(at) == term else None

    def holding(self) -> Numbers:
        """Return for each term how many passages hold it."""
        return np.diff(self.stops, prepend=0)

    def read(self, term: bytes) -> tuple[Passages, Floats]:
        """Return the passages that hold ``term``, in order, and how often each does."""
        number = self.find(term)
        if number is None:
            return np.empty(0, dtype=np.int32), np.empty(0)
        passages, levels = self._list(number)
        return passages, self.levels[levels]

    def count(self, term: bytes) -> int:
        """Return how many passages hold ``term``."""
        number = self.find(term)
        return 0 if number is None else int(self.stops[number]) - self._start(number)

    def check(self) -> None:
        """Read all lists; raises SnapshotDamaged where one is not whole."""
        for number in range(len(self)):
            self._list(number)

    def _start(self, number: int) -> int:
        return int(self.stops[number - 1]) if number else 0

    def _list(self, number: int) -> tuple[Passages, NDArray[np.unsignedinteger]]:
        start = self._start(number)
        return self.lists.read(number, start, int(self.stops[number]) - start)


@dataclass(frozen=True)
class ListsInMemory:
    """Lists as two arrays."""

    passages: Passages
    levels: NDArray[np.unsignedinteger]

    def read(self, term: int, start: int, count: int) -> tuple[Passages, NDArray[np.unsignedinteger]]:
        """Return the passages and levels of the term with this number, which begin at ``start``."""
        return self.passages[start : start + count], self.levels[start : start + count]


class ListsInFile:
    """Lists as two stretches of a file: all passages, then all levels. A list is checked when it is first read."""

    def __init__(self, file: PieceFile, total: int, level: np.dtype[np.unsignedinteger], checks: Checks) -> None:
        self._file = file
        self._total = total
        self._level = level
        self._checks = checks
        self._seen = np.zeros(len(checks), dtype=bool)

    def read(self, term: int, start: int, count: int) -> tuple[Passages, NDArray[np.unsignedinteger]]:
        """Return the passages and levels of a term; raises SnapshotDamaged where they are not as they were written."""
        passages = self._file.read(4 * start, 4 * count)
        size = self._level.itemsize
        levels = self._file.read(4 * self._total + size * start, size * count)
        if not self._seen[term]:
            if zlib.crc32(levels, zlib.crc32(passages)) != self._checks[term]:
                raise SnapshotDamaged(f"{self._file.path} is damaged at term {term}")
            self._seen[term] = True
        return np.frombuffer(passages, dtype="<i4"), np.frombuffer(levels, dtype=self._level)
