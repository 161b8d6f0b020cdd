"""Checks a local index against itself: the database, its words, and the snapshot made of its vectors."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import numpy as np

from rag.index.snapshot import Snapshot

_QUESTIONS = (
    ("chunks without their document", "chunks WHERE document_id NOT IN (SELECT id FROM documents)"),
    ("chunks without their vectors", "chunks WHERE vector_key NOT IN (SELECT key FROM vectors)"),
    ("documents without their file", "documents WHERE file NOT IN (SELECT source FROM files)"),
    ("readable files without a document", "files WHERE reason IS NULL AND source NOT IN (SELECT file FROM documents)"),
    ("unreadable files with a document", "files WHERE reason IS NOT NULL AND source IN (SELECT file FROM documents)"),
)


def faults(connection: sqlite3.Connection, snapshot: Snapshot, rebuilt: Snapshot) -> Iterator[str]:
    """Yield what is wrong, a line each; ``rebuilt`` is what ``snapshot`` should be."""
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
    if _content(snapshot) != _content(rebuilt):
        yield "the vectors searched are not those of the database"


def _content(snapshot: Snapshot) -> tuple[bytes, bytes]:
    keys = snapshot.keys()
    return np.array(keys).tobytes(), snapshot.vectors(keys).tobytes() if len(keys) else b""
