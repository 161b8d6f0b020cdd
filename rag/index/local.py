"""The index in a folder: one SQLite file holds everything, files beside it make it fast.

SQLite (write-ahead log) is the source of truth; a changed document is one transaction in it, and gives the whole
another generation. What makes reading fast is derived from it: of a few passages a snapshot of the vectors at one
generation, of many a base and what has changed since. Where that is missing, stale or damaged, it is made again.
"""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import resources
from pathlib import Path

from filelock import FileLock, Timeout

from rag.corpus import IGNORE_FILE
from rag.embed import Embedding
from rag.errors import IndexDamaged, IndexFailure, IndexLocked, IndexMismatch
from rag.index import SCHEMA_VERSION, VECTORS_KEPT_FOR, BrokenOff, Cut, FileRecord, Manifest, Work, mismatch
from rag.index.derive import (
    EXACT_UP_TO,
    AnySnapshot,
    current_snapshot,
    drop_base,
    flat_snapshot,
    generation_of,
    is_base_good,
    is_large,
    renew_base,
    renewed_snapshot,
)
from rag.index.local_check import faults
from rag.index.local_reader import LocalReader
from rag.index.local_rows import delete_file, drop_unused, put_file
from rag.index.snapshot import remove_snapshot, save_snapshot, snapshot_generation, write_whole
from rag.index.vocabulary import KeptVocabulary

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
# Passages put between two looks at the base, what any change counts for, and how many times as far as after a run
# the base may be behind within one.
_BASE_LOOKED_AT, _A_CHANGE, _UNPUBLISHED = 5_000, 50, 4
_MIGRATIONS = (  # what makes of a layout the next one
    "ALTER TABLE documents RENAME COLUMN headings TO blocks",
    "ALTER TABLE chunks ADD COLUMN introductions TEXT NOT NULL DEFAULT '[]'",
    "ALTER TABLE documents ADD COLUMN word_boxes BLOB NOT NULL DEFAULT x''",
)
_WRITER = "writer"  # who is writing; left behind by one that was killed


class LocalIndex:
    """An index in ``folder``. Safe to use from many threads; see the Index protocol."""

    def __init__(self, folder: Path, exact_up_to: int = EXACT_UP_TO) -> None:
        """Open the index; of more passages than ``exact_up_to``, a base is kept on the disk."""
        self.folder = folder
        self._exact_up_to = exact_up_to
        self._unpublished = 0  # what was changed since the base was last looked at
        self._lock = FileLock(folder / "lock", timeout=0)
        self._pool: list[tuple[Path, sqlite3.Connection]] = []
        self._snapshot: tuple[Path, AnySnapshot] | None = None
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
                snapshot = self._current_snapshot(database, connection)
                renewed = partial(self._renewed, database, connection)
                yield LocalReader(connection, snapshot, self._vocabulary, renewed)
            finally:
                connection.rollback()

    @contextmanager
    def writing(self, *, rebuild: bool = False) -> Iterator[BrokenOff | None]:
        """Hold the one right to write; the operating system lets go of it if this process dies.

        Gives what the writer before was broken off from: it would have taken its name from the door.

        With ``rebuild``, a new database is written, which takes over when it is published; until then
        the old one answers, and it is kept until the rebuild after.
        """
        with self._disk():
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                self._lock.acquire()
            except Timeout:
                raise IndexLocked(f"{self._holder()} is writing to {self.folder}: wait for it, or stop it") from None
        writer = self.folder / _WRITER
        try:
            with self._disk():
                broken_off = self._broken_off()
                told = f"process {os.getpid()} on {platform.node()}{_REBUILDING * rebuild}"
                writer.write_text(told, encoding="utf-8")
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
            layout = f"PRAGMA user_version = {len(_MIGRATIONS)}"
            self._writing.executescript(f"BEGIN; {schema}; {row}; {layout}; COMMIT;")
            if self._database is None:  # a first build that is broken off goes on from where it was
                self._take_over()
        elif found != manifest:
            raise IndexMismatch(mismatch(found, manifest))

    def share(self, work: Sequence[Work], on_others: Callable[[float], None]) -> Iterator[list[str]]:
        """Yield the sources of all files: nobody else writes."""
        yield [one.source for one in work]

    def reserve(self, keys: Sequence[str], made: Mapping[str, Embedding]) -> set[str]:
        """Return none of ``keys``: nobody else embeds."""
        return set()

    def known(self, keys: Sequence[str]) -> set[str]:
        """Return those of ``keys`` whose vectors are kept already."""
        query = "SELECT key FROM vectors WHERE key IN (SELECT value FROM json_each(?))"
        return {key for (key,) in self._writing.execute(query, [json.dumps(list(keys))])}

    def put(self, record: FileRecord, cuts: Sequence[Cut], embeddings: Mapping[str, Embedding]) -> None:
        """Put the documents of a file in the place of whatever it held before: one transaction."""
        with self._transaction() as connection:
            put_file(connection, record, cuts, embeddings)
        self._look_at_base(sum(len(cut.pieces) for cut in cuts))

    def touch(self, record: FileRecord) -> None:
        """Record a file's new size and times where its content is the same."""
        row = [record.size, record.mtime_ns, record.ctime_ns, record.source]
        self._writing.execute("UPDATE files SET size = ?, mtime_ns = ?, ctime_ns = ? WHERE source = ?", row)

    def remove(self, source: str) -> None:
        """Drop a file and all that was made of it: one transaction."""
        with self._transaction() as connection:
            delete_file(connection, source)
        self._look_at_base(0)

    def publish(self) -> None:
        """Drop vectors long unused, and write what makes reading fast, where what is there is not good."""
        drop_unused(self._writing, VECTORS_KEPT_FOR)
        # What is about to be named current is on the disk before its name is. Readers hold up no other checkpoint.
        mode = "PASSIVE" if self._database == self._target_path else "TRUNCATE"
        self._writing.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
        self._unpublished = 0
        with self._disk():
            if not self._is_large():
                drop_base(self._target_path, self._writing)
                save_snapshot(flat_snapshot(self._writing, _dimension(self._writing)), self._target_path)
            elif not is_base_good(self._target_path, self._writing):
                self._renew_base()
            self._take_over()

    def forget(self) -> None:
        """Erase what is left of removed documents: their vectors, and an index that was kept aside."""
        self._delete_others(self._target_path)
        drop_unused(self._writing, 0)
        # FTS5 and SQLite let what was deleted lie where it is until they need the space.
        self._writing.execute("INSERT INTO passages (passages) VALUES ('optimize')")
        self._writing.execute("VACUUM")
        self._writing.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        if self._is_large():
            self._renew_base()

    def is_published(self) -> bool:
        """Whether what makes reading fast is there, and of the state that is there, or near enough."""
        if self._is_large():
            return is_base_good(self._target_path, self._writing)
        return snapshot_generation(self._target_path) == generation_of(self._writing)

    def _is_large(self) -> bool:
        return is_large(self._target_path, self._writing, self._exact_up_to)

    def _look_at_base(self, put: int) -> None:
        """Make a base in the middle of a run that changes very much, so that readers have little to read anew.

        A rebuild, which nobody reads yet, needs none.
        """
        self._unpublished += put + _A_CHANGE
        if self._unpublished > _BASE_LOOKED_AT and self._target == self._database:
            self._unpublished = 0
            if self._is_large() and not is_base_good(self._target_path, self._writing, _UNPUBLISHED):
                self._renew_base()

    @contextmanager
    def _disk(self) -> Iterator[None]:
        """Say what to do where the disk does not take a file."""
        try:
            yield
        except OSError as error:
            raise _unusable(self.folder, error, "written") from error

    def _renew_base(self) -> None:
        with self._disk():
            renew_base(self._target_path, self._writing, _dimension(self._writing))
            remove_snapshot(self._target_path)

    def faults(self) -> list[str]:
        """Check the index against itself, and return what is wrong, a line each."""
        database = self._built_database()
        with self._connection(database) as connection:
            connection.execute("BEGIN IMMEDIATE")  # the check of the words is, to SQLite, a write
            try:
                return list(faults(connection, self._current_snapshot(database, connection)))
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
            self._delete_others(current)
        numbers = [int(path.stem.removeprefix("index-")) for path in self.folder.glob("index-*.sqlite")]
        return self.folder / f"index-{max(numbers, default=0) + 1}.sqlite"

    def _delete_others(self, database: Path) -> None:
        """Delete all databases but one."""
        for old in self.folder.glob("index-*"):
            if not old.name.startswith(database.stem + "."):
                old.unlink()

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
        except BaseException:  # such as a document that is not there: no fault of the connection
            self._give_back(database, connection)
            raise
        self._give_back(database, connection)

    def _give_back(self, database: Path, connection: sqlite3.Connection) -> None:
        if _is_writable(database):
            self._pool.append((database, connection))
        else:  # it would not see what another process, which may write, has written since
            connection.close()

    def _pooled(self, database: Path) -> sqlite3.Connection | None:
        while self._pool:
            path, connection = self._pool.pop()
            if path == database:
                return connection
            connection.close()
        return None

    def _current_snapshot(self, database: Path, connection: sqlite3.Connection) -> AnySnapshot:
        """Return the snapshot of the generation ``connection`` sees; a whole object, never changed in place."""
        with self._snapshot_guard:
            kept, generation = self._snapshot, generation_of(connection)
            if kept is None or (kept[0], kept[1].generation) != (database, generation):
                before = kept[1] if kept is not None and kept[0] == database else None
                dimension = _dimension(connection)
                kept = database, current_snapshot(database, connection, dimension, self._exact_up_to, before)
                self._snapshot = kept
            return kept[1]

    def _renewed(self, database: Path, connection: sqlite3.Connection, damaged: AnySnapshot) -> AnySnapshot:
        """Return a snapshot made anew in the place of one that was found damaged."""
        with self._snapshot_guard:
            kept = self._snapshot
            another_found_it = kept is not None and kept[1] is not damaged
            if kept is None or not another_found_it or kept[1].generation != damaged.generation:
                kept = database, renewed_snapshot(database, connection, _dimension(connection))
                self._snapshot = kept
            return kept[1]


def _manifest(connection: sqlite3.Connection) -> Manifest | None:
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
        return None
    (value,) = connection.execute("SELECT value FROM meta WHERE key = 'manifest'").fetchone()
    return Manifest.model_validate_json(value)


def _check_schema(connection: sqlite3.Connection) -> None:
    found = _manifest(connection)
    if found is not None and found.schema_version != SCHEMA_VERSION:
        raise IndexMismatch(mismatch(found, found.model_copy(update={"schema_version": SCHEMA_VERSION})))


def _dimension(connection: sqlite3.Connection) -> int:
    manifest = _manifest(connection)
    assert manifest is not None, "a database without a manifest has no vectors"
    return manifest.dimension


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _connect(database: Path) -> sqlite3.Connection:
    try:
        if not _is_writable(database):
            return _open(_read_only(database), uri=True)
        connection = _open(str(database))
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        _migrate(connection)
    except sqlite3.DatabaseError as error:
        raise _failure(database, error) from error
    return connection


def _migrate(connection: sqlite3.Connection) -> None:
    """Bring the tables of a database to this layout; nothing is written anew."""
    for layout in range(_layout(connection), len(_MIGRATIONS)):
        connection.execute("BEGIN IMMEDIATE")
        if _layout(connection) == layout and _manifest(connection) is not None:
            connection.execute(_MIGRATIONS[layout])
            connection.execute(f"PRAGMA user_version = {layout + 1}")
        connection.execute("COMMIT")


def _layout(connection: sqlite3.Connection) -> int:
    (layout,) = connection.execute("PRAGMA user_version").fetchone()
    return int(layout)


def _open(database: str, *, uri: bool = False) -> sqlite3.Connection:
    return sqlite3.connect(database, timeout=60, isolation_level=None, check_same_thread=False, uri=uri)


def _is_writable(database: Path) -> bool:
    """Whether SQLite can keep its log beside a database."""
    return os.access(database.parent, os.W_OK)


def _read_only(database: Path) -> str:
    """Return the URI of a database in a folder that cannot be written.

    SQLite takes part in a log where there is one. Where there is none it has to be told that it needs none.
    """
    log = Path(f"{database}-wal")
    has_log = log.exists() and log.stat().st_size > 0
    return f"{database.absolute().as_uri()}?{'mode=ro' if has_log else 'immutable=1'}"


def _failure(place: Path, error: sqlite3.DatabaseError, done: str = "read") -> IndexFailure:
    """Tell an index that cannot be used just now (locked, disk full, read-only) from one that is damaged."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None and code & 0xFF in _PASSING:
        return _unusable(place, error, done)
    return IndexDamaged(f"the index {place} cannot be read ({error}): run `rag index --rebuild`")


def _unusable(place: Path, error: Exception, done: str) -> IndexFailure:
    why = getattr(error, "strerror", None) or error
    return IndexFailure(f"the index in {place} cannot be {done} ({why}): mend that and run again; nothing is lost")
