"""A consistent view of an index in PostgreSQL: one read transaction.

A row's key is its file's number and its own, so that whoever has a key knows the shard it lies in, and none is asked
in vain. Each statement is one that Citus hands down whole: see ``rag.index.postgres``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, LiteralString

import numpy as np

from rag.embed import Embedding, Vectors
from rag.errors import DocumentMissing
from rag.index import FileRecord, Forms, Passage, Piece
from rag.index.bm25 import rarity
from rag.index.database.counts import PASSAGES, TERM, WORDS, Counts, read_counts, read_languages, read_terms
from rag.index.database.rows import identity_of, number_of, read_vector
from rag.index.postings import tokens
from rag.index.saved import DOCUMENT, document, passage, piece
from rag.index.vocabulary import Vocabulary
from rag.types import Chunk, Document, DocumentSummary, document_id

if TYPE_CHECKING:
    from rag.index.database.connection import Connection

# So many of the likeliest are weighed with full precision: of the 10 best of 100,000, 99 in a hundred are then among
# them (tests/benchmarks/size_postgres.py). pgvector's HNSW takes no more than 1000.
_WEIGHED, _LEAST_WEIGHED, _MOST_WEIGHED = 2, 400, 1000
_PROBES = 64  # lists that are looked through, of a thousand where there are a million passages
_ROW_BITS = 32

# The numbers of FTS5's bm25(1.0, 0.3); see rag.index.bm25. Each says it is a float: decimals take thrice the time.
_BM25 = """
SELECT document_id, row, sum(
  (%(rarities)s::float8[])[array_position(%(terms)s::text[], term)]
  * (in_text + 0.3::float8 * in_context) * 2.2::float8
  / (in_text + 0.3::float8 * in_context + 1.2::float8 * (0.25::float8 + 0.75::float8 * length / %(mean)s::float8))
) AS score
FROM postings WHERE term = ANY(%(terms)s::text[])
"""
_BY_SCORE = " GROUP BY document_id, row ORDER BY score DESC, document_id, row LIMIT %(k)s"
# Rows by keys. The first two name the shards and the pages of the index, the third the pairs.
_AMONG = (
    "{0}document_id = ANY(%(places)s::bigint[]) AND {0}row = ANY(%(rows)s::integer[])"
    " AND {0}document_id || ':' || {0}row = ANY(%(pairs)s::text[])"
)
_ROWS, _CHUNK_ROWS = _AMONG.format(""), _AMONG.format("chunks.")


@dataclass
class View:
    """What all readers of one transaction share: the connection, and what was read with it once."""

    connection: Connection
    dimension: int
    is_coarse: bool  # whether there is an index of vectors
    counts: Counts = field(default_factory=Counter)
    counted: set[str] = field(default_factory=set)
    places: dict[str, int] = field(default_factory=dict)  # of documents, by identity
    looked_through: int = 0  # how many the index of vectors was last told to look for


class PostgresReader:
    """One transaction, of all documents or of some."""

    def __init__(
        self, view: View, documents: Sequence[tuple[int, int]] | None = None, sources: Collection[str] = ()
    ) -> None:
        """Make a view; ``documents`` are those at ``sources`` that are searched, by place and number, if not all."""
        self._view = view
        self._documents = documents
        self._sources = sources
        self._within: list[int] | None = None

    def __len__(self) -> int:
        return self._count([PASSAGES])[PASSAGES]

    def within(self, sources: Collection[str]) -> PostgresReader:
        """Return a view of these documents alone."""
        wanted = {number_of(document_id(source)): source for source in sources}
        found = self._ask("SELECT document_id, id FROM documents WHERE id = ANY(%(ids)s)", ids=list(wanted))
        there = {number for _, number in found}
        if missing := sorted(source for number, source in wanted.items() if number not in there):
            raise DocumentMissing(f"no document {missing[0]!r} in the index: `rag status` lists those there are")
        return PostgresReader(self._view, found, sources)

    def dense(self, query: Vectors, k: int) -> dict[int, float]:
        """Return the ``k`` rows most like ``query`` with their cosines."""
        k = min(k, len(self))
        if k < 1:
            return {}
        wanted = max(_LEAST_WEIGHED, _WEIGHED * k)
        coarse = self._documents is None and self._view.is_coarse and wanted <= min(_MOST_WEIGHED, len(self) // 2)
        found = self._likeliest(query, wanted) if coarse else self._nearest(query, k)
        found.sort(key=lambda row: (-row[2], row[:2]))
        return {_key(place, row): score for place, row, score in found[:k]}

    def lexical(self, words: Sequence[Forms], k: int) -> dict[int, float]:
        """Return the ``k`` rows that match any of ``words`` best, with their BM25 scores."""
        named = self._named(self._keys_within()) if self._documents is not None else {}
        return self._scores(words, f" AND {_ROWS}" if self._documents is not None else "", k, **named)

    def lexical_of(self, words: Sequence[Forms], keys: Sequence[int]) -> dict[int, float]:
        """Return the BM25 scores of those of the given rows that match."""
        return self._scores(words, f" AND {_ROWS}", len(keys), **self._named(keys))

    def frequencies(self, words: Sequence[Forms]) -> list[int]:
        """Return in how many passages each word stands, in any of its forms."""
        return [self._frequency(word) for word in words] if self._count_terms(words) else []

    def nearest_term(self, term: str, most: int) -> str | None:
        """Return the term of the index most like ``term``, at most so many slips of the keyboard away, if any."""
        return Vocabulary(read_terms(self._view.connection, term[:1])).nearest(term, most) if term else None

    def languages(self) -> dict[str, int]:
        """Return how many documents are in each language, the most first."""
        return read_languages(self._view.connection)

    def languages_of(self, keys: Sequence[int]) -> list[str]:
        """Return the languages of the documents of rows."""
        query = "SELECT document_id, row, language FROM chunks JOIN documents USING (document_id, id) WHERE "
        found = {_key(*row[:2]): row[2] for row in self._ask(query + _CHUNK_ROWS, **self._named(keys))}
        return [found[key] for key in keys]

    def vectors(self, keys: Sequence[int]) -> Vectors:
        """Return the vectors of rows."""
        query = f"SELECT document_id, row, embedding FROM chunks WHERE {_ROWS}"
        found = {_key(*row[:2]): read_vector(row[2]) for row in self._ask(query, **self._named(keys))}
        rows = [found[key] for key in keys]
        return np.stack(rows) if rows else np.empty((0, self._view.dimension), dtype=np.float32)

    def sentence_vectors(self, keys: Sequence[int]) -> list[Vectors]:
        """Return for each row the vectors of its sentences."""
        query = f"SELECT document_id, row, sentence_vectors FROM chunks WHERE {_ROWS}"
        found = {_key(*row[:2]): row[2] for row in self._ask(query, **self._named(keys))}
        shape = (-1, self._view.dimension)
        return [np.frombuffer(found[key], dtype="<f2").reshape(shape).astype(np.float32) for key in keys]

    def passages(self, keys: Sequence[int]) -> list[Passage]:
        """Return the passages of rows, in the order of ``keys``."""
        query = (
            'SELECT chunks.document_id, row, id, start, "end", page, chunks.headings, introductions, chunks.text,'
            " sentences, source, title, sha256, page_kind, language FROM chunks JOIN documents USING (document_id, id)"
            " WHERE "
        )
        found = {}
        for place, row, number, *rest in self._ask(query + _CHUNK_ROWS, **self._named(keys)):
            self._view.places[identity_of(number)] = place
            found[_key(place, row)] = passage(identity_of(number), *map(_plain, rest))
        return [found[key] for key in keys]

    def document(self, source: str) -> Document | None:
        """Return a document whole, or None where the index holds none at ``source``."""
        query = f"SELECT {DOCUMENT} FROM documents WHERE document_id = ANY(%(places)s) AND id = %(number)s"
        rows = self._ask(query, places=_places_of(source), number=number_of(document_id(source)))
        return document([str(_plain(value)) for value in rows[0]]) if rows else None

    def word_boxes(self, source: str) -> bytes:
        """Return the places of a document's words on its pages, as they were put; nothing where there are none."""
        query = "SELECT word_boxes FROM documents WHERE document_id = ANY(%(places)s) AND id = %(number)s"
        rows = self._ask(query, places=_places_of(source), number=number_of(document_id(source)))
        return bytes(rows[0][0]) if rows else b""

    def documents(self) -> list[DocumentSummary]:
        """Return the documents of the view, ordered by source."""
        names = ("source", "file", "title", "sha256", "characters", "pages", "page_kind", "language", "chunks")
        rows = self._ask(
            "SELECT source, file, title, sha256, characters, page_count, page_kind, language, passages"
            " FROM documents ORDER BY source"
        )
        found = [DocumentSummary(**dict(zip(names, map(_plain, row), strict=True))) for row in rows]
        return [one for one in found if not self._sources or one.source in self._sources]

    def chunks(self, source: str) -> list[Chunk]:
        """Return the passages of a document, in the order of its text."""
        query = (
            "SELECT document_id, row FROM chunks WHERE document_id = ANY(%(places)s) AND id = %(number)s ORDER BY start"
        )
        rows = self._ask(query, places=_places_of(source), number=number_of(document_id(source)))
        return [found.chunk for found in self.passages([_key(*row) for row in rows])]

    def pieces(self, source: str) -> list[tuple[Piece, Embedding]]:
        """Return the passages of a document as they were put, with their vectors, in the order of its text."""
        query = (
            "SELECT document_id, row, vector_key, embedding, sentence_vectors FROM chunks"
            " WHERE document_id = ANY(%(places)s) AND id = %(number)s ORDER BY start"
        )
        rows = self._ask(query, places=_places_of(source), number=number_of(document_id(source)))
        found = self.passages([_key(*row[:2]) for row in rows])
        return [
            piece(one, key.hex(), read_vector(vector), sentences)
            for one, (_, _, key, vector, sentences) in zip(found, rows, strict=True)
        ]

    def files(self) -> dict[str, FileRecord]:
        """Return all files the index has seen, read or not, by source."""
        # What this index wrote is not looked over again: after every answer, all files are compared.
        return {record["source"]: FileRecord.model_construct(**record) for record in self._records("true")}

    def file(self, source: str) -> FileRecord | None:
        """Return the file at ``source`` as the index last saw it; None where it has not."""
        found = self._records("document_id = %(place)s", place=number_of(document_id(source)))
        return FileRecord(**found[0]) if found else None

    def _records(self, where: LiteralString, **named: object) -> list[dict[str, Any]]:
        names = tuple(FileRecord.model_fields)
        rows = self._ask(f"SELECT {', '.join(names)} FROM files WHERE {where}", **named)
        return [dict(zip(names, map(_plain, row), strict=True)) for row in rows]

    def _nearest(self, query: Vectors, k: int) -> list[tuple[Any, ...]]:
        """Return the ``k`` best rows, each passage weighed."""
        within, named = "", {}
        if self._documents is not None:
            within = "WHERE document_id = ANY(%(places)s) AND id = ANY(%(ids)s)"
            named = {
                "places": [place for place, _ in self._documents],
                "ids": [number for _, number in self._documents],
            }
        statement = (
            f"SELECT document_id, row, -(embedding <#> %(vector)s::vector) FROM chunks {within}"
            " ORDER BY embedding <#> %(vector)s::vector, document_id, row LIMIT %(k)s"
        )
        return self._ask(statement, vector=_literal(query), k=k, **named)

    def _likeliest(self, query: Vectors, wanted: int) -> list[tuple[Any, ...]]:
        """Return so many rows that the index of vectors finds nearest, each then weighed with full precision."""
        if self._view.looked_through != wanted:
            # What of a page was deleted since counts for nothing: the index is asked on.
            self._view.connection.execute(
                f"SET LOCAL hnsw.ef_search = {wanted:d}; SET LOCAL hnsw.iterative_scan = relaxed_order;"
                f" SET LOCAL ivfflat.probes = {_PROBES:d}; SET LOCAL ivfflat.iterative_scan = relaxed_order"
            )
            self._view.looked_through = wanted
        half = f"halfvec({self._view.dimension})"
        statement = (
            "SELECT document_id, row, -(embedding <#> %(vector)s::vector) FROM chunks"
            f" ORDER BY embedding::{half} <#> %(vector)s::{half} LIMIT %(wanted)s"
        )
        return self._ask(statement, vector=_literal(query), wanted=wanted)

    def _scores(self, words: Sequence[Forms], among: str, k: int, **named: object) -> dict[int, float]:
        """Return the ``k`` best BM25 scores, with the rows they are of."""
        self._count_terms(words)
        asked = Counter(token for word in words for form in word if (token := _token(form)) is not None)
        counts, total = self._view.counts, self._view.counts[PASSAGES]
        terms = [term for term in asked if counts[TERM + term] > 0]
        if not terms or k < 1:
            return {}
        found = self._ask(
            _BM25 + among + _BY_SCORE,
            terms=terms,
            rarities=[asked[term] * rarity(total, counts[TERM + term]) for term in terms],
            mean=counts[WORDS] / total,
            k=k,
            **named,
        )
        return {_key(place, row): score for place, row, score in found}

    def _frequency(self, word: Forms) -> int:
        """Return in how many passages a word stands whose forms are counted."""
        held = {token for form in word if (token := _token(form)) is not None and self._view.counts[TERM + token] > 0}
        if len(held) < 2:
            return sum(self._view.counts[TERM + term] for term in held)
        query = (
            "SELECT count(*) FROM (SELECT document_id, row FROM postings"
            " WHERE term = ANY(%(terms)s::text[]) GROUP BY document_id, row) AS holding"
        )
        return int(self._ask(query, terms=list(held))[0][0])

    def _count_terms(self, words: Sequence[Forms]) -> bool:
        """Read the counts of all forms of ``words``, in one go; return whether there are any words."""
        terms = {TERM + token for word in words for form in word if (token := _token(form)) is not None}
        self._count([*terms, PASSAGES, WORDS])
        return bool(words)

    def _count(self, names: Sequence[str]) -> Counts:
        if new := [name for name in names if name not in self._view.counted]:
            self._view.counts.update(read_counts(self._view.connection, new))
            self._view.counted.update(new)
        return self._view.counts

    def _keys_within(self) -> list[int]:
        """Return the keys of the rows that are searched, where not all are."""
        if self._within is None:
            documents = self._documents or ()
            rows = self._ask(
                "SELECT document_id, row FROM chunks WHERE document_id = ANY(%(places)s) AND id = ANY(%(ids)s)",
                places=[place for place, _ in documents],
                ids=[number for _, number in documents],
            )
            self._within = [_key(*row) for row in rows]
        return self._within

    def _named(self, keys: Sequence[int]) -> dict[str, Any]:
        """Return what a statement needs to name rows."""
        pairs = [(number_of(f"{key >> _ROW_BITS:016x}"), key % (1 << _ROW_BITS)) for key in keys]
        return {
            "places": list({place for place, _ in pairs}),
            "rows": list({row for _, row in pairs}),
            "pairs": [f"{place}:{row}" for place, row in pairs],
        }

    def _place(self, identity: str) -> int:
        """Return where a document lies; only of one that no passage was read of, all shards are asked."""
        if identity not in self._view.places:
            rows = self._ask("SELECT document_id FROM documents WHERE id = %(id)s", id=number_of(identity))
            self._view.places[identity] = rows[0][0] if rows else number_of(identity)
        return self._view.places[identity]

    def _ask(self, query: str, **named: object) -> list[tuple[Any, ...]]:
        with self._view.connection.cursor(binary=True) as cursor:
            return cursor.execute(query.encode(), named or None).fetchall()


def _key(place: int, row: int) -> int:
    return (place % (1 << 64) << _ROW_BITS) + row


def _token(form: str) -> str | None:
    """Return a form as it is looked up; None where it is no term, as no term has such signs in it."""
    parted = tokens(form)
    return parted[0].decode("utf-8", "replace") if len(parted) == 1 else None


def _places_of(source: str) -> list[int]:
    """Return where a document may lie: at its own place, or at that of a file that it is attached to."""
    return [number_of(document_id(str(path))) for path in (source, *PurePosixPath(source).parents)]


def _literal(vector: Vectors) -> str:
    return "[" + ",".join(map(str, vector.tolist())) + "]"


def _plain(value: Any) -> Any:
    """Return text as text; it is kept as bytes."""
    return value.decode("utf-8") if isinstance(value, bytes) else value
