"""Large derived files, read a piece at a time: vectors that stay on the disk, each told to be whole when it is read.

A piece is read, not mapped: the system maps many pages around each one touched, and a few thousand rows would hold
the whole file in memory. Nor is the file hashed when it is opened, which would take seconds: every piece has a check
sum of its own, kept in a file that is hashed. It does not know of databases.
"""

from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.embed import Vectors

Positions = NDArray[np.int64]
Checks = NDArray[np.uint32]

_AHEAD = 4 << 20  # bytes
_SCANNED = 4096  # rows in memory at a time, where all are read


class SnapshotDamaged(Exception):  # noqa: N818, as the errors of rag.errors
    """A derived file is not what was written: it is to be made again from the database."""


class PieceFile:
    """A file open for reading at any place, by any thread; it goes on being readable when its name is gone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("rb", buffering=0)
        self._guard = threading.Lock()

    def read_ahead(self) -> None:
        """Let the system take the file into memory that is free, while other things go on.

        A question reads hundreds of pieces from all over it: from a disk that takes half a second, from memory two
        milliseconds. It stays memory of the system, which gives it to whoever needs it.
        """
        if hasattr(os, "posix_fadvise"):
            threading.Thread(target=self._advise, daemon=True).start()

    def _advise(self) -> None:
        for start in range(0, os.fstat(self._file.fileno()).st_size, _AHEAD):  # more at a time is not done
            os.posix_fadvise(self._file.fileno(), start, _AHEAD, os.POSIX_FADV_WILLNEED)

    def read(self, start: int, size: int) -> bytes:
        """Return ``size`` bytes from ``start``; raises SnapshotDamaged where there are not so many."""
        with self._guard:
            self._file.seek(start)
            data = self._file.read(size)
        if len(data) != size:
            raise SnapshotDamaged(f"{self.path} is too short")
        return data


class VectorFile:
    """Rows of float32 in a file; ``checks`` has the check sum of each."""

    def __init__(self, path: Path, dimension: int, checks: Checks) -> None:
        self._file = PieceFile(path)
        self._size = 4 * dimension
        self.dimension = dimension
        self.checks = checks

    def __len__(self) -> int:
        return len(self.checks)

    def read_ahead(self) -> None:
        """Let the system take the rows into memory that is free."""
        self._file.read_ahead()

    def rows(self, positions: Positions) -> Vectors:
        """Return rows, shape ``(len(positions), dimension)``; raises SnapshotDamaged where one is not whole."""
        out = np.empty((len(positions), self.dimension), dtype=np.float32)
        order = np.argsort(positions, kind="stable")
        ordered = positions[order]
        for run in np.split(np.arange(len(ordered)), np.flatnonzero(np.diff(ordered) != 1) + 1):
            if len(run):
                out[order[run]] = self._run(int(ordered[run[0]]), len(run))
        return out

    def scan(self) -> Iterator[Vectors]:
        """Yield all rows in blocks, in order."""
        for start in range(0, len(self), _SCANNED):
            yield self._run(start, min(_SCANNED, len(self) - start))

    def _run(self, first: int, count: int) -> Vectors:
        data = memoryview(self._file.read(first * self._size, count * self._size))
        for at, check in enumerate(self.checks[first : first + count].tolist()):
            if zlib.crc32(data[at * self._size : (at + 1) * self._size]) != check:
                raise SnapshotDamaged(f"{self._file.path} is damaged at row {first + at}")
        return np.frombuffer(data, dtype="<f4").reshape(count, self.dimension)


def write_vectors(path: Path, blobs: Iterable[bytes]) -> Checks:
    """Write rows one after the other, and return the check sum of each."""
    checks = []
    with path.open("wb") as file:
        for blob in blobs:
            file.write(blob)
            checks.append(zlib.crc32(blob))
    return np.array(checks, dtype=np.uint32)
