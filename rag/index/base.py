"""The passages of a large index at one moment, in files beside the database, none of them ever changed.

The vectors stay on the disk; in memory is a quantised FAISS index of them: product quantisation, 4 bits for every
two numbers, a sixteenth of the size. The lists of words stay on the disk too. What is loaded whole is hashed; the rest
has a check sum for each piece, looked at when the piece is read. A base has a name of its own, and is in use when the
database names it, so that files which were not wholly written, or are another database's, are never opened.
"""

from __future__ import annotations

import hashlib
import io
import logging
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rag.index.pieces import Checks, PieceFile, Positions, SnapshotDamaged, VectorFile, write_vectors
from rag.index.postings import ListsInFile, ListsInMemory, Postings
from rag.index.postings_build import Terms, write_postings
from rag.index.snapshot import write_whole
from rag.types import Value

log = logging.getLogger(__name__)

_TRAINED_ON = 50_000  # vectors: more make the quantiser no better
_CENTROIDS = 16  # of 4 bits; no fewer vectors can be learned from
PRIVATE = "private-"  # begins the name of a base that one process makes for itself
_CODES, _TABLES, _VECTORS, _POSTINGS, _SEAL = ".codes", ".tables", ".vectors", ".postings", ".base"


class Seal(Value):
    """What is said of a base: how many passages it has, the key of the last, and what is loaded of it must be."""

    passages: int
    last: int
    codes: str
    tables: str


class Columns(NamedTuple):
    """Passages as they are read from the database, each column in the order of the keys."""

    keys: Positions
    vectors: Iterable[bytes]
    terms: Iterable[Terms]


@dataclass(frozen=True)
class Base:
    """The passages: their keys in order, vectors, the quantised index of these, and their words."""

    name: str
    keys: Positions
    vectors: VectorFile
    quantized: Any  # faiss.IndexPQFastScan
    postings: Postings

    def __len__(self) -> int:
        return len(self.keys)


def write_base(database: Path, name: str, columns: Columns, dimension: int) -> None:
    """Write the files of a base, flushed to the disk; nothing of it is used before the database names it."""
    path = _Paths(database, name)
    checks = write_vectors(path[_VECTORS], columns.vectors)
    codes = _quantized(VectorFile(path[_VECTORS], dimension, checks))
    postings, list_checks = write_postings(path[_POSTINGS], columns.terms)
    for written in (_VECTORS, _POSTINGS):
        with path[written].open("rb+") as file:
            os.fsync(file.fileno())
    tables = _tables(columns.keys, checks, postings, list_checks)
    write_whole(path[_CODES], codes)
    write_whole(path[_TABLES], tables)
    last = int(columns.keys[-1])
    seal = Seal(passages=len(columns.keys), last=last, codes=_hash(codes), tables=_hash(tables))
    write_whole(path[_SEAL], seal.model_dump_json().encode())


def read_seal(database: Path, name: str) -> Seal | None:
    """Return what is said of a base; None where there is none."""
    try:
        return Seal.model_validate_json(_Paths(database, name)[_SEAL].read_bytes())
    except (OSError, ValueError):
        return None


def open_base(database: Path, name: str, dimension: int) -> Base | None:
    """Return a base from its files; None where it is missing or seen to be damaged."""
    path, seal = _Paths(database, name), read_seal(database, name)
    try:
        codes, tables = path[_CODES].read_bytes(), path[_TABLES].read_bytes()
        if seal is None or (_hash(codes), _hash(tables)) != (seal.codes, seal.tables):
            raise SnapshotDamaged(f"{path[_CODES]} or {path[_TABLES]} is damaged")
        return _loaded(path, name, codes, tables, dimension)
    except (OSError, SnapshotDamaged) as error:
        log.warning("%s: it is made again from the database", error)
        return None


def forget_seal(database: Path, name: str) -> None:
    """Take the seal from a base that is damaged, so that the next run of `rag index` sees that it is to be made."""
    with suppress(OSError):
        _Paths(database, name)[_SEAL].unlink()


def remove_bases(database: Path, *, but: str = "", only: str = "*") -> None:
    """Delete the files of all bases of a database but one, or of one only; whoever has them open goes on reading.

    What another process is making for itself alone is left to it.
    """
    for suffix in (_CODES, _TABLES, _VECTORS, _POSTINGS, _SEAL):
        for path in database.parent.glob(f"{database.stem}.{only}{suffix}*"):
            name = path.name.split(".")[1]
            if name != but and (name == only or not name.startswith(PRIVATE)):
                with suppress(OSError):
                    path.unlink()


class _Paths:
    """Where the files of a base are, by suffix."""

    def __init__(self, database: Path, name: str) -> None:
        self._database, self._name = database, name

    def __getitem__(self, suffix: str) -> Path:
        return self._database.with_suffix(f".{self._name}{suffix}")


def _quantized(vectors: VectorFile) -> bytes:
    """Return the quantised index of vectors, which are read a block at a time."""
    import faiss

    faiss.omp_set_num_threads(1)  # beside other work, threads that wait for each other take five times as long
    dimension = vectors.dimension
    parts = dimension // 2 if dimension % 2 == 0 else dimension
    quantized = faiss.IndexPQFastScan(dimension, parts, 4, faiss.METRIC_INNER_PRODUCT)
    sample = np.linspace(0, len(vectors) - 1, min(len(vectors), _TRAINED_ON)).astype(np.int64)
    quantized.pq.cp.min_points_per_centroid = 1  # or it writes to standard error that there are few
    rows = vectors.rows(sample)
    quantized.train(np.resize(rows, (max(len(rows), _CENTROIDS), dimension)))
    for rows in vectors.scan():
        quantized.add(rows)
    data: bytes = faiss.serialize_index(quantized).tobytes()
    return data


def _tables(keys: Positions, checks: Checks, postings: Postings, list_checks: Checks) -> bytes:
    tables = io.BytesIO()
    assert isinstance(postings.lists, ListsInMemory)
    np.savez(
        tables,
        keys=keys,
        vector_checks=checks,
        text=np.frombuffer(postings.text, dtype=np.uint8),
        ends=postings.ends,
        stops=postings.stops,
        levels=postings.levels,
        level=np.empty(0, dtype=postings.lists.levels.dtype),
        lengths=postings.lengths,
        list_checks=list_checks,
    )
    return tables.getvalue()


def _loaded(path: _Paths, name: str, codes: bytes, tables: bytes, dimension: int) -> Base:
    import faiss

    found = np.load(io.BytesIO(tables))
    stops = found["stops"]
    total = int(stops[-1]) if len(stops) else 0
    postings_file = PieceFile(path[_POSTINGS])
    vectors = VectorFile(path[_VECTORS], dimension, found["vector_checks"])
    postings_file.read_ahead()
    vectors.read_ahead()
    lists = ListsInFile(postings_file, total, found["level"].dtype, found["list_checks"])
    postings = Postings(
        text=found["text"].tobytes(),
        ends=found["ends"],
        stops=stops,
        levels=found["levels"],
        lengths=found["lengths"],
        lists=lists,
    )
    return Base(
        name=name,
        keys=found["keys"],
        vectors=vectors,
        quantized=faiss.deserialize_index(np.frombuffer(codes, dtype=np.uint8)),
        postings=postings,
    )


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
