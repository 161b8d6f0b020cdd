"""Checks a local index against itself: the database, its counts, and the search engines made of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import starmap

import numpy as np

from rag.embed import Vectors
from rag.index.engines import Engines
from rag.index.statistics import Counts, PassageTerms, count

_AT_ONCE = 5000  # rows in memory
_LEAST_COSINE = 0.95  # of codes, which may be in the list beside
_TINY = 1e-12  # so that a vector of zeros is like no other
_QUESTIONS = (
    ("chunks without their document", "chunks WHERE document_id NOT IN (SELECT id FROM documents)"),
    (
        "chunks with nothing to embed",
        "chunks WHERE vector_key NOT IN (SELECT key FROM vectors UNION ALL SELECT key FROM unembedded)",
    ),
    ("texts to embed that have a vector", "unembedded WHERE key IN (SELECT key FROM vectors)"),
    ("documents without their file", "documents WHERE file NOT IN (SELECT source FROM files)"),
    ("readable files without a document", "files WHERE reason IS NULL AND source NOT IN (SELECT file FROM documents)"),
    ("unreadable files with a document", "files WHERE reason IS NOT NULL AND source IN (SELECT file FROM documents)"),
)


def faults(connection: sqlite3.Connection, engines: Engines) -> Iterator[str]:
    """Yield what is wrong, a line each, with the database or with what is made of it."""
    try:
        for (said,) in connection.execute("PRAGMA integrity_check(5)"):
            if said != "ok":
                yield f"database: {said}"
        for what, where in _QUESTIONS:
            (found,) = connection.execute(f"SELECT count(*) FROM {where}").fetchone()
            if found:
                yield f"database: {found} {what}"
        kept = Counts(dict(connection.execute("SELECT name, value FROM counts")))
        if count(starmap(PassageTerms, connection.execute("SELECT terms, context_terms FROM chunks"))) != kept:
            yield "database: the counts are not those of the passages"
    except sqlite3.DatabaseError as error:
        yield f"database: {error}"
        return
    if not _holds_the_vectors(connection, engines):
        yield "the vectors searched are not those of the database"
    index, last = engines.words(connection)
    saved = {row for (row,) in connection.execute("SELECT row FROM chunks WHERE row <= ?", [last])}
    if not saved <= set(index.rows()):
        yield "the words searched are not those of the database"


def _holds_the_vectors(connection: sqlite3.Connection, engines: Engines) -> bool:
    index = engines.vectors(connection)
    if len(index) < connection.execute("SELECT count(*) FROM vectors").fetchone()[0]:
        return False
    rows = connection.execute(
        "SELECT id, passage FROM vectors WHERE id <= ? AND key NOT IN (SELECT key FROM unused)", [index.last]
    )
    while some := rows.fetchmany(_AT_ONCE):
        held = index.vectors([number for number, _ in some])
        wanted = np.frombuffer(b"".join(blob for _, blob in some), dtype="<f4").reshape(len(some), -1)
        if held is None or np.any(_cosines(held, index.as_searched(wanted)) < _LEAST_COSINE):
            return False
    return True


def _cosines(some: Vectors, others: Vectors) -> Vectors:
    norms = np.linalg.norm(some, axis=1) * np.linalg.norm(others, axis=1)
    found: Vectors = np.einsum("ij,ij->i", some, others) / np.maximum(norms, _TINY)
    return found
