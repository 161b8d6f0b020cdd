"""Values → rows of a local index, and rows deleted: what a change of one file is, within a transaction not its own."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence

from rag.embed import Embedding
from rag.index import Cut, FileRecord, Piece, Text
from rag.index.saved import dump_blocks, dump_introductions, dump_pages, found_by
from rag.index.statistics import Counts, PassageTerms, count
from rag.types import Document

INSERT_CHUNK = (
    'INSERT INTO chunks (document_id, start, "end", page, headings, introductions, sentences, vector_key, text, terms,'
    " context_terms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
# Those of some keys that no passage has.
_UNUSED = " AND NOT EXISTS (SELECT 1 FROM chunks WHERE vector_key = key)"
_AMONG = "key IN (SELECT value FROM json_each(?))"


def put_file(
    connection: sqlite3.Connection, record: FileRecord, cuts: Sequence[Cut], texts: Mapping[str, Text]
) -> None:
    """Put the documents of a file in the place of whatever it held before."""
    counts: Counts = Counts()
    gone = _delete(connection, "file", record.source, counts)
    insert_file(connection, record)
    for document, pieces, word_boxes in cuts:
        # Where a file gave way to a folder of its name, the file's attachments may have held this place.
        gone += _delete(connection, "source", document.source, counts)
        _insert_document(connection, document, record.source, word_boxes)
        terms = [found_by(document, piece.chunk) for piece in pieces]
        rows = [_chunk_row(document, piece, some) for piece, some in zip(pieces, terms, strict=True)]
        connection.executemany(INSERT_CHUNK, rows)
        counts.update(count(terms))
    used = [piece.key for cut in cuts for piece in cut.pieces]
    connection.execute(f"DELETE FROM unused WHERE {_AMONG}", [json.dumps(used)])
    _note_unembedded(connection, used, texts)
    _note_unused(connection, gone)
    change_counts(connection, counts)


def delete_file(connection: sqlite3.Connection, source: str) -> None:
    """Delete a file and all that was made of it, but for its vectors, which may be used again."""
    counts: Counts = Counts()
    _note_unused(connection, _delete(connection, "file", source, counts))
    connection.execute("DELETE FROM files WHERE source = ?", [source])
    change_counts(connection, counts)


def put_vectors(connection: sqlite3.Connection, embeddings: Mapping[str, Embedding]) -> None:
    """Keep vectors by key; those that no passage has count as unused from now on."""
    rows = [
        (key, embedding.passage.astype("<f4").tobytes(), embedding.sentences.astype("<f2").tobytes())
        for key, embedding in embeddings.items()
    ]
    connection.executemany("INSERT OR IGNORE INTO vectors (key, passage, sentences) VALUES (?, ?, ?)", rows)
    connection.execute(f"DELETE FROM unembedded WHERE {_AMONG}", [json.dumps(list(embeddings))])
    _note_unused(connection, list(embeddings))


def drop_unused(connection: sqlite3.Connection, kept_for: float) -> None:
    """Drop the vectors that no passage has had for ``kept_for`` seconds."""
    until = [time.time() - kept_for]
    connection.execute("DELETE FROM vectors WHERE key IN (SELECT key FROM unused WHERE since <= ?)", until)
    connection.execute("DELETE FROM unused WHERE since <= ?", until)


def change_counts(connection: sqlite3.Connection, counts: Counts) -> None:
    """Add to what is counted over all passages."""
    connection.executemany(
        "INSERT INTO counts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
        [(name, value) for name, value in counts.items() if value],
    )
    lost = [name for name, value in counts.items() if value < 0]
    if lost:
        names = "name IN (SELECT value FROM json_each(?))"
        connection.execute(f"DELETE FROM counts WHERE value = 0 AND {names}", [json.dumps(lost)])


def _delete(connection: sqlite3.Connection, column: str, value: str, counts: Counts) -> list[str]:
    """Delete documents; take their passages from ``counts``, and return the keys of these passages' vectors."""
    where = f"document_id IN (SELECT id FROM documents WHERE {column} = ?)"
    deleted = f"DELETE FROM chunks WHERE {where} RETURNING vector_key, terms, context_terms"
    rows = connection.execute(deleted, [value]).fetchall()
    connection.execute(f"DELETE FROM documents WHERE {column} = ?", [value])
    counts.subtract(count(PassageTerms(*terms) for _, *terms in rows))
    return [key for key, *_ in rows]


def _note_unembedded(connection: sqlite3.Connection, keys: Iterable[str], texts: Mapping[str, Text]) -> None:
    wanted = [key for key in dict.fromkeys(keys) if key in texts]
    there = f"SELECT key FROM vectors WHERE {_AMONG}"
    known = {key for (key,) in connection.execute(there, [json.dumps(wanted)])}
    connection.executemany(
        "INSERT INTO unembedded (key, text, sentences, size) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (key) DO UPDATE SET size = min(size, excluded.size)",
        [(key, texts[key].text, json.dumps(texts[key].sentences), len(wanted)) for key in wanted if key not in known],
    )


def _note_unused(connection: sqlite3.Connection, keys: Sequence[str]) -> None:
    """Note which of some keys no passage has any more."""
    given = json.dumps(list(keys))
    unused = f"SELECT key, ? FROM vectors WHERE {_AMONG}{_UNUSED}"
    connection.execute(f"INSERT OR IGNORE INTO unused {unused}", [time.time(), given])
    connection.execute(f"DELETE FROM unembedded WHERE {_AMONG}{_UNUSED}", [given])


def _insert_document(connection: sqlite3.Connection, document: Document, file: str, word_boxes: bytes) -> None:
    blocks, pages = dump_blocks(document), dump_pages(document.pages)
    names = (document.id, document.source, file, document.sha256, document.title)
    kind = (document.page_kind, document.language)
    row = (*names, document.text, len(document.text), blocks, pages, *kind, word_boxes)
    connection.execute("INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def _chunk_row(document: Document, piece: Piece, terms: PassageTerms) -> tuple[object, ...]:
    chunk = piece.chunk
    headings, sentences = json.dumps(chunk.headings), json.dumps(piece.sentences)
    place = (chunk.document_id, chunk.start, chunk.end, chunk.page)
    return (*place, headings, dump_introductions(chunk), sentences, piece.key, chunk.text, *terms)


def insert_file(connection: sqlite3.Connection, record: FileRecord) -> None:
    """Write the record of a file, in the place of the one before."""
    row = record.model_dump()
    marks = ", ".join(f":{name}" for name in row)
    connection.execute(f"INSERT OR REPLACE INTO files ({', '.join(row)}) VALUES ({marks})", row)
