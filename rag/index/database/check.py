"""Checks an index in PostgreSQL against itself: what belongs together is there, and the counts are those of the rows.

What lies in one shard is asked there; what does not, keys of vectors, is compared here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, LiteralString

from rag.index.database.rows import LANGUAGE
from rag.index.statistics import LENGTH, PASSAGES, Counts, term_name

if TYPE_CHECKING:
    from rag.index.database.connection import Connection

_QUESTIONS = (
    (
        "chunks without their document",
        "chunks LEFT JOIN documents USING (document_id, id) WHERE documents.source IS NULL",
    ),
    ("documents without their file", "documents LEFT JOIN files USING (document_id) WHERE files.source IS NULL"),
    (
        "readable files without a document",
        "files LEFT JOIN documents USING (document_id) WHERE reason IS NULL AND documents.id IS NULL",
    ),
    ("unreadable files with a document", "files JOIN documents USING (document_id) WHERE reason IS NOT NULL"),
    ("passages found by words of none", "postings LEFT JOIN chunks USING (document_id, row) WHERE chunks.id IS NULL"),
    (
        "documents with other passages than they had",
        "(SELECT documents.document_id FROM documents LEFT JOIN chunks USING (document_id, id)"
        " GROUP BY documents.document_id, documents.id, passages HAVING count(row) <> passages) AS differing",
    ),
    (
        "passages with other words than they had",
        "(SELECT document_id FROM postings GROUP BY document_id, row"
        " HAVING sum(in_text + in_context) <> max(length) OR min(length) <> max(length)) AS differing",
    ),
)


def faults(connection: Connection) -> Iterator[str]:
    """Yield what is wrong, a line each."""
    for what, where in _QUESTIONS:
        (count,) = connection.execute(f"SELECT count(*) FROM {where}").fetchone() or (0,)
        if count:
            yield f"database: {count} {what}"
    yield from _faults_of_vectors(connection)
    kept, counted = Counts(dict(connection.execute("SELECT name, value FROM counts").fetchall())), _counted(connection)
    wrong = sorted(name for name in kept | counted if kept[name] != counted[name])
    if wrong:
        yield f"database: {len(wrong)} counts are not those of the passages, {wrong[0]} the first"


def _faults_of_vectors(connection: Connection) -> Iterator[str]:
    used, vectors, unembedded, unused = (
        _keys(connection, f"SELECT DISTINCT vector_key FROM {table}")
        for table in ("chunks", "vectors", "unembedded", "unused")
    )
    for what, wrong in (
        ("passages with nothing to embed", used - vectors - unembedded),
        ("texts to embed that have a vector", unembedded & vectors),
        ("texts to embed of no passage", unembedded - used),
        ("vectors of no passage that are not noted", vectors - used - unused),
    ):
        if wrong:
            yield f"database: {len(wrong)} {what}"


def _keys(connection: Connection, query: LiteralString) -> set[bytes]:
    with connection.cursor(binary=True) as cursor:
        return {key for (key,) in cursor.execute(query)}


def _counted(connection: Connection) -> Counts:
    """Return the counts as they are by the rows themselves."""
    counts: Counts = Counts()
    for term, holding in connection.execute("SELECT term, count(*) FROM postings GROUP BY term"):
        counts[term_name(term)] = holding
    for name, asked in (
        (PASSAGES, "SELECT count(*) FROM chunks"),
        (LENGTH, "SELECT coalesce(sum(in_text + in_context), 0) FROM postings"),
    ):
        (counts[name],) = connection.execute(asked).fetchone() or (0,)
    for language, many in connection.execute("SELECT language, count(*) FROM documents GROUP BY language"):
        counts[LANGUAGE + language] = many
    return +counts
