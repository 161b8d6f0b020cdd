"""Values → rows of a local index, and rows deleted: what a change of one file is, within a transaction not its own."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence

from rag.embed import Embedding
from rag.index import Cut, FileRecord, Piece
from rag.index.saved import dump_blocks, dump_introductions, dump_pages, found_by
from rag.types import Document

INSERT_CHUNK = (
    'INSERT INTO chunks (document_id, start, "end", page, headings, introductions, sentences, vector_key, text, terms,'
    " context_terms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def put_file(
    connection: sqlite3.Connection, record: FileRecord, cuts: Sequence[Cut], embeddings: Mapping[str, Embedding]
) -> None:
    """Put the documents of a file in the place of whatever it held before."""
    vectors = [
        (key, embedding.passage.astype("<f4").tobytes(), embedding.sentences.astype("<f2").tobytes())
        for key, embedding in embeddings.items()
    ]
    delete_file(connection, record.source)
    _insert_file(connection, record)
    connection.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?, ?)", vectors)
    for document, pieces, word_boxes in cuts:
        # Where a file gave way to a folder of its name, the file's attachments may have held this place.
        _delete_documents(connection, "source", document.source)
        _insert_document(connection, document, record.source, word_boxes)
        connection.executemany(INSERT_CHUNK, [_chunk_row(document, piece) for piece in pieces])


def delete_file(connection: sqlite3.Connection, source: str) -> None:
    """Delete a file and all that was made of it, but for its vectors, which may be used again."""
    _delete_documents(connection, "file", source)
    connection.execute("DELETE FROM files WHERE source = ?", [source])


def drop_unused(connection: sqlite3.Connection, kept_for: float) -> None:
    """Drop the vectors that no passage has used for ``kept_for`` seconds."""
    # Told by the keys alone, which are in indexes: the vectors themselves are gigabytes.
    now = time.time()
    connection.execute("CREATE TABLE IF NOT EXISTS unused (key TEXT PRIMARY KEY, since REAL NOT NULL) WITHOUT ROWID")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("DELETE FROM unused WHERE key IN (SELECT vector_key FROM chunks)")
    connection.execute(
        "INSERT OR IGNORE INTO unused SELECT key, ? FROM vectors WHERE key NOT IN (SELECT vector_key FROM chunks)",
        [now],
    )
    connection.execute("DELETE FROM vectors WHERE key IN (SELECT key FROM unused WHERE since <= ?)", [now - kept_for])
    connection.execute("DELETE FROM unused WHERE since <= ?", [now - kept_for])
    connection.execute("COMMIT")


def _delete_documents(connection: sqlite3.Connection, column: str, value: str) -> None:
    where = f"document_id IN (SELECT id FROM documents WHERE {column} = ?)"
    connection.execute(f"DELETE FROM chunks WHERE {where}", [value])
    connection.execute(f"DELETE FROM documents WHERE {column} = ?", [value])


def _insert_document(connection: sqlite3.Connection, document: Document, file: str, word_boxes: bytes) -> None:
    blocks, pages = dump_blocks(document), dump_pages(document.pages)
    names = (document.id, document.source, file, document.sha256, document.title)
    kind = (document.page_kind, document.language)
    row = (*names, document.text, len(document.text), blocks, pages, *kind, word_boxes)
    connection.execute("INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def _chunk_row(document: Document, piece: Piece) -> tuple[object, ...]:
    chunk = piece.chunk
    headings, sentences = json.dumps(chunk.headings), json.dumps(piece.sentences)
    place = (chunk.document_id, chunk.start, chunk.end, chunk.page)
    return (*place, headings, dump_introductions(chunk), sentences, piece.key, chunk.text, *found_by(document, chunk))


def _insert_file(connection: sqlite3.Connection, record: FileRecord) -> None:
    row = record.model_dump()
    marks = ", ".join(f":{name}" for name in row)
    connection.execute(f"INSERT INTO files ({', '.join(row)}) VALUES ({marks})", row)
