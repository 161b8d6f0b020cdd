"""The SQLite file of conversations and notes: how it is opened, made and brought up to date, and what can go wrong."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Literal

from rag.errors import ConversationsFailure

_FILE = "conversations.sqlite"
_SCHEMA_VERSION = 4
# What says that the file is not what was written; all else is the disk or another process.
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}


class ConversationFile:
    """The file in ``folder``, made where it is not there yet, through one connection.

    Safe to use from many threads and processes. Raises ConversationsFailure where it cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE
        self._lock = threading.Lock()  # one connection, used by one thread at a time
        self._connection = _open(self._path)
        with self.transaction() as connection:
            _make_tables(connection, self._path)

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self._connection.close()

    @property
    def version(self) -> str:
        """What is another whenever anything in the file has changed, by whichever process."""
        with self._lock, _told(self._path):
            (others,) = self._connection.execute("PRAGMA data_version").fetchone()
            return f"{others}.{self._connection.total_changes}"

    @contextmanager
    def transaction(self, kind: Literal["IMMEDIATE", "DEFERRED"] = "IMMEDIATE") -> Iterator[sqlite3.Connection]:
        """Lend the connection; commit all or nothing. When this has ended, what was written is on the disk."""
        with self._lock, _told(self._path):
            self._connection.execute(f"BEGIN {kind}")
            try:
                yield self._connection
                self._connection.commit()
            except BaseException:
                self._connection.rollback()
                raise


def clean(text: str) -> str:
    """Return a text that can be stored: a lone surrogate, which no encoding holds, becomes a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")


def time_of(seconds: float) -> datetime:
    """Return a stored time."""
    return datetime.fromtimestamp(seconds, UTC)


def _open(path: Path) -> sqlite3.Connection:
    """Open the file, made readable by its owner alone where it is not there yet."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Never opened where it is there: closing it again would drop the locks that SQLite holds on it.
        if not path.exists():
            os.close(os.open(path, os.O_CREAT, 0o600))
    except OSError as error:
        raise _unusable(path, error) from error
    with _told(path):
        connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA secure_delete = ON")  # what is gone for good is not in the file either
        except BaseException:
            connection.close()
            raise
    return connection


def _make_tables(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables, or add to those of an older version; raises ConversationsFailure for a newer one."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > _SCHEMA_VERSION:
        raise ConversationsFailure(
            f"{path} was written by a newer version of this program (schema {version}, this one knows "
            f"{_SCHEMA_VERSION}): update it, or set another folder with RAG_DATA"
        )
    statements = _statements("conversations.sql", "notes.sql") if version == 0 else _added_since(version)
    for statement in statements:
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")


def _added_since(version: int) -> list[str]:
    """Return what a file of an older version lacks."""
    pending = ["ALTER TABLE turns ADD COLUMN pending TEXT", "ALTER TABLE turns ADD COLUMN replaced_by TEXT"]
    added = {1: pending, 2: _statements("notes.sql"), 3: _statements("branches.sql")}
    return [one for older in range(version, _SCHEMA_VERSION) for one in added[older]]


def _statements(*files: str) -> list[str]:
    texts = (resources.files("rag").joinpath(name).read_text(encoding="utf-8") for name in files)
    return [statement for text in texts for statement in text.split(";\n")]


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say what is wrong with the file in place of SQLite."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        if code is None or code & 0xFF not in _DAMAGE:
            raise _unusable(path, error) from error
        raise ConversationsFailure(
            f"the conversations in {path} are damaged ({error}): put a copy of it back, or move it away to start anew"
        ) from error


def _unusable(path: Path, error: Exception) -> ConversationsFailure:
    return ConversationsFailure(
        f"the conversations in {path} cannot be used now ({error}): mend that and try again; what was saved stays"
    )
