"""Values → rows of an index in PostgreSQL, and rows deleted: what a change of one file is, within a transaction.

All rows of a file lie in one shard group, told by ``document_id``; a document that takes its place from another
file's, as when a mail gives way to a folder of its name, is the one case that touches a second.
"""

from __future__ import annotations

import json
import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rag.embed import Embedding, Vectors
from rag.errors import IndexCut
from rag.index import Cut, FileRecord, Piece
from rag.index.database.counts import PASSAGES, TERM, WORDS, Counts, add_changes, language_name
from rag.index.postings import tokens
from rag.index.saved import dump_blocks, dump_introductions, dump_pages, found_by
from rag.types import Document, document_id

if TYPE_CHECKING:
    from rag.index.database.connection import Connection

_MOST_TIMES = 32_767  # that a term is counted in one passage
_SPARE = "spare (document_id, vector_key, embedding, sentence_vectors)"
_COLUMNS = {
    "chunks": "int8 int4 int8 int4 int4 int4 text text bytea bytea bytea bytea text",
    "postings": "text int8 int4 int2 int2 int4",
    "documents": "int8 int8 bytea bytea text bytea bytea int4 text text int4 text text int4 bytea",
    "files": "int8 bytea text int8 int8 int8 text bytea bytea",
    _SPARE: "int8 bytea bytea bytea",
}


class Kept(NamedTuple):
    """The vectors of a passage and of its sentences, as the database has them."""

    passage: bytes
    sentences: bytes


class _Passage(NamedTuple):
    """A passage to be written: its number in the file, its document, and its terms."""

    row: int
    document: Document
    piece: Piece
    text_terms: Counter[str]
    context_terms: Counter[str]

    @property
    def length(self) -> int:
        return self.text_terms.total() + self.context_terms.total()


def number_of(identity: str) -> int:
    """Return the number that a document's identity of 16 hexadecimal digits is kept as, a signed one of 64 bits."""
    number = int(identity, 16)
    return number - (1 << 64) if number >> 63 else number


def identity_of(number: int) -> str:
    """Return the identity that ``number`` was made from."""
    return f"{number % (1 << 64):016x}"


def utf8(text: str) -> bytes:
    """Return ``text`` as it is kept."""
    return text.encode("utf-8")


def vector_bytes(vector: Vectors) -> bytes:
    """Return a vector as pgvector sends and receives it: its length, two bytes of nothing, big-endian float32."""
    return struct.pack(">HH", len(vector), 0) + vector.astype(">f4").tobytes()


def read_vector(sent: bytes) -> Vectors:
    """Return the vector that pgvector sent."""
    return np.frombuffer(sent, dtype=">f4", offset=4).astype(np.float32)


def kept_vectors(connection: Connection, keys: Sequence[str]) -> dict[str, Kept]:
    """Return the vectors that are kept under ``keys``, wherever they lie."""
    found: dict[str, Kept] = {}
    for table in ("chunks", "spare"):
        missing = [bytes.fromhex(key) for key in keys if key not in found]
        if missing:
            with connection.cursor(binary=True) as cursor:
                cursor.execute(
                    f"SELECT vector_key, embedding, sentence_vectors FROM {table} WHERE vector_key = ANY(%s)", [missing]
                )
                found |= {key.hex(): Kept(passage, sentences) for key, passage, sentences in cursor}
    return found


def known_keys(connection: Connection, keys: Sequence[str]) -> set[str]:
    """Return those of ``keys`` that vectors are kept under."""
    wanted = [bytes.fromhex(key) for key in keys]
    return {
        key.hex()
        for table in ("chunks", "spare")
        for (key,) in connection.execute(f"SELECT vector_key FROM {table} WHERE vector_key = ANY(%s)", [wanted])
    }


def put_file(
    connection: Connection,
    record: FileRecord,
    cuts: Sequence[Cut],
    embeddings: Mapping[str, Embedding],
    kept: Mapping[str, Kept],
) -> None:
    """Put the documents of a file in the place of whatever it held before; ``kept`` are vectors not made anew."""
    place = number_of(document_id(record.source))
    vectors = dict(kept) | {key: _kept(made) for key, made in embeddings.items()}
    passages = list(_passages(cuts))
    if missing := [one.piece.key for one in passages if one.piece.key not in vectors]:
        raise IndexCut(f"vectors that were there are gone ({missing[0]:.8}): run `rag index` again; nothing is lost")
    _give_way(connection, place, cuts)
    changes = _delete(connection, place, staying=[one.piece.key for one in passages])
    _copy(connection, "files", [_file_row(place, record)])
    _copy(connection, "documents", [_document_row(place, record.source, cut) for cut in cuts])
    _copy(connection, "chunks", [_chunk_row(place, one, vectors[one.piece.key]) for one in passages])
    _copy(connection, "postings", [row for one in passages for row in _posting_rows(place, one)])
    changes.update(_counts_of(passages))
    changes.update(language_name(cut.document.language) for cut in cuts)
    add_changes(connection, place, changes)


def put_spare(connection: Connection, place: int, made: Mapping[str, Embedding]) -> None:
    """Keep vectors that no passage uses yet, all at one place."""
    keys = {key: bytes.fromhex(key) for key in made}
    with connection.transaction():
        connection.execute(
            "DELETE FROM spare WHERE document_id = %s AND vector_key = ANY(%s)", [place, list(keys.values())]
        )
        _copy(connection, _SPARE, [(place, keys[key], *_kept(one)) for key, one in made.items()])


def drop_spare(connection: Connection, kept_for: float) -> None:
    """Drop the vectors that no passage has used for ``kept_for`` seconds."""
    connection.execute("DELETE FROM spare WHERE since <= now() - make_interval(secs => %s)", [kept_for])


def delete_file(connection: Connection, source: str) -> None:
    """Delete a file and all that was made of it, but for its vectors, which may be used again."""
    place = number_of(document_id(source))
    add_changes(connection, place, _delete(connection, place))


def _kept(made: Embedding) -> Kept:
    return Kept(vector_bytes(made.passage), made.sentences.astype("<f2").tobytes())


def _passages(cuts: Sequence[Cut]) -> list[_Passage]:
    """Return the passages of a file, numbered in the order they are given in."""
    numbered = enumerate((cut.document, piece) for cut in cuts for piece in cut.pieces)
    return [
        _Passage(row, document, piece, *(_counted(terms) for terms in found_by(document, piece.chunk)))
        for row, (document, piece) in numbered
    ]


def _counted(terms: str) -> Counter[str]:
    # Parted as FTS5 parts them, so that the numbers are those of an index in a folder.
    times = Counter(token.decode("utf-8") for token in tokens(terms))
    return Counter({term: min(count, _MOST_TIMES) for term, count in times.items()})


def _counts_of(passages: Sequence[_Passage]) -> Counts:
    counts: Counts = Counter()
    for one in passages:
        counts.update(TERM + term for term in one.text_terms.keys() | one.context_terms.keys())
        counts[PASSAGES] += 1
        counts[WORDS] += one.length
    return counts


def _give_way(connection: Connection, place: int, cuts: Sequence[Cut]) -> None:
    """Delete what other files hold at the places of these documents: a folder's file and a mail's attachment."""
    for document, *_ in cuts:
        folders = [str(folder) for folder in PurePosixPath(document.source).parents]
        places = {number_of(document_id(source)) for source in (document.source, *folders)} - {place}
        own = number_of(document.id)
        found = connection.execute(
            "SELECT document_id FROM documents WHERE document_id = ANY(%s) AND id = %s", [list(places), own]
        ).fetchall()
        for (other,) in found:
            add_changes(connection, other, _delete_documents(connection, other, [own]))


def _delete(connection: Connection, place: int, staying: Sequence[str] = ()) -> Counts:
    """Delete all that lies at a file's place, and return what that changes in the counts."""
    ids = connection.execute("SELECT id FROM documents WHERE document_id = %s", [place]).fetchall()
    changes = _delete_documents(connection, place, [found for (found,) in ids], staying) if ids else Counts()
    connection.execute("DELETE FROM files WHERE document_id = %s", [place])
    return changes


def _delete_documents(connection: Connection, place: int, ids: Sequence[int], staying: Sequence[str] = ()) -> Counts:
    """Delete documents at a place; put their vectors aside, but for those that are to be written again."""
    here = [place, list(ids)]
    kept = [*here, [bytes.fromhex(key) for key in staying]]
    connection.execute(
        f"INSERT INTO {_SPARE} SELECT DISTINCT ON (vector_key)"
        " document_id, vector_key, embedding, sentence_vectors FROM chunks"
        " WHERE document_id = %s AND id = ANY(%s) AND vector_key <> ALL(%s)"
        " ON CONFLICT (document_id, vector_key) DO UPDATE SET since = excluded.since",
        kept,
    )
    deleted = connection.execute("DELETE FROM chunks WHERE document_id = %s AND id = ANY(%s) RETURNING row", here)
    rows = [row for (row,) in deleted.fetchall()]
    changes = _delete_postings(connection, place, rows)
    languages = connection.execute(
        "DELETE FROM documents WHERE document_id = %s AND id = ANY(%s) RETURNING language", here
    )
    changes.subtract(language_name(language) for (language,) in languages)
    return changes


def _delete_postings(connection: Connection, place: int, rows: Sequence[int]) -> Counts:
    deleted = connection.execute(
        "DELETE FROM postings WHERE document_id = %s AND row = ANY(%s) RETURNING term, in_text + in_context",
        [place, list(rows)],
    )
    changes: Counts = Counter({PASSAGES: -len(rows)})
    for term, times in deleted:
        changes[TERM + term] -= 1
        changes[WORDS] -= times
    return changes


def _copy(connection: Connection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if not rows:
        return
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN (FORMAT binary)") as copy:
        copy.set_types(_COLUMNS[table].split())
        for row in rows:
            copy.write_row(row)


def _file_row(place: int, record: FileRecord) -> tuple[Any, ...]:
    reason, warning = (utf8(said) if said is not None else None for said in (record.reason, record.warning))
    times = (record.size, record.mtime_ns, record.ctime_ns)
    return (place, utf8(record.source), record.sha256, *times, record.parser, reason, warning)


def _document_row(place: int, file: str, cut: Cut) -> tuple[Any, ...]:
    document = cut.document
    names = (place, number_of(document.id), utf8(document.source), utf8(file), document.sha256, utf8(document.title))
    parts = (dump_blocks(document), dump_pages(document.pages), len(document.pages))
    kind = (document.page_kind, document.language)
    return (*names, utf8(document.text), len(document.text), *parts, *kind, len(cut.pieces), cut.word_boxes)


def _chunk_row(place: int, one: _Passage, kept: Kept) -> tuple[Any, ...]:
    chunk, key = one.piece.chunk, bytes.fromhex(one.piece.key)
    headings, sentences = json.dumps(chunk.headings), json.dumps(one.piece.sentences)
    names = (place, one.row, number_of(one.document.id))
    return (
        *names,
        chunk.start,
        chunk.end,
        chunk.page,
        headings,
        sentences,
        key,
        utf8(chunk.text),
        *kept,
        dump_introductions(chunk),
    )


def _posting_rows(place: int, one: _Passage) -> list[tuple[Any, ...]]:
    return [
        (term, place, one.row, one.text_terms[term], one.context_terms[term], one.length)
        for term in one.text_terms.keys() | one.context_terms.keys()
    ]
