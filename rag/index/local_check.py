"""Checks a local index against itself: the database, its words, and the snapshot made of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import islice

from rag.index.derive import AnySnapshot
from rag.index.large import LargeSnapshot
from rag.index.pieces import SnapshotDamaged

_AT_ONCE = 5000  # vectors in memory
_QUESTIONS = (
    ("chunks without their document", "chunks WHERE document_id NOT IN (SELECT id FROM documents)"),
    ("chunks without their vectors", "chunks WHERE vector_key NOT IN (SELECT key FROM vectors)"),
    ("documents without their file", "documents WHERE file NOT IN (SELECT source FROM files)"),
    ("readable files without a document", "files WHERE reason IS NULL AND source NOT IN (SELECT file FROM documents)"),
    ("unreadable files with a document", "files WHERE reason IS NOT NULL AND source IN (SELECT file FROM documents)"),
)


def faults(connection: sqlite3.Connection, snapshot: AnySnapshot) -> Iterator[str]:
    """Yield what is wrong, a line each, with the database or with the snapshot made of it."""
    try:
        for (said,) in connection.execute("PRAGMA integrity_check(5)"):
            if said != "ok":
                yield f"database: {said}"
        for what, where in _QUESTIONS:
            (count,) = connection.execute(f"SELECT count(*) FROM {where}").fetchone()
            if count:
                yield f"database: {count} {what}"
        connection.execute("INSERT INTO passages (passages, rank) VALUES ('integrity-check', 1)")
    except sqlite3.DatabaseError as error:
        yield f"database: {error}"
    if not _holds_the_vectors(snapshot, connection):
        yield "the vectors searched are not those of the database"
    if isinstance(snapshot, LargeSnapshot) and not _holds_the_words(snapshot, connection):
        yield "the words searched are not those of the database"


def _holds_the_vectors(snapshot: AnySnapshot, connection: sqlite3.Connection) -> bool:
    keys = iter(snapshot.keys())
    rows = connection.execute("SELECT row, passage FROM chunks JOIN vectors ON key = vector_key ORDER BY row")
    try:
        while some := rows.fetchmany(_AT_ONCE):
            wanted = [row for row, _ in some]
            if list(islice(keys, len(some))) != wanted:
                return False
            if snapshot.vectors(wanted).astype("<f4").tobytes() != b"".join(blob for _, blob in some):
                return False
        return next(keys, None) is None
    except SnapshotDamaged:
        return False


def _holds_the_words(snapshot: LargeSnapshot, connection: sqlite3.Connection) -> bool:
    """Whether every word stands in as many passages as FTS5 says, and every list is as it was written."""
    try:
        snapshot.base.postings.check()
    except SnapshotDamaged:
        return False
    return dict(snapshot.bm25.vocabulary()) == dict(connection.execute("SELECT term, doc FROM vocabulary").fetchall())
