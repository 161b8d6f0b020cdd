"""Large derived files, read a piece at a time: vectors that stay on the disk, each told to be whole when it is read.

A piece is read, not mapped: the system maps many pages around each one touched, and a few thousand rows would hold
the whole file in memory. Nor is the file hashed when it is opened, which would take seconds: every piece has a check
sum of its own, kept in a file that is hashed. It does not know of databases.
"""

from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Iterable, Iterator, Sequence
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

    def read(self, start: int, size: int) -> bytearray:
        """Return ``size`` bytes from ``start``; raises SnapshotDamaged where there are not so many."""
        return self.read_all([(start, size)])

    def read_all(self, pieces: Sequence[tuple[int, int]]) -> bytearray:
        """Return pieces, given by start and size, one after the other; raises as ``read``."""
        data = bytearray(sum(size for _, size in pieces))
        view, at = memoryview(data), 0
        with self._guard:
            for start, size in pieces:
                self._file.seek(start)
                if self._file.readinto(view[at : at + size]) != size:
                    raise SnapshotDamaged(f"{self.path} is too short")
                at += size
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
        order = np.argsort(positions, kind="stable")
        out = np.empty((len(positions), self.dimension), dtype=np.float32)
        out[order] = self._ordered(positions[order])
        return out

    def scan(self) -> Iterator[Vectors]:
        """Yield all rows in blocks, in order."""
        for start in range(0, len(self), _SCANNED):
            yield self._ordered(np.arange(start, min(start + _SCANNED, len(self))))

    def _ordered(self, positions: Positions) -> Vectors:
        """Return rows in the order of the file; those that follow each other are read as one."""
        starts = np.flatnonzero(np.diff(positions, prepend=-2) != 1)
        sizes = np.diff(starts, append=len(positions))
        places = zip((positions[starts] * self._size).tolist(), (sizes * self._size).tolist(), strict=True)
        data = memoryview(self._file.read_all(list(places)))
        for at, check in enumerate(self.checks[positions].tolist()):
            if zlib.crc32(data[at * self._size : (at + 1) * self._size]) != check:
                raise SnapshotDamaged(f"{self._file.path} is damaged at row {positions[at]}")
        return np.frombuffer(data, dtype="<f4").reshape(len(positions), self.dimension)


def write_vectors(path: Path, blobs: Iterable[bytes]) -> Checks:
    """Write rows one after the other, and return the check sum of each."""
    checks = []
    with path.open("wb") as file:
        for blob in blobs:
            file.write(blob)
            checks.append(zlib.crc32(blob))
    return np.array(checks, dtype=np.uint32)
