"""The search engines of a local index: made of its database, kept in files beside it, and brought up to date there.

A reader takes them from the files, and what was written since from the database. What is missing or damaged it makes
for itself, in memory; the next run of `rag index` writes it anew.
"""

from __future__ import annotations

import secrets
import shutil
import sqlite3
import threading
from collections.abc import Collection, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rag.index import Manifest
from rag.index.statistics import PASSAGES, PassageTerms
from rag.index.vectors import GROWN, Numbered, VectorIndex, load_vectors, make_vectors, read_header, save_vectors
from rag.index.words import WordIndex, add_words, open_words, words_in_memory

_AT_ONCE = 20_000  # vectors in memory, when they are read
# What may have been written since an engine was saved: so many passages are weighed without it in 10 ms, so many
# vectors in 2 ms. Of a large index, a share, as saving takes the longer the more there is.
_WORDS_BEHIND, _VECTORS_BEHIND = 500, 2_000
_SHARE_BEHIND, _MOST_BEHIND = 50, 20_000
_GONE = 2  # times what there is that an engine may hold, for what is gone: then it is made anew
MANIFEST = "manifest"  # of meta: what the index was built with
_WORDS = "words"  # of meta: the folder of the index of words, and the last row in it
_DROPPED = "dropped"  # of meta: another value each time that an engine does not hold all that it held before


class SavedWords(NamedTuple):
    """An index of words on the disk: its folder, and the last row in it."""

    folder: Path
    last: int


class Engines:
    """What a process has open of the engines of a database, for whatever state of it a connection sees."""

    def __init__(self, database: Path, exact_up_to: int) -> None:
        self.database = database
        self._exact_up_to = exact_up_to
        self._guard = threading.Lock()
        self._words: tuple[SavedWords, WordIndex] | None = None
        self._vectors: VectorIndex | None = None

    def words(self, connection: sqlite3.Connection) -> tuple[WordIndex, int]:
        """Return an index of words, and the last row that is in it; those after it are to be weighed one by one."""
        with self._guard:
            self._words = self._words_of(connection)
            return self._words[1], self._words[0].last

    def _words_of(self, connection: sqlite3.Connection) -> tuple[SavedWords, WordIndex]:
        kept = self._words
        for find in (partial(saved_words, self.database), self._newest_words):
            saved = find(connection)
            if kept is not None and kept[0] == saved:
                return kept
            if saved is not None and (opened := open_words(saved.folder)) is not None:
                return saved, opened
        made = SavedWords(self.database, _last_row(connection))
        return kept if kept is not None and kept[0] == made else (made, words_in_memory(_rows_after(connection, 0)))

    def vectors(self, connection: sqlite3.Connection) -> VectorIndex:
        """Return an index of all vectors that ``connection`` sees, and perhaps of others."""
        with self._guard:
            kept, last = self._vectors, _last_vector(connection)
            if kept is None or last - kept.seen > _VECTORS_BEHIND:
                kept = load_vectors(vector_file(self.database), self._names(connection)) or kept
            if kept is None:
                kept = _made(connection, self._exact_up_to)
            if last > kept.seen:
                kept = kept.with_recent(partial(_vectors_after, connection))
            self._vectors = kept
            return kept

    def _names(self, connection: sqlite3.Connection) -> set[str]:
        """Return the names of the state that ``connection`` sees, and of the newest, if it holds the same and more."""
        with self._newest(connection) as newest:
            return {_name(one) for one in (connection, newest) if one is not None}

    def _newest_words(self, connection: sqlite3.Connection) -> SavedWords | None:
        """Return the newest index of words, if it holds what ``connection`` sees."""
        with self._newest(connection) as newest:
            return saved_words(self.database, newest) if newest is not None else None

    @contextmanager
    def _newest(self, connection: sqlite3.Connection) -> Iterator[sqlite3.Connection | None]:
        """See the newest state, if nothing was dropped from the engines since that which ``connection`` sees."""
        with ExitStack() as stack:
            newest = None
            with suppress(sqlite3.DatabaseError):  # such as a folder that cannot be written: then nobody writes to it
                uri = f"{self.database.absolute().as_uri()}?mode=ro"
                opened = stack.enter_context(closing(sqlite3.connect(uri, timeout=1, uri=True)))
                newest = opened if read_meta(opened, _DROPPED) == read_meta(connection, _DROPPED) else None
            yield newest


def vector_file(database: Path) -> Path:
    """Return where the index of vectors lies."""
    return database.with_suffix(".faiss")


def saved_words(database: Path, connection: sqlite3.Connection) -> SavedWords | None:
    """Return the index of words that the database names; None where it names none."""
    found = read_meta(connection, _WORDS)
    if found is None:
        return None
    name, last = found.split()
    return SavedWords(database.with_suffix(f".{name}"), int(last))


def save(database: Path, connection: sqlite3.Connection, exact_up_to: int) -> None:
    """Bring the files level with the database; make anew what is missing, damaged, or holds too much that is gone."""
    save_word_index(database, connection)
    save_vector_index(database, connection, exact_up_to)


def save_word_index(database: Path, connection: sqlite3.Connection) -> None:
    """Add to the index of words what is not in it yet."""
    saved, last = saved_words(database, connection), _last_row(connection)
    before = saved if saved is not None and _is_good(saved, connection) else None
    if before is not None and before.last == last:
        return
    folder = database.with_suffix(f".{_WORDS}-{secrets.token_hex(4)}")
    if before is None:
        add_words(folder, _rows_after(connection, 0))
        _note_dropped(connection)
    else:
        add_words(folder, _rows_after(connection, before.last), before.folder)
    value = f"{folder.suffix[1:]} {last}"
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [_WORDS, value])
    _remove_others(database, {folder, before.folder} if before is not None else {folder})


def _remove_others(database: Path, words: Collection[Path]) -> None:
    """Delete what a killed run left beside a database, and what an earlier version made of it."""
    for path in database.parent.glob(f"{database.stem}.*"):
        if path.is_dir() and path not in words:
            shutil.rmtree(path, ignore_errors=True)  # whoever has it open searches it still
        elif path.is_file() and path != vector_file(database) and not path.name.startswith(database.name):
            path.unlink()


def save_vector_index(database: Path, connection: sqlite3.Connection, exact_up_to: int) -> None:
    """Write the index of vectors with what is not in it yet; of one that is mostly of what is gone, a new one."""
    last, (count,) = _last_vector(connection), connection.execute("SELECT count(*) FROM vectors").fetchone()
    found = load_vectors(vector_file(database), {_name(connection)})
    if found is not None and found.last == last:
        return
    if found is None or len(found) > _GONE * count or count > max(exact_up_to, GROWN * found.made_for):
        found = _made(connection, exact_up_to)
    # Each file has a name of its own: of a database that is then put back to an earlier state, by a power cut or by
    # hand, it is not, though the numbers are given again.
    name = secrets.token_hex(8)
    save_vectors(replace(found, database=name), partial(_vectors_after, connection), vector_file(database))
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('database', ?)", [name])


def drop(database: Path, connection: sqlite3.Connection) -> None:
    """Delete the files: what is made of the database next holds nothing of what was deleted from it."""
    _note_dropped(connection)
    _remove_others(database, ())
    vector_file(database).unlink(missing_ok=True)


def _note_dropped(connection: sqlite3.Connection) -> None:
    """Let no reader of a state before this take the engines of one after it."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, hex(randomblob(8)))", [_DROPPED])


def are_words_behind(database: Path, connection: sqlite3.Connection) -> bool:
    """Whether so many passages are not in the index of words that questions take longer."""
    saved, last = saved_words(database, connection), _last_row(connection)
    return last - (saved.last if saved is not None else 0) > _behind(_WORDS_BEHIND, last)


def are_vectors_behind(database: Path, connection: sqlite3.Connection) -> bool:
    """Whether so many vectors are not in the file that questions take longer, or none is."""
    header, last = read_header(vector_file(database)), _last_vector(connection)
    is_ours = header is not None and header.database == _name(connection)
    return not is_ours or last - header.last > _behind(_VECTORS_BEHIND, last)  # type: ignore[union-attr]


def are_saved(database: Path, connection: sqlite3.Connection) -> bool:
    """Whether the files are there, and near enough to the state that ``connection`` sees."""
    saved = saved_words(database, connection)
    has_words = saved is not None and _is_good(saved, connection) and not are_words_behind(database, connection)
    return has_words and not are_vectors_behind(database, connection)


def read_meta(connection: sqlite3.Connection, key: str) -> str | None:
    """Return what the database says of itself under ``key``."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", [key]).fetchone()
    return str(row[0]) if row else None


def _is_good(saved: SavedWords, connection: sqlite3.Connection) -> bool:
    """Whether an index of words can be read, and is not for the most part of passages that are gone."""
    words = open_words(saved.folder)
    return words is not None and len(words) <= _GONE * read_count(connection, PASSAGES) + _WORDS_BEHIND


def read_count(connection: sqlite3.Connection, name: str) -> int:
    """Return what is counted under a name (see ``rag.index.statistics``)."""
    row = connection.execute("SELECT value FROM counts WHERE name = ?", [name]).fetchone()
    return int(row[0]) if row else 0


def _behind(least: int, last: int) -> int:
    return max(least, min(last // _SHARE_BEHIND, _MOST_BEHIND))


def _made(connection: sqlite3.Connection, exact_up_to: int) -> VectorIndex:
    (count,) = connection.execute("SELECT count(*) FROM vectors").fetchone()
    dimension = Manifest.model_validate_json(read_meta(connection, MANIFEST) or "").dimension
    return make_vectors(_name(connection), count, dimension, partial(_vectors_after, connection), exact_up_to)


def _name(connection: sqlite3.Connection) -> str:
    return read_meta(connection, "database") or ""


def _last_row(connection: sqlite3.Connection) -> int:
    return _last_number(connection, "chunks")


def _last_vector(connection: sqlite3.Connection) -> int:
    return _last_number(connection, "vectors")


def _last_number(connection: sqlite3.Connection, table: str) -> int:
    """Return the highest number that a row of a table ever had."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", [table]).fetchone()
    return int(row[0]) if row else 0


def _rows_after(connection: sqlite3.Connection, last: int) -> Iterator[tuple[int, PassageTerms]]:
    query = "SELECT row, terms, context_terms FROM chunks WHERE row > ? ORDER BY row"
    for row, text, context in connection.execute(query, [last]):
        yield row, PassageTerms(text, context)


def _vectors_after(connection: sqlite3.Connection, last: int) -> Iterator[Numbered]:
    rows = connection.execute("SELECT id, passage FROM vectors WHERE id > ? ORDER BY id", [last])
    while some := rows.fetchmany(_AT_ONCE):
        numbers = np.array([number for number, _ in some], dtype=np.int64)
        yield numbers, np.frombuffer(b"".join(blob for _, blob in some), dtype="<f4").reshape(len(some), -1)
