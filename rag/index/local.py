"""The index in a folder: one SQLite file holds everything, one FAISS file makes it fast.

SQLite (write-ahead log) is the source of truth; a changed document is one transaction in it. FAISS is
a snapshot of the vectors at one generation, which every write changes; where it is missing, stale or
damaged, it is made again from SQLite.
"""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path, PurePosixPath

import numpy as np
from filelock import FileLock, Timeout

from rag.corpus import IGNORE_FILE
from rag.embed import Embedding
from rag.errors import IndexDamaged, IndexFailure, IndexLocked, IndexMismatch
from rag.index import SCHEMA_VERSION, BrokenOff, Cut, FileRecord, Manifest, Piece
from rag.index.local_check import faults
from rag.index.local_reader import LocalReader
from rag.index.snapshot import Snapshot, load_snapshot, save_snapshot, snapshot_generation, write_whole
from rag.index.vocabulary import KeptVocabulary
from rag.types import Chunk, Document, Heading, Page
from rag.words import terms

_CURRENT = "current"
_REBUILDING = ", rebuilding"
# What the disk or another process is to blame for, and not the file.
_PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_NOMEM,
}
_WRITER = "writer"  # who is writing; left behind by one that was killed
_INSERT_CHUNK = (
    'INSERT INTO chunks (document_id, start, "end", page, headings, sentences, vector_key, text, terms, context_terms)'
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class LocalIndex:
    """An index in ``folder``. Safe to use from many threads; see the Index protocol."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = FileLock(folder / "lock", timeout=0)
        self._pool: list[tuple[Path, sqlite3.Connection]] = []
        self._snapshot: tuple[Path, Snapshot] | None = None
        self._snapshot_guard = threading.Lock()
        self._vocabulary = KeptVocabulary()
        self._target: Path | None = None  # the database being written
        self._writer: sqlite3.Connection | None = None

    @property
    def _database(self) -> Path | None:
        """The database in use: the file that ``current`` names, so that a rebuilt one takes over at one stroke."""
        try:
            path = self.folder / (self.folder / _CURRENT).read_text(encoding="ascii").strip()
        except OSError:
            return None
        return path if path.is_file() else None

    def manifest(self) -> Manifest | None:
        """Return what the index was built with, or None where nothing was built yet."""
        database = self._database
        if database is None:
            return None
        with self._connection(database) as connection:
            return _manifest(connection)

    @contextmanager
    def reading(self) -> Iterator[LocalReader]:
        """Open a view of the index as it stands now."""
        database = self._built_database()
        with self._connection(database) as connection:
            connection.execute("BEGIN")
            try:
                _check_schema(connection)
                yield LocalReader(connection, self._current_snapshot(database, connection), self._vocabulary)
            finally:
                connection.rollback()

    @contextmanager
    def writing(self, *, rebuild: bool = False) -> Iterator[BrokenOff | None]:
        """Hold the one right to write; the operating system lets go of it if this process dies.

        Gives what the writer before was broken off from: it would have taken its name from the door.

        With ``rebuild``, a new database is written, which takes over when it is published; until then
        the old one answers, and it is kept until the rebuild after.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire()
        except Timeout:
            raise IndexLocked(f"{self._holder()} is writing to {self.folder}: wait for it, or stop it") from None
        try:
            writer = self.folder / _WRITER
            broken_off = self._broken_off()
            writer.write_text(f"process {os.getpid()} on {platform.node()}{_REBUILDING * rebuild}", encoding="utf-8")
            # An index that lies in the corpus is no part of it.
            (self.folder / IGNORE_FILE).write_text("*\n", encoding="utf-8")
            current = self._database
            self._target = self._next_database(current) if rebuild or current is None else current
            yield broken_off
        except sqlite3.DatabaseError as error:
            raise _failure(self.folder, error, "written") from error
        finally:
            if self._writer is not None:
                self._writer.close()
            self._writer = self._target = None
            writer.unlink(missing_ok=True)
            self._lock.release()

    def _holder(self) -> str:
        """Return who holds the right to write, or held it and never gave it back."""
        try:
            return (self.folder / _WRITER).read_text(encoding="utf-8") or "another process"
        except OSError:
            return "another process"

    def _broken_off(self) -> BrokenOff | None:
        if not (self.folder / _WRITER).exists():
            return None
        return "rebuild" if self._holder().endswith(_REBUILDING) else "run"

    def begin(self, manifest: Manifest) -> None:
        """Make an empty index ready for writing; raises IndexMismatch where it was built otherwise."""
        found = _manifest(self._writing)
        if found is None:
            schema = resources.files("rag.index").joinpath("schema.sql").read_text()
            row = f"INSERT INTO meta VALUES ('manifest', {_quoted(manifest.model_dump_json())})"
            self._writing.executescript(f"BEGIN; {schema}; {row}; COMMIT;")
            if self._database is None:  # a first build that is broken off goes on from where it was
                self._take_over()
        elif found != manifest:
            raise IndexMismatch(mismatch(found, manifest))

    def known(self, keys: Sequence[str]) -> set[str]:
        """Return those of ``keys`` whose vectors are kept already."""
        query = "SELECT key FROM vectors WHERE key IN (SELECT value FROM json_each(?))"
        return {key for (key,) in self._writing.execute(query, [json.dumps(list(keys))])}

    def put(self, record: FileRecord, cuts: Sequence[Cut], embeddings: Mapping[str, Embedding]) -> None:
        """Put the documents of a file in the place of whatever it held before: one transaction."""
        vectors = [
            (key, embedding.passage.astype("<f4").tobytes(), embedding.sentences.astype("<f2").tobytes())
            for key, embedding in embeddings.items()
        ]
        with self._transaction() as connection:
            _delete(connection, record.source)
            _insert_file(connection, record)
            connection.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?, ?)", vectors)
            for document, pieces in cuts:
                # Where a file gave way to a folder of its name, the file's attachments may have held this place.
                _delete_documents(connection, "source", document.source)
                _insert_document(connection, document, record.source)
                connection.executemany(_INSERT_CHUNK, [_chunk_row(document, piece) for piece in pieces])

    def touch(self, record: FileRecord) -> None:
        """Record a file's new size and times where its content is the same."""
        row = [record.size, record.mtime_ns, record.ctime_ns, record.source]
        self._writing.execute("UPDATE files SET size = ?, mtime_ns = ?, ctime_ns = ? WHERE source = ?", row)

    def remove(self, source: str) -> None:
        """Drop a file and all that was made of it: one transaction."""
        with self._transaction() as connection:
            _delete(connection, source)

    def publish(self) -> None:
        """Drop vectors nothing uses any more, and write the FAISS snapshot of what is there."""
        self._writing.execute("DELETE FROM vectors WHERE key NOT IN (SELECT vector_key FROM chunks)")
        # What is about to be named current is on the disk before its name is. Readers hold up no other checkpoint.
        mode = "PASSIVE" if self._database == self._target_path else "TRUNCATE"
        self._writing.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
        try:
            save_snapshot(_build_snapshot(self._writing), self._target_path)
            self._take_over()
        except OSError as error:
            raise _unusable(self.folder, error, "written") from error

    def is_published(self) -> bool:
        """Whether the FAISS snapshot is there, and of the state that is there."""
        return snapshot_generation(self._target_path) == _generation(self._writing)

    def faults(self) -> list[str]:
        """Check the index against itself, and return what is wrong, a line each."""
        database = self._built_database()
        with self._connection(database) as connection:
            connection.execute("BEGIN IMMEDIATE")  # the check of the words is, to SQLite, a write
            try:
                snapshot = self._current_snapshot(database, connection)
                return list(faults(connection, snapshot, _build_snapshot(connection)))
            finally:
                connection.rollback()

    def close(self) -> None:
        """Release files and connections."""
        while self._pool:
            self._pool.pop()[1].close()

    def _built_database(self) -> Path:
        database = self._database
        if database is None:
            raise IndexFailure(f"there is no index in {self.folder}: run `rag index`")
        return database

    @property
    def _target_path(self) -> Path:
        if self._target is None:
            raise IndexFailure("the index is not open for writing: enter writing() first")
        return self._target

    @property
    def _writing(self) -> sqlite3.Connection:
        if self._writer is None:
            self._writer = _connect(self._target_path)
        return self._writer

    def _next_database(self, current: Path | None) -> Path:
        """Return the path of a new database; of the old ones, only the current is kept.

        Where it is not known which is current, all are kept.
        """
        if current is not None:
            for old in self.folder.glob("index-*"):
                if not old.name.startswith(current.stem + "."):
                    old.unlink()
        numbers = [int(path.stem.removeprefix("index-")) for path in self.folder.glob("index-*.sqlite")]
        return self.folder / f"index-{max(numbers, default=0) + 1}.sqlite"

    def _take_over(self) -> None:
        """Make the database being written the current one."""
        if self._database != self._target_path:
            write_whole(self.folder / _CURRENT, self._target_path.name.encode())

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit all or nothing, and a new generation with it."""
        connection = self._writing
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("UPDATE meta SET value = hex(randomblob(8)) WHERE key = 'generation'")
            connection.commit()
        except BaseException:
            connection.rollback()
            raise

    @contextmanager
    def _connection(self, database: Path) -> Iterator[sqlite3.Connection]:
        """Lend a connection to ``database``; one that met an error is not used again."""
        connection = self._pooled(database) or _connect(database)
        try:
            yield connection
        except sqlite3.DatabaseError as error:
            connection.close()
            raise _failure(database, error) from error
        self._pool.append((database, connection))

    def _pooled(self, database: Path) -> sqlite3.Connection | None:
        while self._pool:
            path, connection = self._pool.pop()
            if path == database:
                return connection
            connection.close()
        return None

    def _current_snapshot(self, database: Path, connection: sqlite3.Connection) -> Snapshot:
        """Return the snapshot of the generation ``connection`` sees; a whole object, never changed in place."""
        generation = _generation(connection)
        with self._snapshot_guard:
            kept = self._snapshot
            if kept is None or (kept[0], kept[1].generation) != (database, generation):
                kept = database, load_snapshot(database, generation) or _build_snapshot(connection)
                self._snapshot = kept
            return kept[1]


def mismatch(found: Manifest, wanted: Manifest) -> str:
    """Say in one line how an index differs from what is asked of it, and what to do."""
    differing = [
        f"{name.replace('_', ' ')} {getattr(found, name)!s:.40} instead of {getattr(wanted, name)!s:.40}"
        for name in Manifest.model_fields
        if getattr(found, name) != getattr(wanted, name)
    ]
    return f"the index was built with {', '.join(differing)}: run `rag index --rebuild`, or use its settings"


def _delete(connection: sqlite3.Connection, file: str) -> None:
    _delete_documents(connection, "file", file)
    connection.execute("DELETE FROM files WHERE source = ?", [file])


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


def _manifest(connection: sqlite3.Connection) -> Manifest | None:
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
        return None
    (value,) = connection.execute("SELECT value FROM meta WHERE key = 'manifest'").fetchone()
    return Manifest.model_validate_json(value)


def _check_schema(connection: sqlite3.Connection) -> None:
    found = _manifest(connection)
    if found is not None and found.schema_version != SCHEMA_VERSION:
        raise IndexMismatch(mismatch(found, found.model_copy(update={"schema_version": SCHEMA_VERSION})))


def _generation(connection: sqlite3.Connection) -> str:
    (value,) = connection.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()
    return str(value)


def _build_snapshot(connection: sqlite3.Connection) -> Snapshot:
    """Make the snapshot from the database, which holds the vectors themselves: nothing is embedded again."""
    manifest = _manifest(connection)
    assert manifest is not None, "a database without a manifest has no vectors"
    rows = connection.execute(
        "SELECT row, passage FROM chunks JOIN vectors ON key = vector_key ORDER BY row"
    ).fetchall()
    keys = np.array([row for row, _ in rows], dtype=np.int64)
    data = np.frombuffer(b"".join(blob for _, blob in rows), dtype="<f4").reshape(len(rows), manifest.dimension)
    return Snapshot.build(_generation(connection), keys, data)


def _dump(values: Sequence[Heading] | Sequence[Page]) -> str:
    return json.dumps([value.model_dump() for value in values])


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _connect(database: Path) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(database, timeout=60, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    except sqlite3.DatabaseError as error:
        raise _failure(database, error) from error
    return connection


def _failure(place: Path, error: sqlite3.DatabaseError, done: str = "read") -> IndexFailure:
    """Tell an index that cannot be used just now (locked, disk full, read-only) from one that is damaged."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None and code & 0xFF in _PASSING:
        return _unusable(place, error, done)
    return IndexDamaged(f"the index {place} cannot be read ({error}): run `rag index --rebuild`")


def _unusable(place: Path, error: Exception, done: str) -> IndexFailure:
    return IndexFailure(f"the index in {place} cannot be {done} ({error}): mend that and run again; nothing is lost")
