"""Values → rows of a local index, and rows deleted: what a change of one file is, within a transaction not its own."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from rag.embed import Embedding
from rag.index import Cut, FileRecord, Piece
from rag.types import Chunk, Document, Heading, Page
from rag.words import terms

_INSERT_CHUNK = (
    'INSERT INTO chunks (document_id, start, "end", page, headings, sentences, vector_key, text, terms, context_terms)'
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
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
    for document, pieces in cuts:
        # Where a file gave way to a folder of its name, the file's attachments may have held this place.
        _delete_documents(connection, "source", document.source)
        _insert_document(connection, document, record.source)
        connection.executemany(_INSERT_CHUNK, [_chunk_row(document, piece) for piece in pieces])


def delete_file(connection: sqlite3.Connection, source: str) -> None:
    """Delete a file and all that was made of it, but for its vectors, which may be used again."""
    _delete_documents(connection, "file", source)
    connection.execute("DELETE FROM files WHERE source = ?", [source])


def _delete_documents(connection: sqlite3.Connection, column: str, value: str) -> None:
    where = f"document_id IN (SELECT id FROM documents WHERE {column} = ?)"
    connection.execute(f"DELETE FROM chunks WHERE {where}", [value])
    connection.execute(f"DELETE FROM documents WHERE {column} = ?", [value])


def _insert_document(connection: sqlite3.Connection, document: Document, file: str) -> None:
    headings, pages = _dump(document.headings), _dump(document.pages)
    names = (document.id, document.source, file, document.sha256, document.title)
    row = (*names, document.text, len(document.text), headings, pages, document.page_kind, document.language)
    connection.execute("INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def _chunk_row(document: Document, piece: Piece) -> tuple[object, ...]:
    chunk = piece.chunk
    headings, sentences = json.dumps(chunk.headings), json.dumps(piece.sentences)
    place = (chunk.document_id, chunk.start, chunk.end, chunk.page)
    found_by = (" ".join(terms(chunk.text, document.language)), " ".join(_context_terms(document, chunk)))
    return (*place, headings, sentences, piece.key, chunk.text, *found_by)


def _context_terms(document: Document, chunk: Chunk) -> list[str]:
    """Return the terms of title and headings, and those of the file's name and folders that they do not have."""
    context = terms("\n".join((document.title, *chunk.headings)), document.language)
    name = terms(str(PurePosixPath(document.source).with_suffix("")), document.language)
    return context + [term for term in name if term not in context]


def _insert_file(connection: sqlite3.Connection, record: FileRecord) -> None:
    row = record.model_dump()
    marks = ", ".join(f":{name}" for name in row)
    connection.execute(f"INSERT INTO files ({', '.join(row)}) VALUES ({marks})", row)


def _dump(values: Sequence[Heading] | Sequence[Page]) -> str:
    return json.dumps([value.model_dump() for value in values])
