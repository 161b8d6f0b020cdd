"""The collections of an index: several corpora beside each other, each with a name; the one without is the default.

Each is an index by itself, in a folder or a schema of its own: so it is searched as quickly as if it were alone, how
rare a word is, is told by it alone, and it is removed at one stroke.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import UsageError
from rag.index.local import LocalIndex
from rag.place import COLLECTIONS, DatabaseUrl, collection_at
from rag.types import Value

if TYPE_CHECKING:
    from rag.index import Index


class CollectionSummary(Value):
    """A collection as it is listed: its name, "" for the default, and how much it holds."""

    name: str
    documents: int
    chunks: int


def open_index(place: Path | DatabaseUrl, replica: DatabaseUrl | None = None, collection: str = "") -> Index:
    """Return an index at ``place``; of a database, what is read is read from ``replica`` where there is one.

    Raises:
        UsageError: The packages that a database needs are not installed.
    """
    place = collection_at(place, collection)
    if isinstance(place, Path):
        return LocalIndex(place)
    from rag.index.postgres import PostgresIndex

    copy = collection_at(replica, collection) if replica is not None else None
    assert not isinstance(copy, Path), "a replica is a database"
    return PostgresIndex(place, copy)


def list_collections(place: Path | DatabaseUrl) -> list[CollectionSummary]:
    """Return all collections that were built, the default first, then by name."""
    found = []
    for name in ["", *sorted(_names(place))]:
        index = open_index(place, collection=name)
        if index.manifest() is not None:
            with index.reading() as reader:
                found.append(CollectionSummary(name=name, documents=len(reader.documents()), chunks=len(reader)))
        index.close()
    return found


def remove_collection(place: Path | DatabaseUrl, name: str) -> None:
    """Remove a collection and all it holds; raises UsageError where there is none, IndexLocked while it is written."""
    if name not in _names(place):
        raise UsageError(f"there is no collection {name!r} in {place}: `rag collections` lists those there are")
    index = open_index(place, collection=name)
    with index.writing(rebuild=True):  # nobody else writes
        if isinstance(index, LocalIndex):
            shutil.rmtree(index.folder)
        elif not isinstance(place, Path):
            _drop(place, name)
    index.close()


def _names(place: Path | DatabaseUrl) -> set[str]:
    if isinstance(place, Path):
        folder = place / COLLECTIONS
        return {path.name for path in folder.iterdir() if path.is_dir()} if folder.is_dir() else set()
    return {name for name, number in _schemas(place) if not number}


def _schemas(place: DatabaseUrl) -> list[tuple[str, str]]:
    """Return the schemas of collections, each by the collection's name and the build's number, if it is a build."""
    from rag.index.database.connection import connect

    connection = connect(place)
    try:
        names = connection.execute("SELECT nspname FROM pg_namespace").fetchall()
    finally:
        connection.close()
    pattern = re.compile(rf"{place.schema_name}__([a-z0-9]+)(?:_(\d+))?")
    return [(found[1], found[2] or "") for (name,) in names if (found := pattern.fullmatch(name))]


def _drop(place: DatabaseUrl, name: str) -> None:
    from rag.index.database.connection import connect

    base = f"{place.schema_name}__{name}"
    schemas = [f"{base}_{number}" if number else base for found, number in _schemas(place) if found == name]
    connection = connect(place)
    try:
        connection.execute(f"DROP SCHEMA {', '.join(schemas)} CASCADE")
    finally:
        connection.close()
