"""Makes postings from the terms of passages, a block at a time: memory holds one block and the words, not the lists."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, pairwise
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rag.index.pieces import Checks
from rag.index.postings import ListsInMemory, Numbers, Postings, tokens

_BLOCK = 10_000  # passages in memory at a time
_CONTEXT_WEIGHT = 0.3  # as in schema.sql

Terms = tuple[str, str]  # of a passage's text, and of its context


class _Block(NamedTuple):
    """Some passages' terms, in the order of their numbers; a row each for term, passage and level."""

    triples: NDArray[np.uint32]  # of shape (3, n)
    lengths: NDArray[np.int32]


class _Numbers(dict[bytes, int]):
    """Numbers what it is asked for, in the order of asking."""

    def __missing__(self, key: bytes) -> int:
        self[key] = number = len(self)
        return number


class _Levels:
    """The frequencies there are, each with its number."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self.values: list[float] = []

    def of(self, in_text: Numbers, in_context: Numbers) -> NDArray[np.uint32]:
        """Return the number of the level of each pair of counts."""
        pairs = (in_text << 32) | in_context
        distinct = np.unique(pairs)
        numbers = np.array([self._number(pair) for pair in distinct.tolist()], dtype=np.uint32)
        return numbers[np.searchsorted(distinct, pairs)]

    def _number(self, pair: int) -> int:
        if pair not in self._numbers:
            self._numbers[pair] = len(self.values)
            frequency = float(pair >> 32)
            for _ in range(pair & 0xFFFFFFFF):  # as FTS5 adds them up, to the last bit
                frequency += _CONTEXT_WEIGHT
            self.values.append(frequency)
        return self._numbers[pair]


def postings_in_memory(passages: Iterable[Terms]) -> Postings:
    """Return the postings of a few passages."""
    return _Builder(passages).build(None)[0]


def write_postings(path: Path, passages: Iterable[Terms]) -> tuple[Postings, Checks]:
    """Write the lists to a file, and return the postings with the check sum of each list."""
    with tempfile.TemporaryFile(dir=path.parent) as spill:
        return _Builder(passages, spill).build(path)


class _Builder:
    """Counts block by block, then lays the lists of all blocks together."""

    def __init__(self, passages: Iterable[Terms], spill: IO[bytes] | None = None) -> None:
        self._spill = spill
        self._kept: list[NDArray[np.uint32]] = []
        self._sizes: list[int] = []
        self._numbers, self._levels = _Numbers(), _Levels()
        lengths, first, rest = [np.empty(0, dtype=np.int32)], 0, iter(passages)
        while some := list(islice(rest, _BLOCK)):
            block = self._count(some, first)
            lengths.append(block.lengths)
            self._put(block.triples)
            first += len(some)
        self._lengths = np.concatenate(lengths)

    def build(self, path: Path | None) -> tuple[Postings, Checks]:
        """Lay the lists together, in memory or in a file."""
        terms = sorted(self._numbers)
        rank = np.empty(len(terms), dtype=np.int64)
        rank[[self._numbers[term] for term in terms]] = np.arange(len(terms))
        holding = np.zeros(len(terms), dtype=np.int64)
        for triples in self._blocks():
            holding += np.bincount(rank[triples[0]], minlength=len(terms))
        stops = np.cumsum(holding)
        passages, levels = self._arrays(path, int(holding.sum()))
        cursor = stops - holding
        for triples in self._blocks():
            _lay(triples, rank, cursor, passages, levels)
        checks = _checks(stops, passages, levels) if path is not None else np.empty(0, dtype=np.uint32)
        postings = Postings(
            text=b"".join(terms),
            ends=np.cumsum([len(term) for term in terms], dtype=np.int64),
            stops=stops,
            levels=np.array(self._levels.values, dtype=np.float64),
            lengths=self._lengths,
            lists=ListsInMemory(passages, levels),
        )
        return postings, checks

    def _arrays(self, path: Path | None, total: int) -> tuple[NDArray[np.int32], NDArray[np.unsignedinteger]]:
        """Return where the lists go: their passages, and their levels."""
        level = np.min_scalar_type(max(0, len(self._levels.values) - 1))
        if path is None or not total:
            if path is not None:
                path.touch()
            return np.empty(total, dtype="<i4"), np.empty(total, dtype=level)
        with path.open("wb") as file:
            file.truncate(total * (4 + level.itemsize))
        passages = np.memmap(path, dtype="<i4", mode="r+", shape=(total,))
        return passages, np.memmap(path, dtype=level, mode="r+", offset=4 * total, shape=(total,))

    def _count(self, some: Sequence[Terms], first: int) -> _Block:
        """Count the terms of some passages, the first of which stands at position ``first``."""
        found: list[int] = []
        sizes: list[int] = []
        for column in (0, 1):
            for passage in some:
                parted = tokens(passage[column])
                found.extend(map(self._numbers.__getitem__, parted))
                sizes.append(len(parted))
        sides = np.repeat(np.arange(2 * len(some)), sizes)
        # One number for term, passage and column, in that order of weight: sorting it groups what is counted.
        packed = np.sort(
            np.array(found, dtype=np.int64) * (2 * len(some)) + 2 * (sides % len(some)) + sides // len(some)
        )
        places, in_context = packed >> 1, packed & 1
        starts = np.flatnonzero(np.diff(places, prepend=-1))
        contexts = np.add.reduceat(in_context, starts) if len(starts) else in_context
        levels = self._levels.of(np.diff(starts, append=len(packed)) - contexts, contexts)
        terms, passages = np.divmod(places[starts], len(some))
        lengths = np.array(sizes, dtype=np.int32).reshape(2, -1).sum(axis=0, dtype=np.int32)
        return _Block(np.stack([terms, passages + first, levels]).astype(np.uint32), lengths)

    def _put(self, triples: NDArray[np.uint32]) -> None:
        self._sizes.append(triples.shape[1])
        if self._spill is None:
            self._kept.append(triples)
        else:
            self._spill.write(triples.tobytes())

    def _blocks(self) -> Iterator[NDArray[np.uint32]]:
        if self._spill is None:
            yield from self._kept
            return
        self._spill.seek(0)
        for size in self._sizes:
            yield np.frombuffer(self._spill.read(12 * size), dtype=np.uint32).reshape(3, size)


def _lay(
    triples: NDArray[np.uint32],
    rank: Numbers,
    cursor: Numbers,
    passages: NDArray[np.int32],
    levels: NDArray[np.unsignedinteger],
) -> None:
    """Put the terms of a block behind those of the blocks before, and move the cursors on."""
    starts = np.flatnonzero(np.diff(triples[0].astype(np.int64), prepend=-1))
    sizes = np.diff(starts, append=triples.shape[1])
    ranks = rank[triples[0][starts]]
    places = np.repeat(cursor[ranks] - starts, sizes) + np.arange(triples.shape[1])
    passages[places] = triples[1]
    levels[places] = triples[2]
    cursor[ranks] += sizes


def _checks(stops: Numbers, passages: NDArray[np.int32], levels: NDArray[np.unsignedinteger]) -> Checks:
    """Return the check sum of each list as it lies in the file."""
    starts = [0, *stops.tolist()]
    sums = [
        zlib.crc32(levels[start:stop].tobytes(), zlib.crc32(passages[start:stop].tobytes()))
        for start, stop in pairwise(starts)
    ]
    return np.array(sums, dtype=np.uint32)
