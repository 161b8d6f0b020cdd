"""The SQLite file of the conversations: how it is opened, made and brought up to date, and what can go wrong."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from rag.errors import ConversationsFailure

_SCHEMA_VERSION = 2
# What a file of an older version lacks, by that version.
_ADDED = {1: ("ALTER TABLE turns ADD COLUMN pending TEXT", "ALTER TABLE turns ADD COLUMN replaced_by TEXT")}
# What says that the file is not what was written; all else is the disk or another process.
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}


def open_file(path: Path) -> sqlite3.Connection:
    """Open the file, made readable by its owner alone where it is not there yet."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Never opened where it is there: closing it again would drop the locks that SQLite holds on it.
        if not path.exists():
            os.close(os.open(path, os.O_CREAT, 0o600))
    except OSError as error:
        raise _unusable(path, error) from error
    with told(path):
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


def make_tables(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables, or add to those of an older version; raises ConversationsFailure for a newer one."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > _SCHEMA_VERSION:
        raise ConversationsFailure(
            f"{path} was written by a newer version of this program (schema {version}, this one knows "
            f"{_SCHEMA_VERSION}): update it, or set another folder with RAG_DATA"
        )
    if version == 0:
        schema = resources.files("rag").joinpath("conversations.sql").read_text(encoding="utf-8")
        statements = schema.split(";\n")
    else:
        statements = [one for older in range(version, _SCHEMA_VERSION) for one in _ADDED[older]]
    for statement in statements:
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")


@contextmanager
def told(path: Path) -> Iterator[None]:
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
