"""The SQLite database of a local index: opened, its tables made or brought to this layout, its errors in one line."""

from __future__ import annotations

import os
import sqlite3
from importlib import resources
from pathlib import Path

from rag.errors import IndexDamaged, IndexFailure, IndexMismatch
from rag.index import SCHEMA_VERSION, Manifest, mismatch
from rag.index.engines import MANIFEST, read_meta

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
_MIGRATIONS = (  # what makes of a layout the next one
    "ALTER TABLE documents RENAME COLUMN headings TO blocks",
    "ALTER TABLE chunks ADD COLUMN introductions TEXT NOT NULL DEFAULT '[]'",
    "ALTER TABLE documents ADD COLUMN word_boxes BLOB NOT NULL DEFAULT x''",
    """
    CREATE TABLE counts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
    INSERT INTO counts SELECT 't' || term, doc FROM vocabulary;
    INSERT INTO counts SELECT 'length', sum(cnt) FROM vocabulary HAVING sum(cnt) > 0;
    INSERT INTO counts SELECT 'passages', count(*) FROM chunks HAVING count(*) > 0;
    DROP TRIGGER IF EXISTS chunk_added;
    DROP TRIGGER IF EXISTS chunk_removed;
    DROP TRIGGER IF EXISTS chunk_dropped;
    DROP TABLE IF EXISTS dropped;
    DROP TABLE vocabulary;
    DROP TABLE passages;
    CREATE TABLE numbered (
      id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, passage BLOB NOT NULL, sentences BLOB NOT NULL
    );
    INSERT INTO numbered (key, passage, sentences) SELECT key, passage, sentences FROM vectors;
    DROP TABLE vectors;
    ALTER TABLE numbered RENAME TO vectors;
    CREATE TABLE unembedded (
      id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, text TEXT NOT NULL, sentences TEXT NOT NULL,
      size INTEGER NOT NULL
    );
    CREATE INDEX unembedded_by_size ON unembedded (size, id);
    CREATE TABLE IF NOT EXISTS unused (key TEXT PRIMARY KEY, since REAL NOT NULL) WITHOUT ROWID;
    DELETE FROM unused WHERE key IN (SELECT vector_key FROM chunks);
    INSERT OR IGNORE INTO unused
      SELECT key, strftime('%s', 'now') FROM vectors WHERE key NOT IN (SELECT vector_key FROM chunks);
    DELETE FROM meta WHERE key IN ('generation', 'base');
    INSERT INTO meta VALUES ('database', hex(randomblob(8)))
    """,
)


def make_tables(connection: sqlite3.Connection, manifest: Manifest) -> None:
    """Make the tables of an index, all or none."""
    schema = resources.files("rag.index").joinpath("schema.sql").read_text()
    row = f"INSERT INTO meta VALUES ('{MANIFEST}', {_quoted(manifest.model_dump_json())})"
    connection.executescript(f"BEGIN; {schema}; {row}; PRAGMA user_version = {len(_MIGRATIONS)}; COMMIT;")


def read_manifest(connection: sqlite3.Connection) -> Manifest | None:
    """Return what a database was built with; None where it has no tables."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
        return None
    return Manifest.model_validate_json(read_meta(connection, MANIFEST) or "")


def check_schema(connection: sqlite3.Connection) -> None:
    """Raise IndexMismatch where the index is of another version, or cannot be brought to this layout where it lies."""
    found = read_manifest(connection)
    if found is not None and _layout(connection) < len(_MIGRATIONS):
        raise IndexMismatch(
            "the index was made by an earlier version of rag, in a folder that cannot be written: run `rag index` where"
            " it can be"
        )
    if found is not None and found.schema_version != SCHEMA_VERSION:
        raise IndexMismatch(mismatch(found, found.model_copy(update={"schema_version": SCHEMA_VERSION})))


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def connect(database: Path) -> sqlite3.Connection:
    """Return a connection, which only reads where the folder cannot be written; raises IndexFailure."""
    try:
        if not is_writable(database):
            return _open(_read_only(database), uri=True)
        connection = _open(str(database))
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        _migrate(connection)
    except sqlite3.DatabaseError as error:
        raise failure(database, error) from error
    return connection


def _migrate(connection: sqlite3.Connection) -> None:
    """Bring the tables of a database to this layout; nothing is written anew."""
    for layout in range(_layout(connection), len(_MIGRATIONS)):
        connection.execute("BEGIN IMMEDIATE")
        if _layout(connection) == layout and read_manifest(connection) is not None:
            for statement in _MIGRATIONS[layout].split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {layout + 1}")
        connection.execute("COMMIT")


def _layout(connection: sqlite3.Connection) -> int:
    (layout,) = connection.execute("PRAGMA user_version").fetchone()
    return int(layout)


def _open(database: str, *, uri: bool = False) -> sqlite3.Connection:
    return sqlite3.connect(database, timeout=60, isolation_level=None, check_same_thread=False, uri=uri)


def is_writable(database: Path) -> bool:
    """Whether SQLite can keep its log beside a database."""
    return os.access(database.parent, os.W_OK)


def _read_only(database: Path) -> str:
    """Return the URI of a database in a folder that cannot be written.

    SQLite takes part in a log where there is one. Where there is none it has to be told that it needs none.
    """
    log = Path(f"{database}-wal")
    has_log = log.exists() and log.stat().st_size > 0
    return f"{database.absolute().as_uri()}?{'mode=ro' if has_log else 'immutable=1'}"


def failure(place: Path, error: sqlite3.DatabaseError, done: str = "read") -> IndexFailure:
    """Tell an index that cannot be used just now (locked, disk full, read-only) from one that is damaged."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None and code & 0xFF in _PASSING:
        return unusable(place, error, done)
    return IndexDamaged(f"the index {place} cannot be read ({error}): run `rag index --rebuild`")


def unusable(place: Path, error: Exception, done: str) -> IndexFailure:
    """Say that an index cannot be used just now, and what to do."""
    why = getattr(error, "strerror", None) or error
    return IndexFailure(f"the index in {place} cannot be {done} ({why}): mend that and run again; nothing is lost")
