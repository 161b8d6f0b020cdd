"""The FAISS side of the local index: the vectors of one generation, and the file they are kept in.

A snapshot is never changed once made; a new generation is a new object, so no search meets a write.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.embed import Vectors
from rag.types import Value

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Snapshot:
    """The vectors of one generation of an index, searchable by inner product."""

    generation: str
    faiss: Any  # faiss.IndexIDMap2 over a flat index

    @classmethod
    def build(cls, generation: str, keys: NDArray[np.int64], vectors: Vectors) -> Snapshot:
        """Return a snapshot of ``vectors``, shape ``(len(keys), dimension)``, each found by its key."""
        import faiss

        index = faiss.IndexIDMap2(faiss.IndexFlatIP(vectors.shape[1]))
        index.add_with_ids(np.ascontiguousarray(vectors), keys)
        return cls(generation, index)

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return int(self.faiss.d)

    def __len__(self) -> int:
        return int(self.faiss.ntotal)

    def keys(self) -> list[int]:
        """Return all keys, in the order they were added."""
        import faiss

        return [int(key) for key in faiss.vector_to_array(self.faiss.id_map)]

    def search(self, query: Vectors, k: int, among: Sequence[int] | None = None) -> dict[int, float]:
        """Return the ``k`` keys nearest to ``query``, best first, with their inner products; of ``among``, if given."""
        import faiss

        k = min(k, len(self) if among is None else len(among))
        if k < 1:
            return {}
        # For one question, threads that wait for each other cost more than they bring.
        faiss.omp_set_num_threads(1)
        parameters = faiss.SearchParameters()
        if among is not None:
            parameters.sel = chosen = faiss.IDSelectorBatch(np.array(among, dtype=np.int64))  # noqa: F841, kept alive
        scores, keys = self.faiss.search(query.reshape(1, -1), k, params=parameters)
        return {int(key): float(score) for key, score in zip(keys[0], scores[0], strict=True)}

    def vectors(self, keys: Sequence[int]) -> Vectors:
        """Return the vectors kept under ``keys``."""
        found: Vectors = self.faiss.reconstruct_batch(np.array(keys, dtype=np.int64))
        return found


def save_snapshot(snapshot: Snapshot, database: Path) -> None:
    """Write a snapshot beside its database; what a crash leaves of it is seen to be whole or is not used."""
    import faiss

    data = faiss.serialize_index(snapshot.faiss).tobytes()
    seal = _Seal(generation=snapshot.generation, sha256=hashlib.sha256(data).hexdigest())
    write_whole(database.with_suffix(".faiss"), data)
    write_whole(database.with_suffix(".seal"), json.dumps(seal.model_dump()).encode())


def remove_snapshot(database: Path) -> None:
    """Delete the files of a snapshot, where there are any."""
    for suffix in (".seal", ".faiss"):
        database.with_suffix(suffix).unlink(missing_ok=True)


class _Seal(Value):
    """What is said of a snapshot's file: of which generation it is, and what it must be to be whole."""

    generation: str
    sha256: str


def snapshot_generation(database: Path) -> str | None:
    """Return of which generation the snapshot in the file says it is; None where there is none."""
    seal = _read_seal(database)
    return seal.generation if seal is not None and database.with_suffix(".faiss").is_file() else None


def load_snapshot(database: Path, generation: str) -> Snapshot | None:
    """Return the snapshot of ``generation`` from its file; None where it is missing, stale or damaged."""
    seal = _read_seal(database)
    if seal is None or seal.generation != generation:
        return None
    path = database.with_suffix(".faiss")
    try:
        data = path.read_bytes()
    except OSError:
        return None
    if hashlib.sha256(data).hexdigest() != seal.sha256:
        log.warning("%s is damaged and is made again from the database", path)
        return None
    import faiss

    return Snapshot(generation, faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8)))


def _read_seal(database: Path) -> _Seal | None:
    try:
        return _Seal.model_validate_json(database.with_suffix(".seal").read_bytes())
    except (OSError, ValueError):
        return None


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file whole: written beside it, flushed to the disk, renamed over it."""
    beside = path.with_name(path.name + ".new")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    if hasattr(os, "O_DIRECTORY"):  # the new name, too, is on the disk before anything is built on it
        folder = os.open(path.parent, os.O_DIRECTORY)
        os.fsync(folder)
        os.close(folder)
