"""A consistent view of a local index: one read transaction of SQLite, and the search engines beside it.

The engines may know more or less than the view: what they name is looked up in it, what they lack is weighed from it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from rag.embed import Embedding, Vectors
from rag.errors import DocumentMissing
from rag.index import FileRecord, Forms, Manifest, Passage, Piece, Text
from rag.index.engines import MANIFEST, Engines, read_count, read_meta
from rag.index.saved import DOCUMENT, document, in_order, passage, piece, read_sentences, summary
from rag.index.statistics import PASSAGES, Bm25, Counts, PassageTerms, frequencies, names_of, term_name, term_of
from rag.index.vocabulary import nearest
from rag.index.weighed import weighed
from rag.types import Chunk, Document, DocumentSummary, document_id

_AMONG = "IN (SELECT value FROM json_each(?))"


class LocalReader:
    """One transaction of SQLite, of all documents or of some."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        engines: Engines,
        rows: Collection[int] | None = None,
        sources: Collection[str] = (),
    ) -> None:
        """Make a view; ``rows`` are those that are searched, of the documents at ``sources``, where not all are."""
        self._connection = connection
        self._engines = engines
        self._rows = rows
        self._sources = sources
        self.manifest = Manifest.model_validate_json(read_meta(connection, MANIFEST) or "")
        self._counts = Counts()

    def __len__(self) -> int:
        return read_count(self._connection, PASSAGES)

    def within(self, sources: Collection[str]) -> LocalReader:
        found = self._ask(
            "SELECT source, json_group_array(row) FROM documents LEFT JOIN chunks ON document_id = id"
            f" WHERE source {_AMONG} GROUP BY source",
            list(sources),
        )
        if missing := sorted(set(sources) - {source for source, _ in found}):
            raise DocumentMissing(f"no document {missing[0]!r} in the index: `rag status` lists those there are")
        rows = {row for _, rows in found for row in json.loads(rows) if row is not None}
        return LocalReader(self._connection, self._engines, rows, sources)

    def dense(self, query: Vectors, k: int) -> dict[int, float]:
        index = self._engines.vectors(self._connection)

        def named(count: int) -> tuple[list[int], bool]:
            query_ids = index.search(query, count)
            rows = self._ask(f"SELECT row FROM vectors JOIN chunks ON vector_key = key WHERE id {_AMONG}", query_ids)
            return [row for (row,) in rows], count >= len(index)

        def cosines(rows: Sequence[int]) -> dict[int, float]:
            found = self._vectors(rows)
            keys = list(found)
            # Not "@", whose last bits depend on what else is weighed: equal passages are to be equal.
            scores = (np.stack([found[key] for key in keys]) * query).sum(axis=1) if keys else np.empty(0)
            return dict(zip(keys, scores.tolist(), strict=True))

        return weighed(named, cosines, k, self._rows)

    def lexical(self, words: Sequence[Forms], k: int) -> dict[int, float]:
        bm25 = self._bm25(words)
        if not bm25.rarities:
            return {}
        index, last = self._engines.words(self._connection)
        recent = [row for (row,) in self._connection.execute("SELECT row FROM chunks WHERE row > ?", [last])]

        def named(count: int) -> tuple[list[int], bool]:
            return [*index.search(bm25.rarities, count), *recent], count >= len(index)

        return weighed(named, lambda rows: self._scores(bm25, rows), k, self._rows)

    def lexical_of(self, words: Sequence[Forms], keys: Sequence[int]) -> dict[int, float]:
        return self._scores(self._bm25(words), keys)

    def _bm25(self, words: Sequence[Forms]) -> Bm25:
        return Bm25(words, self._count(names_of(words)))

    def _scores(self, bm25: Bm25, rows: Sequence[int]) -> dict[int, float]:
        """Return the BM25 scores of those rows that match."""
        if not bm25.rarities:
            return {}
        found = self._ask(f"SELECT row, terms, context_terms FROM chunks WHERE row {_AMONG}", rows)
        scores = bm25.scores(PassageTerms(text, context) for _, text, context in found).tolist()
        return {row: score for (row, *_), score in zip(found, scores, strict=True) if score > 0}

    def frequencies(self, words: Sequence[Forms]) -> list[int]:
        return frequencies(words, self._count(names_of(words)))

    def nearest_term(self, term: str, most: int) -> str | None:
        first = term_name(term[:1])
        query = "SELECT name, value FROM counts WHERE name >= ? AND name < ? AND abs(length(name) - ?) <= ?"
        bounds = [first, first[:-1] + chr(ord(first[-1]) + 1), len(term_name(term)), most]
        counted = self._connection.execute(query, bounds) if term else ()
        return nearest(term, most, ((term_of(name), value) for name, value in counted))

    def _count(self, names: Sequence[str]) -> Counts:
        """Return counts by name, each read once."""
        if new := [name for name in names if name not in self._counts]:
            self._counts.update(dict.fromkeys(new, 0))
            self._counts.update(dict(self._ask(f"SELECT name, value FROM counts WHERE name {_AMONG}", new)))
        return self._counts

    def vectors(self, keys: Sequence[int]) -> Vectors:
        return in_order(self._vectors(keys), keys, self.manifest.dimension)

    def _vectors(self, rows: Sequence[int]) -> dict[int, Vectors]:
        query = f"SELECT row, passage FROM chunks JOIN vectors ON key = vector_key WHERE row {_AMONG}"
        return {row: np.frombuffer(blob, dtype="<f4") for row, blob in self._ask(query, rows)}

    def sentence_vectors(self, keys: Sequence[int]) -> list[Vectors]:
        query = (
            "SELECT row, vectors.sentences, json_array_length(chunks.sentences)"
            f" FROM chunks LEFT JOIN vectors ON key = vector_key WHERE row {_AMONG}"
        )
        found = {row: (blob, count) for row, blob, count in self._ask(query, keys)}
        return [read_sentences(*found[key], self.manifest.dimension) for key in keys]

    def unembedded(self, keys: Sequence[int]) -> dict[int, Text]:
        query = (
            "SELECT row, unembedded.text, unembedded.sentences FROM chunks JOIN unembedded ON key = vector_key"
            f" WHERE row {_AMONG}"
        )
        return {row: Text(text, json.loads(sentences)) for row, text, sentences in self._ask(query, keys)}

    def embedded(self) -> float:
        (missing,) = self._connection.execute("SELECT count(*) FROM unembedded").fetchone()
        if not missing:
            return 1.0
        query = "SELECT (SELECT count(*) FROM vectors) - (SELECT count(*) FROM unused)"
        (there,) = self._connection.execute(query).fetchone()
        return float(there / (there + missing))

    def passages(self, keys: Sequence[int]) -> list[Passage]:
        query = (
            'SELECT row, document_id, start, "end", page, chunks.headings, introductions, chunks.text, sentences,'
            f" source, title, sha256, page_kind, language FROM chunks JOIN documents ON documents.id = document_id"
            f" WHERE row {_AMONG}"
        )
        found = {row[0]: passage(*row[1:]) for row in self._ask(query, keys)}
        return [found[key] for key in keys]

    def languages(self) -> dict[str, int]:
        query = "SELECT language, count(*) AS many FROM documents GROUP BY language ORDER BY many DESC, language"
        return dict(self._connection.execute(query).fetchall())

    def languages_of(self, keys: Sequence[int]) -> list[str]:
        query = f"SELECT row, language FROM chunks JOIN documents ON documents.id = document_id WHERE row {_AMONG}"
        found = dict(self._ask(query, keys))
        return [found[key] for key in keys]

    def document(self, source: str) -> Document | None:
        return self.documents_at([source]).get(source)

    def documents_at(self, sources: Collection[str]) -> dict[str, Document]:
        query = f"SELECT {DOCUMENT} FROM documents WHERE source IN (SELECT value FROM json_each(?))"
        found = map(document, self._connection.execute(query, [json.dumps(list(sources))]))
        return {one.source: one for one in found}

    def sha256(self, source: str) -> str:
        row = self._connection.execute("SELECT sha256 FROM documents WHERE source = ?", [source]).fetchone()
        return str(row[0]) if row else ""

    def word_boxes(self, source: str) -> bytes:
        row = self._connection.execute("SELECT word_boxes FROM documents WHERE source = ?", [source]).fetchone()
        return bytes(row[0]) if row else b""

    def chunks(self, source: str) -> list[Chunk]:
        query = "SELECT row FROM chunks WHERE document_id = ? ORDER BY start"
        keys = [row for (row,) in self._connection.execute(query, [document_id(source)])]
        return [found.chunk for found in self.passages(keys)]

    def pieces(self, source: str) -> list[tuple[Piece, Embedding | None]]:
        query = (
            "SELECT row, vector_key, passage, vectors.sentences FROM chunks LEFT JOIN vectors ON key = vector_key"
            " WHERE document_id = ? ORDER BY start"
        )
        rows = self._connection.execute(query, [document_id(source)]).fetchall()
        found = self.passages([row[0] for row in rows])
        return [
            piece(one, key, vector and np.frombuffer(vector, dtype="<f4"), sentences)
            for one, (_, key, vector, sentences) in zip(found, rows, strict=True)
        ]

    def documents(self) -> list[DocumentSummary]:
        rows = self._connection.execute(
            "SELECT source, file, title, sha256, characters, json_array_length(pages), page_kind,"
            " (SELECT count(*) FROM chunks WHERE document_id = documents.id), language FROM documents ORDER BY source"
        )
        return [one for one in map(summary, rows) if not self._sources or one.source in self._sources]

    def files(self) -> dict[str, FileRecord]:
        # What this index wrote is not looked over again: after every answer, all files are compared.
        return {record["source"]: FileRecord.model_construct(**record) for record in self._records("")}

    def file(self, source: str) -> FileRecord | None:
        found = self._records("WHERE source = ?", source)
        return FileRecord(**found[0]) if found else None

    def _records(self, where: str, *given: str) -> list[dict[str, Any]]:
        rows = self._connection.execute(f"SELECT {', '.join(FileRecord.model_fields)} FROM files {where}", given)
        return [dict(zip(FileRecord.model_fields, row, strict=True)) for row in rows]

    def _ask(self, query: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Ask for rows among ``values``."""
        return self._connection.execute(query, [json.dumps(list(values))]).fetchall()
