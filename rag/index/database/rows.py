"""Values → rows of an index in PostgreSQL, and rows deleted: what a change is, within a transaction.

All rows of a file lie in one shard group, told by ``document_id``; a document that takes its place from another
file's, as when a mail gives way to a folder of its name, is the one case that touches a second. Others may put vectors
at the same time: of what is still to be embedded, rows are changed before it is looked what else there is, so that
one of two waits for the other, and then sees what it did.
"""

from __future__ import annotations

import json
import secrets
import struct
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple

import numpy as np

from rag.embed import Embedding, Vectors
from rag.index import Cut, FileRecord, Piece, Text
from rag.index.database.locks import lock_texts, unlock_texts
from rag.index.saved import dump_blocks, dump_introductions, dump_pages, found_by
from rag.index.statistics import LENGTH, PASSAGES, Counts, PassageTerms, term_name
from rag.types import Document, document_id

if TYPE_CHECKING:
    from rag.index.database.connection import Connection

_MOST_TIMES = 32_767  # that a term is noted of one passage: a smallint
_ROWS = 1 << 31  # numbers that a passage may have: an integer
_DROPPED_AT_ONCE = 10_000  # keys in a statement
LANGUAGE = "language "  # before a language: how many documents are in it
_COLUMNS = {
    "chunks": "int8 int4 int8 int4 int4 int4 text text text bytea bytea",
    "postings": "text int8 int4 int2 int2 int4",
    "documents": "int8 int8 bytea bytea text bytea bytea int4 text text int4 text text int4 bytea",
    "files": "int8 bytea text int8 int8 int8 text bytea bytea",
    "vectors": "bytea bytea bytea",
}


class _Passage(NamedTuple):
    """A passage to be written: its number, its document, and its terms."""

    row: int
    document: Document
    piece: Piece
    terms: PassageTerms


def number_of(identity: str) -> int:
    """Return a document's identity as the database has it: a signed number of 64 bits."""
    return int.from_bytes(bytes.fromhex(identity), signed=True)


def identity_of(number: int) -> str:
    """Return the identity that a number stands for."""
    return number.to_bytes(8, signed=True).hex()


def read_vector(sent: bytes) -> Vectors:
    """Return the vector that pgvector sent."""
    return np.frombuffer(sent, dtype=">f4", offset=4).astype(np.float32)


def put_file(connection: Connection, record: FileRecord, cuts: Sequence[Cut], texts: Mapping[str, Text]) -> None:
    """Put the documents of a file in the place of whatever it held before."""
    place, counts = number_of(document_id(record.source)), Counts()
    passages = _passages(cuts)
    gone = _give_way(connection, place, cuts, counts) + _delete(connection, place, counts)
    _copy(connection, "files", [_file_row(place, record)])
    _copy(connection, "documents", [_document_row(place, record.source, cut) for cut in cuts])
    _copy(connection, "chunks", [_chunk_row(place, one) for one in passages])
    postings = [row for one in passages for row in _posting_rows(place, one)]
    _copy(connection, "postings", postings)
    counts[PASSAGES] += len(passages)
    for term, _, _, in_text, in_context, _ in postings:  # and not by the terms, of which some are noted less often
        counts[term_name(term)] += 1
        counts[LENGTH] += in_text + in_context
    counts.update(LANGUAGE + cut.document.language for cut in cuts)
    used = list(dict.fromkeys(bytes.fromhex(one.piece.key) for one in passages))
    connection.execute("DELETE FROM unused WHERE vector_key = ANY(%s)", [used])
    _note_unembedded(connection, used, texts)
    _note_unused(connection, gone)
    _change_counts(connection, counts)


def delete_file(connection: Connection, source: str) -> None:
    """Delete a file and all that was made of it, but for its vectors, which may be used again."""
    counts = Counts()
    _note_unused(connection, _delete(connection, number_of(document_id(source)), counts))
    _change_counts(connection, counts)


def take_texts(connection: Connection, schema: str, most: int, held: set[bytes]) -> dict[str, Text]:
    """Return up to ``most`` texts to embed next that no other process has; all that are ``held`` is locked."""
    first = "SELECT vector_key FROM unembedded ORDER BY size, id DESC LIMIT %s OFFSET %s"
    skipped, found = 0, dict[str, Text]()
    while not found and (rows := connection.execute(first, [most, skipped]).fetchall()):
        keys = {bytes(key) for (key,) in rows}
        locked = lock_texts(connection, schema, keys - held)
        found = _texts(connection, locked | keys & held)
        gone = {key for key in locked if key.hex() not in found}  # another embedded them a moment ago
        unlock_texts(connection, schema, gone)
        held |= locked - gone
        skipped += len(rows)
    return found


def put_vectors(connection: Connection, embeddings: Mapping[str, Embedding]) -> None:
    """Keep vectors by key; those that no passage has count as unused from now on."""
    made = {bytes.fromhex(key): one for key, one in embeddings.items()}
    connection.execute("DELETE FROM unembedded WHERE vector_key = ANY(%s)", [list(made)])
    known = _those_in(connection, "vectors", made)
    rows = [
        (key, _vector_bytes(one.passage), one.sentences.astype("<f2").tobytes())
        for key, one in made.items()
        if key not in known
    ]
    _copy(connection, "vectors", rows)
    _note_unused(connection, list(made))


def drop_unused(connection: Connection, kept_for: float) -> None:
    """Drop the vectors that no passage has had for ``kept_for`` seconds."""
    dropped = "DELETE FROM unused WHERE since <= now() - make_interval(secs => %s) RETURNING vector_key"
    keys = [bytes(key) for (key,) in connection.execute(dropped, [kept_for])]
    for first in range(0, len(keys), _DROPPED_AT_ONCE):
        some = keys[first : first + _DROPPED_AT_ONCE]
        unused = set(some) - _those_in(connection, "chunks", some)
        connection.execute("DELETE FROM vectors WHERE vector_key = ANY(%s)", [list(unused)])


def _texts(connection: Connection, keys: Iterable[bytes]) -> dict[str, Text]:
    query = "SELECT vector_key, text, sentences FROM unembedded WHERE vector_key = ANY(%s) ORDER BY size, id DESC"
    rows = connection.execute(query, [list(keys)]).fetchall()
    return {key.hex(): Text(text.decode("utf-8"), json.loads(sentences)) for key, text, sentences in rows}


def _those_in(connection: Connection, table: LiteralString, keys: Iterable[bytes]) -> set[bytes]:
    """Return those of some keys that a table has."""
    query = f"SELECT DISTINCT vector_key FROM {table} WHERE vector_key = ANY(%s)"
    return {bytes(key) for (key,) in connection.execute(query, [list(keys)])}


def _note_unembedded(connection: Connection, keys: Iterable[bytes], texts: Mapping[str, Text]) -> None:
    given = {key: texts[key.hex()] for key in keys if key.hex() in texts}
    known = _those_in(connection, "vectors", given) if given else set()
    missing = [key for key in given if key not in known]
    if not missing:
        return
    rows = [[given[key].text.encode() for key in missing], [json.dumps(given[key].sentences) for key in missing]]
    connection.execute(
        "INSERT INTO unembedded (vector_key, text, sentences, size) SELECT *, %s"
        " FROM unnest(%s::bytea[], %s::bytea[], %s::text[]) ON CONFLICT DO NOTHING",
        [len(given), missing, *rows],
    )
    put_since = _those_in(connection, "vectors", missing)
    connection.execute("DELETE FROM unembedded WHERE vector_key = ANY(%s)", [list(put_since)])


def _note_unused(connection: Connection, keys: Sequence[bytes]) -> None:
    """Note which of some keys no passage has any more."""
    unused = list(set(keys) - _those_in(connection, "chunks", keys)) if keys else []
    if not unused:
        return
    connection.execute("DELETE FROM unembedded WHERE vector_key = ANY(%s)", [unused])
    kept = list(_those_in(connection, "vectors", unused))
    connection.execute("INSERT INTO unused SELECT unnest(%s::bytea[]) ON CONFLICT DO NOTHING", [kept])


def _change_counts(connection: Connection, counts: Counts) -> None:
    """Add to what is counted over all passages."""
    names = sorted(name for name, value in counts.items() if value)
    connection.execute(
        "INSERT INTO counts SELECT * FROM unnest(%s::text[], %s::bigint[])"
        " ON CONFLICT (name) DO UPDATE SET value = counts.value + excluded.value",
        [names, [counts[name] for name in names]],
    )
    lost = [name for name in names if counts[name] < 0]
    if lost:
        connection.execute("DELETE FROM counts WHERE value = 0 AND name = ANY(%s)", [lost])


def _passages(cuts: Sequence[Cut]) -> list[_Passage]:
    """Return the passages of a file, numbered in the order they are given in."""
    given = [(cut.document, piece) for cut in cuts for piece in cut.pieces]
    first = secrets.randbelow(_ROWS - len(given))
    return [
        _Passage(row, document, piece, found_by(document, piece.chunk))
        for row, (document, piece) in enumerate(given, first)
    ]


def _give_way(connection: Connection, place: int, cuts: Sequence[Cut], counts: Counts) -> list[bytes]:
    """Delete what other files hold at the places of these documents: a folder's file and a mail's attachment."""
    gone: list[bytes] = []
    for document, *_ in cuts:
        folders = [str(folder) for folder in PurePosixPath(document.source).parents]
        places = {number_of(document_id(source)) for source in (document.source, *folders)} - {place}
        own = number_of(document.id)
        found = connection.execute(
            "SELECT document_id FROM documents WHERE document_id = ANY(%s) AND id = %s", [list(places), own]
        ).fetchall()
        for (other,) in found:
            gone += _delete_documents(connection, other, [own], counts)
    return gone


def _delete(connection: Connection, place: int, counts: Counts) -> list[bytes]:
    """Delete all at a file's place; take it from ``counts``, and return the keys of its passages' vectors."""
    connection.execute("DELETE FROM files WHERE document_id = %s", [place])
    ids = connection.execute("SELECT id FROM documents WHERE document_id = %s", [place]).fetchall()
    return _delete_documents(connection, place, [found for (found,) in ids], counts) if ids else []


def _delete_documents(connection: Connection, place: int, ids: Sequence[int], counts: Counts) -> list[bytes]:
    here = [place, list(ids)]
    where = "WHERE document_id = %s AND id = ANY(%s)"
    chunks = connection.execute(f"DELETE FROM chunks {where} RETURNING row, vector_key", here).fetchall()
    counts[PASSAGES] -= len(chunks)
    postings = connection.execute(
        "DELETE FROM postings WHERE document_id = %s AND row = ANY(%s) RETURNING term, in_text + in_context",
        [place, [row for row, _ in chunks]],
    )
    for term, times in postings:
        counts[term_name(term)] -= 1
        counts[LENGTH] -= times
    languages = connection.execute(f"DELETE FROM documents {where} RETURNING language", here)
    counts.subtract(LANGUAGE + language for (language,) in languages)
    return [bytes(key) for _, key in chunks]


def _copy(connection: Connection, table: LiteralString, rows: Sequence[tuple[Any, ...]]) -> None:
    if not rows:
        return
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN (FORMAT binary)") as copy:
        copy.set_types(_COLUMNS[table].split())
        for row in rows:
            copy.write_row(row)


def _file_row(place: int, record: FileRecord) -> tuple[Any, ...]:
    reason, warning = (said.encode() if said is not None else None for said in (record.reason, record.warning))
    times = (record.size, record.mtime_ns, record.ctime_ns)
    return (place, record.source.encode(), record.sha256, *times, record.parser, reason, warning)


def _document_row(place: int, file: str, cut: Cut) -> tuple[Any, ...]:
    document = cut.document
    names = (place, number_of(document.id), document.source.encode(), file.encode())
    texts = (document.sha256, document.title.encode(), document.text.encode(), len(document.text))
    parts = (dump_blocks(document), dump_pages(document.pages), len(document.pages))
    return (*names, *texts, *parts, document.page_kind, document.language, len(cut.pieces), cut.word_boxes)


def _chunk_row(place: int, one: _Passage) -> tuple[Any, ...]:
    chunk = one.piece.chunk
    names = (place, one.row, number_of(one.document.id), chunk.start, chunk.end, chunk.page)
    parts = (json.dumps(chunk.headings), dump_introductions(chunk), json.dumps(one.piece.sentences))
    return (*names, *parts, bytes.fromhex(one.piece.key), chunk.text.encode())


def _posting_rows(place: int, one: _Passage) -> list[tuple[Any, ...]]:
    text, context = (_counted(terms) for terms in one.terms)
    length = text.total() + context.total()
    return [(term, place, one.row, text[term], context[term], length) for term in text.keys() | context.keys()]


def _counted(terms: str) -> Counter[str]:
    return Counter({term: min(times, _MOST_TIMES) for term, times in Counter(terms.split()).items()})


def _vector_bytes(vector: Vectors) -> bytes:
    """Return a vector as pgvector receives it: its length, two bytes of nothing, big-endian float32."""
    return struct.pack(">HH", len(vector), 0) + vector.astype(">f4").tobytes()
