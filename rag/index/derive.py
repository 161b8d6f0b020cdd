"""SQLite → what makes reading fast: made here of the database, which holds all of it; nothing is embedded again.

A few passages are held in memory and searched exactly. Of many there is a base on the disk, whose name the database
keeps, with a log of the rows of it that were deleted since.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from rag.embed import Vectors
from rag.index.base import PRIVATE, Base, Columns, Seal, forget_seal, open_base, read_seal, remove_bases, write_base
from rag.index.bm25 import Bm25
from rag.index.large import LargeSnapshot
from rag.index.pieces import Positions
from rag.index.postings_build import postings_in_memory
from rag.index.snapshot import Snapshot, load_snapshot

# Up to so many passages, exact search and FTS5 are quick; from there on, FTS5 takes ten times as long as lists do
# (tests/benchmarks/size.py).
EXACT_UP_TO = 20_000

# How many passages may have changed since a base was made: a twentieth of it, within these.
LEAST_CHANGES, _MOST_CHANGES = 1000, 20_000

AnySnapshot = Snapshot | LargeSnapshot

_LOG = """
CREATE TABLE IF NOT EXISTS dropped (row INTEGER PRIMARY KEY, terms TEXT NOT NULL, context_terms TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS chunk_dropped AFTER DELETE ON chunks BEGIN
  INSERT INTO dropped VALUES (old.row, old.terms, old.context_terms);
END;
DELETE FROM dropped;
"""
_NO_LOG = "DROP TRIGGER IF EXISTS chunk_dropped; DROP TABLE IF EXISTS dropped; DELETE FROM meta WHERE key = 'base';"
_ALL_VECTORS = "SELECT passage FROM chunks JOIN vectors ON key = vector_key ORDER BY row"


def generation_of(connection: sqlite3.Connection) -> str:
    """Return the name of the state that ``connection`` sees."""
    return _meta(connection, "generation") or ""


def base_of(connection: sqlite3.Connection) -> str | None:
    """Return the name of the base in use; None where there is none."""
    return _meta(connection, "base")


def current_snapshot(
    database: Path, connection: sqlite3.Connection, dimension: int, exact_up_to: int, kept: AnySnapshot | None
) -> AnySnapshot:
    """Return the snapshot of the state that ``connection`` sees, from files where they are whole, else made anew.

    Of ``kept``, a snapshot of an earlier state, the base is used again where it is the one in use still.
    """
    name = base_of(connection)
    if name is None and not _is_large(connection, exact_up_to):
        generation = generation_of(connection)
        return load_snapshot(database, generation) or flat_snapshot(connection, dimension)
    if name is not None and isinstance(kept, LargeSnapshot) and kept.base.name == name:
        return _with_changes(connection, kept.base)
    base = open_base(database, name, dimension) if name is not None else None
    return _with_changes(connection, base) if base else renewed_snapshot(database, connection, dimension)


def renewed_snapshot(database: Path, connection: sqlite3.Connection, dimension: int) -> LargeSnapshot:
    """Make a snapshot in the place of one whose base is damaged, and let the next run of `rag index` see that it is."""
    name = base_of(connection) or ""
    forget_seal(database, name)
    return _with_changes(connection, private_base(database, connection, dimension, name))


def flat_snapshot(connection: sqlite3.Connection, dimension: int) -> Snapshot:
    """Make the snapshot of a few passages."""
    rows = connection.execute("SELECT row, passage FROM chunks JOIN vectors ON key = vector_key ORDER BY row")
    keys, data = _keys_and_vectors(rows, dimension)
    return Snapshot.build(generation_of(connection), keys, data)


def private_base(database: Path, connection: sqlite3.Connection, dimension: int, name: str) -> Base:
    """Make a base in the place of one that is not there or damaged, for this process alone: it has no name to others.

    Its files are gone from the folder as soon as they are open.
    """
    made = PRIVATE + secrets.token_hex(8)
    _write(database, connection, dimension, made)
    base = open_base(database, made, dimension)
    remove_bases(database, only=made)
    assert base is not None, "what was just written and read back is whole"
    return Base(name, base.keys, base.vectors, base.quantized, base.postings)


def renew_base(database: Path, connection: sqlite3.Connection, dimension: int) -> None:
    """Make a base of the state as it is, put it in use, and delete the one before; what crashes leaves that in use."""
    name = secrets.token_hex(8)
    try:
        _write(database, connection, dimension, name)
    except BaseException:  # the disk may be full
        remove_bases(database, only=name)
        raise
    connection.executescript(f"BEGIN IMMEDIATE; {_LOG} INSERT OR REPLACE INTO meta VALUES ('base', '{name}'); COMMIT;")
    remove_bases(database, but=name)


def drop_base(database: Path, connection: sqlite3.Connection) -> None:
    """Put no base in use: the index is small again."""
    if base_of(connection) is not None:
        connection.executescript(f"BEGIN IMMEDIATE; {_NO_LOG} COMMIT;")
        remove_bases(database)


def is_large(database: Path, connection: sqlite3.Connection, exact_up_to: int) -> bool:
    """Whether there are more passages than are searched exactly; quickly told where there is a base."""
    seal = _seal_in_use(database, connection)
    if seal is None:
        return _is_large(connection, exact_up_to)
    added, gone = _changes(connection, seal, exact_up_to + 1)
    return seal.passages + added - gone > exact_up_to


def is_base_good(database: Path, connection: sqlite3.Connection, factor: int = 1) -> bool:
    """Whether there is a base, and not so much was changed since that making another is worth the while.

    What was changed is read anew in each state; a base takes as long to make as some thousands of vectors.
    """
    seal = _seal_in_use(database, connection)
    if seal is None:
        return False
    most = factor * max(LEAST_CHANGES, min(seal.passages // 20, _MOST_CHANGES))
    return sum(_changes(connection, seal, most + 1)) <= most


def _seal_in_use(database: Path, connection: sqlite3.Connection) -> Seal | None:
    name = base_of(connection)
    return read_seal(database, name) if name is not None else None


def _changes(connection: sqlite3.Connection, seal: Seal, most: int) -> tuple[int, int]:
    """Return how many passages were added to those of a base, counted up to ``most``, and how many deleted."""
    added = "SELECT count(*) FROM (SELECT 1 FROM chunks WHERE row > ? LIMIT ?)"
    (added_count,) = connection.execute(added, [seal.last, most]).fetchone()
    (gone_count,) = connection.execute("SELECT count(*) FROM dropped WHERE row <= ?", [seal.last]).fetchone()
    return added_count, gone_count


def _is_large(connection: sqlite3.Connection, exact_up_to: int) -> bool:
    query = "SELECT count(*) FROM (SELECT 1 FROM chunks LIMIT ?)"
    (count,) = connection.execute(query, [exact_up_to + 1]).fetchone()
    return bool(count > exact_up_to)


def _write(database: Path, connection: sqlite3.Connection, dimension: int, name: str) -> None:
    # Not asked for in order: they are then read from an index, which is small, and not from the passages themselves.
    keys = np.sort(np.fromiter((row for (row,) in connection.execute("SELECT row FROM chunks")), dtype=np.int64))
    vectors = (blob for (blob,) in connection.execute(_ALL_VECTORS))
    terms: Iterator[Any] = connection.execute("SELECT terms, context_terms FROM chunks ORDER BY row")
    write_base(database, name, Columns(keys, vectors, terms), dimension)


def _with_changes(connection: sqlite3.Connection, base: Base) -> LargeSnapshot:
    """Return the snapshot of the state that ``connection`` sees: a base, and what was changed since."""
    dimension, last = base.vectors.dimension, int(base.keys[-1])
    query = "SELECT row, passage FROM chunks JOIN vectors ON key = vector_key WHERE row > ? ORDER BY row"
    added_keys, added = _keys_and_vectors(connection.execute(query, [last]), dimension)
    words = connection.execute("SELECT terms, context_terms FROM chunks WHERE row > ? ORDER BY row", [last])
    dropped: list[tuple[int, str, str]] = []
    if base_of(connection) is not None:
        dropped = connection.execute("SELECT row, terms, context_terms FROM dropped ORDER BY row").fetchall()
    held = np.isin(np.array([row for row, _, _ in dropped], dtype=np.int64), base.keys)
    lost = [one for one, is_held in zip(dropped, held.tolist(), strict=True) if is_held]
    gone = np.searchsorted(base.keys, np.array([row for row, _, _ in lost], dtype=np.int64))
    return LargeSnapshot(
        generation=generation_of(connection),
        base=base,
        added_keys=added_keys,
        added=added,
        gone=gone,
        bm25=Bm25(
            parts=(base.postings, postings_in_memory(words)),
            gone=gone,
            lost=postings_in_memory((terms, context) for _, terms, context in lost),
        ),
    )


def _keys_and_vectors(rows: sqlite3.Cursor, dimension: int) -> tuple[Positions, Vectors]:
    found = rows.fetchall()
    keys = np.array([row for row, _ in found], dtype=np.int64)
    data = np.frombuffer(b"".join(blob for _, blob in found), dtype="<f4").reshape(len(found), dimension)
    return keys, data


def _meta(connection: sqlite3.Connection, key: str) -> str | None:
    row = connection.execute("SELECT value FROM meta WHERE key = ?", [key]).fetchone()
    return str(row[0]) if row else None
