"""A consistent view of an index in PostgreSQL: one read transaction.

A row's key is its file's number and its own, so that whoever has a key knows the shard it lies in, and none is asked
in vain. Each statement is one that Citus hands down whole: see ``rag.index.postgres``. What is read of rows by key is
kept, as the same few are asked for again and again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple

from rag.embed import Embedding, Vectors
from rag.errors import DocumentMissing, IndexCut
from rag.index import FileRecord, Forms, Manifest, Passage, Piece, Text
from rag.index.database.fast import INDEXES, LEAST_WEIGHED, MOST_WEIGHED, look_for
from rag.index.database.rows import LANGUAGE, identity_of, number_of, read_vector
from rag.index.database.schema import about_of, check_readable, entering
from rag.index.saved import DOCUMENT, document, in_order, passage, piece, read_sentences, summary
from rag.index.statistics import (
    CONTEXT_WEIGHT,
    K1,
    LENGTH,
    PASSAGES,
    SATURATION,
    B,
    Bm25,
    Counts,
    frequencies,
    names_of,
    term_name,
    term_of,
)
from rag.index.vocabulary import nearest
from rag.index.weighed import weighed
from rag.types import Chunk, Document, DocumentSummary, document_id

if TYPE_CHECKING:
    from rag.index.database.connection import Connection, Results

_READ_WITHIN = "60s"
_SORTED_WITHIN = "64MB"  # the scores of all passages that hold a word, of a million, before the best are taken
_FIRST_COUNTS = f"name IN ('{PASSAGES}', '{LENGTH}') OR name ^@ '{LANGUAGE}'"
_ROW_BITS = 32
_KEPT = 5_000  # rows that a view keeps, about 10 MB: then it begins anew

# What rag.index.statistics.Bm25 says. Each constant says that it is a float: decimals take thrice the time.
_OFTEN = f"(in_text + {CONTEXT_WEIGHT}::float8 * in_context)"
_MATCHES = f"""
SELECT document_id, row, sum(
  (%(rarities)s::float8[])[array_position(%(terms)s::text[], term)] * {_OFTEN} * {SATURATION}::float8
  / ({_OFTEN} + {K1}::float8 * ({1 - B}::float8 + {B}::float8 * length / %(mean)s::float8))
) AS score
FROM postings WHERE term = ANY(%(terms)s::text[])
"""
_BY_SCORE = " GROUP BY document_id, row ORDER BY score DESC, document_id, row LIMIT %(k)s"
# Rows by keys. The first two name the shards and the pages of the index, the third the pairs.
_AMONG = (
    "{0}document_id = ANY(%(places)s::bigint[]) AND {0}row = ANY(%(rows)s::integer[])"
    " AND {0}document_id || ':' || {0}row = ANY(%(pairs)s::text[])"
)


class _Row(NamedTuple):
    """A passage, and the key of its vectors."""

    vector_key: bytes
    passage: Passage


@dataclass
class View:
    """What all readers of one transaction share: the connection, and what was read with it once.

    ``is_coarse`` tells whether there is an index of vectors; ``shards`` is 0 where nothing is distributed.
    """

    connection: Connection
    manifest: Manifest
    is_coarse: bool
    shards: int
    counts: Counts
    rows: dict[int, _Row] = field(default_factory=dict)
    places: dict[int, int] = field(default_factory=dict)  # of documents, by their numbers
    embedded: float | None = None  # once it was asked for
    looked_for: int = 0  # how many the index of vectors was last told to look for


def opening(schema: str, build: str | None, citus: bool) -> str:
    """Return what opens a view of a build, or of the one in use, and asks for what every view needs."""
    level = "READ COMMITTED" if citus else "REPEATABLE READ"
    shards = "(SELECT count(*) FROM pg_dist_shard WHERE logicalrelid = to_regclass('vectors'))" if citus else "0"
    return (
        f"BEGIN ISOLATION LEVEL {level} READ ONLY; SET LOCAL jit = off; SET LOCAL statement_timeout = '{_READ_WITHIN}';"
        f" SET LOCAL work_mem = '{_SORTED_WITHIN}'; {entering(schema, build)};"
        f" SELECT name, value FROM counts WHERE {_FIRST_COUNTS}; {INDEXES}; SELECT {shards}"
    )


def view_of(connection: Connection, told: Results) -> View:
    """Return a view by what was told when it was opened; raises IndexMismatch where it cannot be read."""
    _, about, counts, indexes, ((shards,),) = told
    found = about_of(about)
    check_readable(found)
    return View(connection, found.manifest, bool(indexes), shards, Counts(dict(counts)))


class PostgresReader:
    """One transaction, of all documents or of some."""

    def __init__(self, view: View, rows: Mapping[int, bytes] | None = None, sources: Collection[str] = ()) -> None:
        """Make a view; ``rows``, with the keys of their vectors, are those of ``sources``, where not all are asked."""
        self._view, self.manifest = view, view.manifest
        self._rows = rows
        self._sources = sources

    def __len__(self) -> int:
        return self._view.counts[PASSAGES]

    def within(self, sources: Collection[str]) -> PostgresReader:
        wanted = {_place(source): source for source in sources}
        found = self._ask(
            "SELECT document_id, id, row, vector_key FROM documents LEFT JOIN chunks USING (document_id, id)"
            " WHERE id = ANY(%(ids)s)",
            ids=list(wanted),
        )
        if missing := sorted({*sources} - {wanted[number] for _, number, *_ in found}):
            raise DocumentMissing(f"no document {missing[0]!r} in the index: `rag status` lists those there are")
        rows = {_key(place, row): key for place, _, row, key in found if row is not None}
        return PostgresReader(self._view, rows, sources)

    def dense(self, query: Vectors, k: int) -> dict[int, float]:
        found: dict[int, float] = {}

        def named(count: int) -> tuple[list[int], bool]:
            cosines, are_all = self._nearest(query, count)
            found.update((row, cosines[key]) for row, key in self._rows_of(cosines).items())
            return list(found), are_all

        def scores(rows: Sequence[int]) -> dict[int, float]:
            if not found and self._rows is not None:
                cosines = self._cosines(query, set(self._rows.values()))
                found.update((row, cosines[key]) for row, key in self._rows.items() if key in cosines)
            return {row: found[row] for row in rows if row in found}

        return weighed(named, scores, k, self._rows)

    def lexical(self, words: Sequence[Forms], k: int) -> dict[int, float]:
        bm25 = self._bm25(words)
        if self._rows is None:
            return self._matches(bm25, k)
        found: dict[int, float] = {}

        def named(count: int) -> tuple[list[int], bool]:
            found.update(self._matches(bm25, count))
            return list(found), len(found) < count

        def scores(rows: Sequence[int]) -> dict[int, float]:
            return {row: found[row] for row in rows} if found else self._scores(bm25, rows)

        return weighed(named, scores, k, self._rows)

    def lexical_of(self, words: Sequence[Forms], keys: Sequence[int]) -> dict[int, float]:
        return self._scores(self._bm25(words), keys)

    def frequencies(self, words: Sequence[Forms]) -> list[int]:
        return frequencies(words, self._count(names_of(words)))

    def nearest_term(self, term: str, most: int) -> str | None:
        first = term_name(term[:1])
        if not term or not _is_kept(first):
            return None
        query = (
            "SELECT name, value FROM counts WHERE name ^@ %(first)s AND abs(length(name) - %(length)s::int) <= %(most)s"
        )
        counted = self._ask(query, first=first, length=len(term_name(term)), most=most)
        return nearest(term, most, ((term_of(name), value) for name, value in counted))

    def languages(self) -> dict[str, int]:
        counted = {name.removeprefix(LANGUAGE): n for name, n in self._view.counts.items() if name.startswith(LANGUAGE)}
        return dict(sorted(counted.items(), key=lambda one: (-one[1], one[0])))

    def languages_of(self, keys: Sequence[int]) -> list[str]:
        return [one.passage.language for one in self._read(keys)]

    def vectors(self, keys: Sequence[int]) -> Vectors:
        made = {key: read_vector(sent) for key, (sent,) in self._by_key("vectors", "embedding", keys).items()}
        return in_order(made, keys, self.manifest.dimension)

    def sentence_vectors(self, keys: Sequence[int]) -> list[Vectors]:
        made = {key: kept for key, (kept,) in self._by_key("vectors", "sentence_vectors", keys).items()}
        counts = [len(one.sentences) for one in self.passages(keys)]
        return [
            read_sentences(made.get(key), count, self.manifest.dimension)
            for key, count in zip(keys, counts, strict=True)
        ]

    def unembedded(self, keys: Sequence[int]) -> dict[int, Text]:
        found = self._by_key("unembedded", "text, sentences", keys)
        return {key: Text(_plain(text), json.loads(sentences)) for key, (text, sentences) in found.items()}

    def embedded(self) -> float:
        if self._view.embedded is None:
            ((missing,),) = self._ask("SELECT count(*) FROM unembedded")
            self._view.embedded = 1 - missing / max(missing, len(self), 1)
        return self._view.embedded

    def passages(self, keys: Sequence[int]) -> list[Passage]:
        return [one.passage for one in self._read(keys)]

    def document(self, source: str) -> Document | None:
        return self.documents_at([source]).get(source)

    def documents_at(self, sources: Collection[str]) -> dict[str, Document]:
        rows = self._of_documents(f"SELECT {DOCUMENT} FROM documents", sources)
        found = (document([str(_plain(value)) for value in row]) for row in rows)
        return {one.source: one for one in found}

    def sha256(self, source: str) -> str:
        rows = self._of_documents("SELECT sha256 FROM documents", [source])
        return str(_plain(rows[0][0])) if rows else ""

    def word_boxes(self, source: str) -> bytes:
        rows = self._of_documents("SELECT word_boxes FROM documents", [source])
        return bytes(rows[0][0]) if rows else b""

    def documents(self) -> list[DocumentSummary]:
        rows = self._ask(
            "SELECT source, file, title, sha256, characters, page_count, page_kind, passages, language"
            " FROM documents ORDER BY source"
        )
        found = [summary(map(_plain, row)) for row in rows]
        return [one for one in found if not self._sources or one.source in self._sources]

    def chunks(self, source: str) -> list[Chunk]:
        return [found.chunk for found in self.passages(self._keys_of(source))]

    def pieces(self, source: str) -> list[tuple[Piece, Embedding | None]]:
        keys = self._keys_of(source)
        kept = self._by_key("vectors", "embedding, sentence_vectors", keys)
        made = {row: (read_vector(sent), sentences) for row, (sent, sentences) in kept.items()}
        return [
            piece(one, key.hex(), *made.get(row, (None, b"")))
            for row, (key, one) in zip(keys, self._read(keys), strict=True)
        ]

    def files(self) -> dict[str, FileRecord]:
        # What this index wrote is not looked over again: after every answer, all files are compared.
        return {record["source"]: FileRecord.model_construct(**record) for record in self._records("true")}

    def file(self, source: str) -> FileRecord | None:
        found = self._records("document_id = %(place)s", place=_place(source))
        return FileRecord(**found[0]) if found else None

    def _records(self, where: LiteralString, **named: object) -> list[dict[str, Any]]:
        rows = self._ask(f"SELECT {', '.join(FileRecord.model_fields)} FROM files WHERE {where}", **named)
        return [dict(zip(FileRecord.model_fields, map(_plain, row), strict=True)) for row in rows]

    def _nearest(self, query: Vectors, count: int) -> tuple[dict[bytes, float], bool]:
        """Return so many of the likeliest vectors, by key, with their cosines, and whether there are no others."""
        wanted = max(LEAST_WEIGHED, count)
        if self._view.is_coarse and wanted <= min(MOST_WEIGHED, len(self) // 2):
            return self._likeliest(query, wanted), False
        rows = self._ask(
            "SELECT vector_key, -(embedding <#> %(vector)s::vector) FROM vectors"
            " ORDER BY embedding <#> %(vector)s::vector, vector_key LIMIT %(count)s",
            vector=_literal(query),
            count=count,
        )
        return dict(rows), len(rows) < count

    def _likeliest(self, query: Vectors, wanted: int) -> dict[bytes, float]:
        """Return so many vectors that the index of vectors finds nearest, each then weighed with full precision."""
        self._speed_up(wanted)
        half = f"halfvec({self.manifest.dimension})"
        statement = (
            "SELECT vector_key, -(embedding <#> %(vector)s::vector) FROM vectors"
            f" ORDER BY embedding::{half} <#> %(vector)s::{half} LIMIT %(wanted)s"
        )
        return dict(self._ask(statement, vector=_literal(query), wanted=wanted))

    def _speed_up(self, wanted: int) -> None:
        """Where there are very many passages, set for the rest of the view what makes searching them fast."""
        if self._view.is_coarse and wanted > self._view.looked_for:
            self._view.connection.execute(look_for(wanted, self._view.shards).encode())
            self._view.looked_for = wanted

    def _cosines(self, query: Vectors, keys: Collection[bytes]) -> dict[bytes, float]:
        statement = (
            "SELECT vector_key, -(embedding <#> %(vector)s::vector) FROM vectors WHERE vector_key = ANY(%(keys)s)"
        )
        return dict(self._ask(statement, vector=_literal(query), keys=list(keys)))

    def _rows_of(self, vectors: Collection[bytes]) -> dict[int, bytes]:
        """Return the rows that have some vectors, each with the key of its own."""
        query = "SELECT document_id, row, vector_key FROM chunks WHERE vector_key = ANY(%(keys)s)"
        return {_key(place, row): key for place, row, key in self._ask(query, keys=list(vectors))}

    def _matches(self, bm25: Bm25, k: int, among: str = "", **named: object) -> dict[int, float]:
        """Return the ``k`` best matches with their scores, best first."""
        if not bm25.rarities or k < 1:
            return {}
        self._speed_up(LEAST_WEIGHED)
        given = {"terms": list(bm25.rarities), "rarities": list(bm25.rarities.values()), "mean": bm25.mean, "k": k}
        rows = self._ask(_MATCHES + among + _BY_SCORE, **given, **named)
        return {_key(place, row): score for place, row, score in rows}

    def _scores(self, bm25: Bm25, keys: Sequence[int]) -> dict[int, float]:
        return self._matches(bm25, len(keys), f" AND {_AMONG.format('')}", **_named(keys))

    def _bm25(self, words: Sequence[Forms]) -> Bm25:
        return Bm25(words, self._count(names_of(words)))

    def _count(self, names: Sequence[str]) -> Counts:
        """Return counts by name, each read once."""
        counts = self._view.counts
        if new := [name for name in names if name not in counts and _is_kept(name)]:
            counts.update(dict.fromkeys(new, 0))
            counts.update(dict(self._ask("SELECT name, value FROM counts WHERE name = ANY(%(names)s)", names=new)))
        return counts

    def _read(self, keys: Sequence[int]) -> list[_Row]:
        """Return rows by key, each read once; raises IndexCut where one is gone since it was found."""
        kept = self._view.rows
        if len(kept) > _KEPT and not kept.keys() >= {*keys}:
            kept.clear()
        if missing := [key for key in keys if key not in kept]:
            query = (
                'SELECT chunks.document_id, row, vector_key, id, start, "end", page, chunks.headings, introductions,'
                " chunks.text, sentences, source, title, sha256, page_kind, language"
                f" FROM chunks JOIN documents USING (document_id, id) WHERE {_AMONG.format('chunks.')}"
            )
            for place, row, key, number, *rest in self._ask(query, **_named(missing)):
                kept[_key(place, row)] = _Row(key, passage(identity_of(number), *map(_plain, rest)))
                self._view.places[number] = place
        try:
            return [kept[key] for key in keys]
        except KeyError:
            raise IndexCut("passages that were found were changed meanwhile: ask again") from None

    def _by_key(self, table: LiteralString, columns: LiteralString, keys: Sequence[int]) -> dict[int, Sequence[Any]]:
        """Return by row what a table holds under the keys of the rows' vectors."""
        rows = {row: one.vector_key for row, one in zip(keys, self._read(keys), strict=True)}
        query = f"SELECT vector_key, {columns} FROM {table} WHERE vector_key = ANY(%(keys)s)"
        found = {key: kept for key, *kept in self._ask(query, keys=list(set(rows.values())))} if rows else {}
        return {row: found[key] for row, key in rows.items() if key in found}

    def _keys_of(self, source: str) -> list[int]:
        rows = self._of_documents("SELECT document_id, row FROM chunks", [source], " ORDER BY start")
        return [_key(*row) for row in rows]

    def _of_documents(
        self, query: LiteralString, sources: Collection[str], order: LiteralString = ""
    ) -> list[tuple[Any, ...]]:
        """Ask for rows of documents where they may lie: at their own places, or at those of their archives or mails."""
        numbers, places = [_place(source) for source in sources], set[int]()
        for number, source in zip(numbers, sources, strict=True):
            known = self._view.places.get(number)
            above = map(str, PurePosixPath(source).parents)
            places |= {known} if known is not None else {number, *map(_place, above)}
        where = " WHERE document_id = ANY(%(places)s) AND id = ANY(%(numbers)s)"
        return self._ask(query + where + order, places=list(places), numbers=numbers)

    def _ask(self, query: str, **named: object) -> list[tuple[Any, ...]]:
        with self._view.connection.cursor(binary=True) as cursor:
            return cursor.execute(query.encode(), named or None).fetchall()


def _place(source: str) -> int:
    """Return the number of a document, which is also where what lies in it lies."""
    return number_of(document_id(source))


def _key(place: int, row: int) -> int:
    return (place % (1 << 64) << _ROW_BITS) + row


def _named(keys: Sequence[int]) -> dict[str, Any]:
    """Return what a statement needs to name rows."""
    pairs = [(number_of(f"{key >> _ROW_BITS:016x}"), key % (1 << _ROW_BITS)) for key in keys]
    return {
        "places": list({place for place, _ in pairs}),
        "rows": list({row for _, row in pairs}),
        "pairs": [f"{place}:{row}" for place, row in pairs],
    }


def _is_kept(name: str) -> bool:
    """Whether the database can hold a name at all."""
    return "\x00" not in name and name.encode("utf-8", "replace").decode("utf-8") == name


def _literal(vector: Vectors) -> str:
    return "[" + ",".join(map(str, vector.tolist())) + "]"


def _plain(value: Any) -> Any:
    """Return text as text; it is kept as bytes."""
    return value.decode("utf-8") if isinstance(value, bytes) else value
