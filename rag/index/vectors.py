"""FAISS: the vectors most like a question's, by the numbers that the database gives them.

It is derived from the database: a file holds the vectors up to a number, those made after it are read from the database
and searched beside it. What it names is weighed by the vectors of the database, so that a score is exact, and what is
not there any more is left out. An index is never changed while it may be searched: FAISS would crash.
"""

from __future__ import annotations

import json
import logging
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from math import isqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.embed import Vectors
from rag.index.files import write_whole
from rag.types import Value

log = logging.getLogger(__name__)

# Up to so many vectors all are compared (10 ms); from there on, those in the lists nearest to the question
# (tests/benchmarks/size.py).
EXACT_UP_TO = 50_000
_LISTS = 4  # times the square root of how many vectors there are, as FAISS's guidelines advise
_TRAINED_ON = 40  # vectors a list, at least; FAISS warns below 39
_MARGIN = 0.25  # that codes reach beyond what they were trained on, of its range: what lies farther out is cut off
_ROUNDS = 10  # of k-means, FAISS's default for lists
# Of so many lists one is looked through, and at least so many: of 1,000,000 passages, .997 of the ten nearest are named
# in 3 ms, of 100,000, .994 in .4 ms (tests/benchmarks/size.py).
_PROBED, _LEAST_PROBED = 10, 64
GROWN = 4  # times the vectors that the lists were made for: then they are made anew

Numbers = NDArray[np.int64]
Numbered = tuple[Numbers, Vectors]
Blocks = Callable[[int], Iterator[Numbered]]  # the vectors of a database after a number, by rising number, in blocks


class VectorHeader(Value):
    """What a file says of the index in it: see VectorIndex; ``crc32`` is the check sum of all else in the file."""

    database: str
    last: int
    made_for: int
    crc32: int


@dataclass(frozen=True)
class VectorIndex:
    """The vectors of a database, as they are numbered there, up to ``last``; and those made since, as arrays.

    ``faiss`` is flat, with a map of numbers, or has lists (IVF) of codes of 8 bits; it was made for so many vectors.
    """

    database: str
    last: int
    made_for: int
    faiss: Any
    recent_numbers: Numbers
    recent: Vectors

    @property
    def seen(self) -> int:
        """The highest number it holds."""
        return int(self.recent_numbers[-1]) if len(self.recent_numbers) else self.last

    def __len__(self) -> int:
        return int(self.faiss.ntotal) + len(self.recent_numbers)

    def with_recent(self, blocks: Blocks) -> VectorIndex:
        """Return an index that also holds what was made since."""
        found = list(blocks(self.seen))
        numbers = np.concatenate([self.recent_numbers, *(numbers for numbers, _ in found)])
        return replace(self, recent_numbers=numbers, recent=np.concatenate([self.recent, *(rows for _, rows in found)]))

    def search(self, query: Vectors, k: int) -> list[int]:
        """Return the numbers of the vectors likely to be most like ``query``, at most ``k`` of the older ones."""
        import faiss

        # For one question, threads that wait for each other cost more than they bring.
        faiss.omp_set_num_threads(1)
        found: list[int] = self.recent_numbers.tolist()
        if k < len(found):
            found = self.recent_numbers[np.argpartition(-(self.recent @ query), k)[:k]].tolist()
        if count := min(k, int(self.faiss.ntotal)):
            numbers = self.faiss.search(query.reshape(1, -1), count)[1][0]
            found += numbers[numbers >= 0].tolist()
        return found

    def vectors(self, numbers: Sequence[int]) -> Vectors | None:
        """Return vectors up to ``last`` as they are searched, codes a little inexactly; None if one is missing."""
        if hasattr(self.faiss, "nlist") and not self.faiss.direct_map.type:
            self.faiss.set_direct_map_type(2)  # a hash table, as numbers have gaps
        try:
            found: Vectors = self.faiss.reconstruct_batch(np.array(numbers, dtype=np.int64))
        except RuntimeError:
            return None
        return found

    def as_searched(self, vectors: Vectors) -> Vectors:
        """Return vectors as they would be searched: of codes, what lies outside their range is cut off."""
        if not hasattr(self.faiss, "nlist"):
            return vectors
        coded: Vectors = self.faiss.sa_decode(self.faiss.sa_encode(np.ascontiguousarray(vectors)))
        return coded


def make_vectors(database: str, count: int, dimension: int, blocks: Blocks, exact_up_to: int) -> VectorIndex:
    """Return an index of the ``count`` vectors of a database."""
    import faiss

    empty: Any
    if count <= exact_up_to:
        empty = faiss.index_factory(dimension, "IDMap2,Flat", faiss.METRIC_INNER_PRODUCT)
        made_for = 0
    else:
        lists = max(1, min(_LISTS * isqrt(count), count // _TRAINED_ON))
        empty = faiss.index_factory(dimension, f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
        empty.cp.niter, empty.nprobe, made_for = _ROUNDS, max(_LEAST_PROBED, lists // _PROBED), count
        empty.sq.rangestat_arg = _MARGIN
        empty.train(_sample(blocks, max(1, count // (lists * _TRAINED_ON))))
    return _with(VectorIndex(database, 0, made_for, empty, *_nothing(dimension)), blocks(0))


def read_header(path: Path) -> VectorHeader | None:
    """Return what a file says of itself; None where there is none."""
    try:
        with path.open("rb") as file:
            return VectorHeader.model_validate_json(file.readline())
    except (OSError, ValueError):
        return None


def load_vectors(path: Path, databases: Collection[str]) -> VectorIndex | None:
    """Return the index in a file; None where it is missing, damaged, or of another database than ``databases``."""
    try:
        with path.open("rb") as file:
            header = VectorHeader.model_validate_json(file.readline())
            data = np.fromfile(file, dtype=np.uint8)
    except (OSError, ValueError):
        return None
    if header.database not in databases:
        return None
    if _check_sum(header, data.data) != header.crc32:
        log.warning("%s is damaged and is made again from the database", path)
        with suppress(OSError):  # a folder that cannot be written
            path.unlink()
        return None
    import faiss

    index = faiss.deserialize_index(data)
    return VectorIndex(header.database, header.last, header.made_for, index, *_nothing(index.d))


def save_vectors(index: VectorIndex, blocks: Blocks, path: Path) -> None:
    """Write an index that nobody searches to a file, with what was made since."""
    import faiss

    whole = _with(index, blocks(index.last))
    data = faiss.serialize_index(whole.faiss)
    header = VectorHeader(database=whole.database, last=whole.last, made_for=whole.made_for, crc32=0)
    header = header.model_copy(update={"crc32": _check_sum(header, data.data)})
    write_whole(path, [json.dumps(header.model_dump()).encode() + b"\n", data.data])


def _check_sum(header: VectorHeader, data: memoryview) -> int:
    return zlib.crc32(data, zlib.crc32(repr((header.database, header.last, header.made_for)).encode()))


def _with(index: VectorIndex, vectors: Iterable[Numbered]) -> VectorIndex:
    last = index.last
    for numbers, rows in vectors:
        index.faiss.add_with_ids(np.ascontiguousarray(rows), numbers)
        last = int(numbers[-1])
    return replace(index, last=last)


def _sample(blocks: Blocks, step: int) -> Vectors:
    """Return one vector in so many."""
    return np.concatenate([rows[::step] for _, rows in blocks(0)])


def _nothing(dimension: int) -> Numbered:
    return np.empty(0, dtype=np.int64), np.empty((0, dimension), dtype=np.float32)
