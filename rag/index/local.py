"""The index in a folder: one SQLite file holds everything, search engines beside it make it fast.

SQLite (write-ahead log) is the source of truth; a changed document is one transaction in it. The search engines are
made of it (see ``rag.index.engines``): where they are missing, stale or damaged, they are made again.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from rag.corpus import IGNORE_FILE
from rag.embed import Embedding
from rag.errors import IndexFailure, IndexLocked, IndexMismatch
from rag.index import VECTORS_KEPT_FOR, BrokenOff, Cut, FileRecord, Manifest, Text, mismatch
from rag.index.engines import (
    Engines,
    are_saved,
    are_vectors_behind,
    are_words_behind,
    drop,
    save,
    save_vector_index,
    save_word_index,
)
from rag.index.files import write_whole
from rag.index.local_check import faults
from rag.index.local_database import (
    check_schema,
    connect,
    failure,
    is_writable,
    make_tables,
    read_manifest,
    unusable,
)
from rag.index.local_reader import LocalReader
from rag.index.local_rows import delete_file, drop_unused, put_file, put_vectors
from rag.index.vectors import EXACT_UP_TO

_CURRENT = "current"
_REBUILDING = ", rebuilding"
_WRITER = "writer"  # who is writing; left behind by one that was killed


class LocalIndex:
    """An index in ``folder``. Safe to use from many threads; see the Index protocol."""

    def __init__(self, folder: Path, exact_up_to: int = EXACT_UP_TO) -> None:
        """Open the index; of up to ``exact_up_to`` vectors, all are compared with a question's."""
        self.folder = folder
        self._exact_up_to = exact_up_to
        self._lock = FileLock(folder / "lock", timeout=0)
        self._pool: list[tuple[Path, sqlite3.Connection]] = []
        self._engines: Engines | None = None
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
        database = self._database
        if database is None:
            return None
        with self._connection(database) as connection:
            return read_manifest(connection)

    @contextmanager
    def reading(self) -> Iterator[LocalReader]:
        with self._view() as (connection, engines):
            check_schema(connection)
            yield LocalReader(connection, engines)

    @contextmanager
    def _view(self) -> Iterator[tuple[sqlite3.Connection, Engines]]:
        """Open a transaction on the database in use."""
        database = self._database
        if database is None:
            raise IndexFailure(f"there is no index in {self.folder}: run `rag index`")
        with self._connection(database) as connection:
            connection.execute("BEGIN")
            try:
                yield connection, self._engines_of(database)
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
                if current is not None:
                    self._delete_others(current, later=True)
                self._target = self._next_database(current) if rebuild or current is None else current
            yield broken_off
        except sqlite3.DatabaseError as error:
            raise failure(self.folder, error, "written") from error
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
        found = read_manifest(self._writing)
        if found is None:
            make_tables(self._writing, manifest)
            if self._database is None:  # a first build that is broken off goes on from where it was
                self._take_over()
        elif found != manifest:
            raise IndexMismatch(mismatch(found, manifest))

    def put(self, record: FileRecord, cuts: Sequence[Cut], texts: Mapping[str, Text]) -> None:
        with self._transaction() as connection:
            put_file(connection, record, cuts, texts)
        self._save_what_is_behind()

    def touch(self, record: FileRecord) -> None:
        row = [record.size, record.mtime_ns, record.ctime_ns, record.source]
        self._writing.execute("UPDATE files SET size = ?, mtime_ns = ?, ctime_ns = ? WHERE source = ?", row)

    def remove(self, source: str) -> None:
        with self._transaction() as connection:
            delete_file(connection, source)

    def take(self, most: int) -> dict[str, Text]:
        query = "SELECT key, text, sentences FROM unembedded ORDER BY size, id DESC LIMIT ?"
        rows = self._writing.execute(query, [most])
        return {key: Text(text, json.loads(sentences)) for key, text, sentences in rows}

    def unembedded_count(self) -> int:
        return int(self._writing.execute("SELECT count(*) FROM unembedded").fetchone()[0])

    def put_vectors(self, embeddings: Mapping[str, Embedding]) -> None:
        with self._transaction() as connection:
            put_vectors(connection, embeddings)
        self._save_what_is_behind()

    def publish(self) -> None:
        with self._transaction() as connection:
            drop_unused(connection, VECTORS_KEPT_FOR)
        # What is about to be named current is on the disk before its name is. Readers hold up no other checkpoint.
        mode = "PASSIVE" if self._database == self._target_path else "TRUNCATE"
        self._writing.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
        with self._disk():
            save(self._target_path, self._writing, self._exact_up_to)
            self._take_over()

    def forget(self) -> None:
        self._delete_others(self._target_path)
        with self._transaction() as connection:
            drop_unused(connection, 0)
        # SQLite lets what was deleted lie where it is until it needs the space.
        self._writing.execute("VACUUM")
        self._writing.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        with self._disk():
            drop(self._target_path, self._writing)
            save(self._target_path, self._writing, self._exact_up_to)

    def is_published(self) -> bool:
        return are_saved(self._target_path, self._writing)

    def _save_what_is_behind(self) -> None:
        """Bring the engines up to date in the middle of a run, so that readers have little to weigh by themselves."""
        with self._disk():
            if are_words_behind(self._target_path, self._writing):
                save_word_index(self._target_path, self._writing)
            if are_vectors_behind(self._target_path, self._writing):
                save_vector_index(self._target_path, self._writing, self._exact_up_to)

    @contextmanager
    def _disk(self) -> Iterator[None]:
        """Say what to do where the disk does not take a file."""
        try:
            yield
        except OSError as error:
            raise unusable(self.folder, error, "written") from error

    def faults(self) -> list[str]:
        with self._view() as (connection, engines):
            return list(faults(connection, engines))

    def close(self) -> None:
        while self._pool:
            self._pool.pop()[1].close()

    @property
    def _target_path(self) -> Path:
        if self._target is None:
            raise IndexFailure("the index is not open for writing: enter writing() first")
        return self._target

    @property
    def _writing(self) -> sqlite3.Connection:
        if self._writer is None:
            self._writer = connect(self._target_path)
        return self._writer

    def _next_database(self, current: Path | None) -> Path:
        """Return the path of a new database; of the old ones, only the current is kept.

        Where it is not known which is current, all are kept.
        """
        if current is not None:
            self._delete_others(current)
        last = max(map(_number, self.folder.glob("index-*.sqlite")), default=0)
        return self.folder / f"index-{last + 1}.sqlite"

    def _delete_others(self, database: Path, *, later: bool = False) -> None:
        """Delete all databases but one, or those ``later`` than it: rebuilds that were broken off."""
        for path in self.folder.glob("index-*"):
            if path.name.startswith(database.stem + ".") or (later and _number(path) < _number(database)):
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    def _take_over(self) -> None:
        """Make the database being written the current one."""
        if self._database != self._target_path:
            write_whole(self.folder / _CURRENT, [self._target_path.name.encode()])

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit all or nothing."""
        connection = self._writing
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.commit()
        except BaseException:
            connection.rollback()
            raise

    @contextmanager
    def _connection(self, database: Path) -> Iterator[sqlite3.Connection]:
        """Lend a connection to ``database``; one that met an error is not used again."""
        connection = self._pooled(database) or connect(database)
        try:
            yield connection
        except sqlite3.DatabaseError as error:
            connection.close()
            raise failure(database, error) from error
        except BaseException:  # such as a document that is not there: no fault of the connection
            self._give_back(database, connection)
            raise
        self._give_back(database, connection)

    def _give_back(self, database: Path, connection: sqlite3.Connection) -> None:
        if is_writable(database):
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

    def _engines_of(self, database: Path) -> Engines:
        """Return the search engines of a database, which are kept open."""
        if self._engines is None or self._engines.database != database:
            self._engines = Engines(database, self._exact_up_to)
        return self._engines


def _number(path: Path) -> int:
    """Return the number of the database that a file or folder belongs to."""
    return int(path.name.split(".")[0].removeprefix("index-"))
