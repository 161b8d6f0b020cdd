"""Opens the index that the settings name: in a folder, or in a database."""

from __future__ import annotations

from pathlib import Path

from rag.index import Index
from rag.index.local import LocalIndex
from rag.place import DatabaseUrl


def open_index(place: Path | DatabaseUrl, replica: DatabaseUrl | None = None) -> Index:
    """Return the index at ``place``; of a database, what is read is read from ``replica`` where there is one.

    Raises:
        UsageError: The packages that a database needs are not installed.
    """
    if isinstance(place, Path):
        return LocalIndex(place)
    from rag.index.postgres import PostgresIndex

    return PostgresIndex(place, replica)
