"""A consistent view of a local index: one read transaction of SQLite, and the snapshot that belongs to it."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

import numpy as np

from rag.embed import Embedding, Vectors
from rag.errors import DocumentMissing
from rag.index import FileRecord, Forms, Passage, Piece
from rag.index.bm25 import single_tokens
from rag.index.derive import AnySnapshot
from rag.index.large import LargeSnapshot
from rag.index.pieces import SnapshotDamaged
from rag.index.saved import DOCUMENT, document, passage, piece
from rag.index.vocabulary import KeptVocabulary
from rag.types import Chunk, Document, DocumentSummary, document_id

_Found = TypeVar("_Found")
log = logging.getLogger(__name__)

# The plus keeps SQLite from running the match anew for every row, at fifty times the cost.
_AMONG = " AND +rowid IN (SELECT value FROM json_each(?))"


class LocalReader:
    """One transaction of SQLite and the FAISS snapshot of the same generation."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        snapshot: AnySnapshot,
        vocabulary: KeptVocabulary,
        renewed: Callable[[AnySnapshot], AnySnapshot],
        rows: list[int] | None = None,
        sources: Collection[str] = (),
    ) -> None:
        """Make a view; ``rows`` are those that are searched, of the documents at ``sources``, where not all are.

        ``renewed`` gives another snapshot in the place of one that is found damaged.
        """
        self._connection = connection
        self._snapshot = snapshot
        self._vocabulary = vocabulary
        self._renewed = renewed
        self._rows = rows
        self._sources = sources

    def __len__(self) -> int:
        return len(self._snapshot)

    def within(self, sources: Collection[str]) -> LocalReader:
        """Return a view of these documents alone."""
        wanted = json.dumps(list(sources))
        found = self._connection.execute(
            "SELECT source, json_group_array(row) FROM documents LEFT JOIN chunks ON document_id = id"
            " WHERE source IN (SELECT value FROM json_each(?)) GROUP BY source",
            [wanted],
        ).fetchall()
        if missing := sorted(set(sources) - {source for source, _ in found}):
            raise DocumentMissing(f"no document {missing[0]!r} in the index: `rag status` lists those there are")
        rows = [row for _, rows in found for row in json.loads(rows) if row is not None]
        return LocalReader(self._connection, self._snapshot, self._vocabulary, self._renewed, rows, sources)

    def dense(self, query: Vectors, k: int) -> dict[int, float]:
        """Return the ``k`` rows most like ``query`` with their cosines."""
        return self._whole(lambda snapshot: snapshot.search(query, k, self._rows))

    def lexical(self, words: Sequence[Forms], k: int) -> dict[int, float]:
        """Return the ``k`` rows that match any of ``words`` best, with their BM25 scores."""
        if not words:
            return {}
        if (tokens := self._tokens(words)) is not None:
            return self._whole(lambda snapshot: _large(snapshot).lexical(tokens, k, self._rows))
        within, rows = ("", []) if self._rows is None else (_AMONG, [json.dumps(self._rows)])
        query = f"SELECT rowid, -rank FROM passages WHERE passages MATCH ?{within} ORDER BY rank, rowid LIMIT ?"
        return dict(self._connection.execute(query, [_match_any(words), *rows, k]).fetchall())

    def lexical_of(self, words: Sequence[Forms], keys: Sequence[int]) -> dict[int, float]:
        """Return the BM25 scores of those of the given rows that match."""
        if not words:
            return {}
        if (tokens := self._tokens(words)) is not None:
            return self._whole(lambda snapshot: _large(snapshot).lexical_of(tokens, keys))
        query = f"SELECT rowid, -rank FROM passages WHERE passages MATCH ?{_AMONG}"
        return dict(self._connection.execute(query, [_match_any(words), json.dumps(list(keys))]).fetchall())

    def vectors(self, keys: Sequence[int]) -> Vectors:
        """Return the vectors of rows."""
        return self._whole(lambda snapshot: snapshot.vectors(keys))

    def sentence_vectors(self, keys: Sequence[int]) -> list[Vectors]:
        """Return for each row the vectors of its sentences."""
        query = (
            "SELECT row, vectors.sentences FROM chunks JOIN vectors ON key = vector_key"
            " WHERE row IN (SELECT value FROM json_each(?))"
        )
        found = dict(self._connection.execute(query, [json.dumps(list(keys))]).fetchall())
        dimension = self._snapshot.dimension
        return [np.frombuffer(found[key], dtype="<f2").reshape(-1, dimension).astype(np.float32) for key in keys]

    def passages(self, keys: Sequence[int]) -> list[Passage]:
        """Return the passages of rows, in the order of ``keys``."""
        query = (
            'SELECT row, document_id, start, "end", page, chunks.headings, introductions, chunks.text, sentences,'
            " source, title, sha256, page_kind, language FROM chunks JOIN documents ON documents.id = document_id"
            " WHERE row IN (SELECT value FROM json_each(?))"
        )
        found = {row[0]: passage(*row[1:]) for row in self._connection.execute(query, [json.dumps(list(keys))])}
        return [found[key] for key in keys]

    def frequencies(self, words: Sequence[Forms]) -> list[int]:
        """Return in how many passages each word stands, in any of its forms."""
        return [self._frequency(word) for word in words]

    def _frequency(self, word: Forms) -> int:
        if (tokens := self._tokens([word])) is not None:
            return self._whole(lambda snapshot: _large(snapshot).bm25.holding(tokens))
        count = "SELECT count(*) FROM passages WHERE passages MATCH ?"
        found: int = self._connection.execute(count, [_match_any([word])]).fetchone()[0]
        return found

    def _tokens(self, words: Sequence[Forms]) -> list[bytes] | None:
        """Return the terms to look up in the snapshot; None where FTS5 is to be asked, as for a phrase."""
        if not isinstance(self._snapshot, LargeSnapshot):
            return None
        return single_tokens([form for forms in words for form in forms])

    def _whole(self, ask: Callable[[AnySnapshot], _Found]) -> _Found:
        """Ask the snapshot; where it is found damaged, ask one that is made anew."""
        try:
            return ask(self._snapshot)
        except SnapshotDamaged as error:
            log.warning("%s: it is made again from the database", error)
            self._snapshot = self._renewed(self._snapshot)
            return ask(self._snapshot)

    def nearest_term(self, term: str, most: int) -> str | None:
        """Return the term of the index most like ``term``, at most so many slips of the keyboard away, if any."""
        return self._vocabulary.of(self._snapshot.generation, self._terms).nearest(term, most)

    def _terms(self) -> list[tuple[str, int]]:
        if isinstance(self._snapshot, LargeSnapshot):
            return self._snapshot.bm25.vocabulary()
        return self._connection.execute("SELECT term, doc FROM vocabulary").fetchall()

    def languages(self) -> dict[str, int]:
        """Return how many documents are in each language, the most first."""
        query = "SELECT language, count(*) AS many FROM documents GROUP BY language ORDER BY many DESC, language"
        return dict(self._connection.execute(query).fetchall())

    def languages_of(self, keys: Sequence[int]) -> list[str]:
        """Return the languages of the documents of rows."""
        query = (
            "SELECT row, language FROM chunks JOIN documents ON documents.id = document_id"
            " WHERE row IN (SELECT value FROM json_each(?))"
        )
        found = dict(self._connection.execute(query, [json.dumps(list(keys))]).fetchall())
        return [found[key] for key in keys]

    def document(self, source: str) -> Document | None:
        """Return a document whole, or None where the index holds none at ``source``."""
        row = self._connection.execute(f"SELECT {DOCUMENT} FROM documents WHERE source = ?", [source]).fetchone()
        return document(row) if row else None

    def word_boxes(self, source: str) -> bytes:
        """Return the places of a document's words on its pages, as they were put; nothing where there are none."""
        row = self._connection.execute("SELECT word_boxes FROM documents WHERE source = ?", [source]).fetchone()
        return bytes(row[0]) if row else b""

    def chunks(self, source: str) -> list[Chunk]:
        """Return the passages of a document, in the order of its text."""
        query = "SELECT row FROM chunks WHERE document_id = ? ORDER BY start"
        keys = [row for (row,) in self._connection.execute(query, [document_id(source)])]
        return [found.chunk for found in self.passages(keys)]

    def pieces(self, source: str) -> list[tuple[Piece, Embedding]]:
        """Return the passages of a document as they were put, with their vectors, in the order of its text."""
        query = (
            "SELECT row, key, passage, vectors.sentences FROM chunks JOIN vectors ON key = vector_key"
            " WHERE document_id = ? ORDER BY start"
        )
        rows = self._connection.execute(query, [document_id(source)]).fetchall()
        found = self.passages([row[0] for row in rows])
        return [
            piece(one, key, np.frombuffer(vector, dtype="<f4"), sentences)
            for one, (_, key, vector, sentences) in zip(found, rows, strict=True)
        ]

    def documents(self) -> list[DocumentSummary]:
        """Return the documents of the view, ordered by source."""
        query = (
            "SELECT source, file, title, sha256, characters, json_array_length(pages), page_kind,"
            " language, (SELECT count(*) FROM chunks WHERE document_id = documents.id) FROM documents ORDER BY source"
        )
        names = ("source", "file", "title", "sha256", "characters", "pages", "page_kind", "language", "chunks")
        found = [DocumentSummary(**dict(zip(names, row, strict=True))) for row in self._connection.execute(query)]
        return [one for one in found if not self._sources or one.source in self._sources]

    def files(self) -> dict[str, FileRecord]:
        """Return all files the index has seen, read or not, by source."""
        names = tuple(FileRecord.model_fields)
        rows = self._connection.execute(f"SELECT {', '.join(names)} FROM files")
        # What this index wrote is not looked over again: after every answer, all files are compared.
        return {row[0]: FileRecord.model_construct(**dict(zip(names, row, strict=True))) for row in rows}

    def file(self, source: str) -> FileRecord | None:
        """Return the file at ``source`` as the index last saw it; None where it has not."""
        names = tuple(FileRecord.model_fields)
        query = f"SELECT {', '.join(names)} FROM files WHERE source = ?"
        row = self._connection.execute(query, [source]).fetchone()
        return FileRecord(**dict(zip(names, row, strict=True))) if row else None


def _large(snapshot: AnySnapshot) -> LargeSnapshot:
    assert isinstance(snapshot, LargeSnapshot), "only in a large one are words looked up"
    return snapshot


def _match_any(words: Sequence[Forms]) -> str:
    """Return an FTS5 query for any form of any of ``words``, each quoted, so that none is taken for an operator."""
    return " OR ".join('"' + term.replace('"', '""') + '"' for forms in words for term in forms)
