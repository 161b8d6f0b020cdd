"""Checks an index in PostgreSQL against itself: what belongs together is there, and the counts are those of the rows.

Each question is put to each shard by itself, as all rows of a file lie in one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rag.index.database.counts import PASSAGES, TERM, WORDS, Counts, language_name, read_all

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
    kept, counted = read_all(connection), _counted(connection)
    wrong = sorted(name for name in kept | counted if kept[name] != counted[name])
    if wrong:
        yield f"database: {len(wrong)} counts are not those of the passages, {wrong[0]} the first"


def _counted(connection: Connection) -> Counts:
    """Return the counts as they are by the rows themselves."""
    counts: Counts = Counter()
    for term, holding in connection.execute("SELECT term, count(*) FROM postings GROUP BY term"):
        counts[TERM + term] = holding
    (counts[PASSAGES],) = connection.execute("SELECT count(*) FROM chunks").fetchone() or (0,)
    (counts[WORDS],) = connection.execute("SELECT coalesce(sum(in_text + in_context), 0) FROM postings").fetchone() or (
        0,
    )
    for language, many in connection.execute("SELECT language, count(*) FROM documents GROUP BY language"):
        counts[language_name(language)] = many
    return +counts
