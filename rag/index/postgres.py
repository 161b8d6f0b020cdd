"""The index in a PostgreSQL database with pgvector, on one server or spread over many by Citus.

The same protocol, the same terms and the same numbers as in a folder, so that the same question gets the same
citations. The terms are made by ``rag.words``, by the language of each document, before anything is written: so no
text-search configuration of the server is used, and none can differ from the folder's. They are not kept as tsvector
either: SQL can neither read from one how often a term stands in it, nor from a GIN index in how many rows, and would
fetch every match to weigh it. They are kept as postings, in one covering index: the candidates, their frequencies and
lengths lie in a row there, BM25 is exact, and nothing but that index is read.

Up to ``exact_up_to`` vectors each is weighed. From there on an index over halves of the numbers names the likeliest
(HNSW, and IVFFlat of very many: see ``rag.index.database.fast``), and these are weighed with full precision.

One process at a time puts files, any number embed: all share one lock, who puts files has another, and each text that
is embedded is locked by its key. They are session-level advisory locks, so that what is killed holds none.

With Citus, these rules are kept:

- All rows of a file have its number as ``document_id``; files, documents, passages and postings are distributed by it
  and co-located. What is attached to a file lies with it. The one exception is a document that takes another file's
  place. Vectors are distributed by their key. All else is small, and lies on the coordinator.
- There are no foreign keys, and no unique constraints but on what a table is distributed by; that no source is there
  twice follows from its number being made from it.
- What is asked over all shards is flat: rows filtered, grouped by ``document_id`` and row or not at all, ordered,
  limited; each shard gives its best, the coordinator the best of these. No subquery has a limit, none is correlated.
- Joins are between co-located tables, by ``document_id``. No CTE, no window, no recursion, no ``FOR UPDATE``.
- What is read by key names the shards it lies in.
- Citus gives no snapshot over nodes, and loses the rows of a shard that moves meanwhile to one that it has. So a view
  there is of READ COMMITTED: each statement sees all shards where they are. A passage that is put anew has another
  number, and one that was found and is gone is told (IndexCut): the same is then asked again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from rag.embed import Embedding
from rag.errors import IndexFailure, IndexLocked, IndexMismatch
from rag.index import VECTORS_KEPT_FOR, BrokenOff, Cut, FileRecord, Manifest, Text, mismatch
from rag.index.database.check import faults
from rag.index.database.connection import (
    Connections,
    Done,
    NothingBuilt,
    client_package,
    connect,
    failure,
    is_alive,
    is_cut,
    until_back,
)
from rag.index.database.fast import lacks_vector_index, make_vector_index, vacuum
from rag.index.database.locks import MAKE, PUT, RUN, holders, say_who, try_lock, unlock, unlock_texts
from rag.index.database.reader import PostgresReader, View, opening, view_of
from rag.index.database.rows import delete_file, drop_unused, number_of, put_file, put_vectors, take_texts
from rag.index.database.schema import (
    CURRENT,
    LAYOUT,
    PUTTING,
    REBUILDING,
    about_of,
    delete_state,
    drop_other_builds,
    enter,
    entering,
    let_read,
    make_build,
    make_state,
    next_build,
    read_about,
    read_state,
    write_state,
)
from rag.index.vectors import EXACT_UP_TO
from rag.place import DatabaseUrl
from rag.types import document_id

if TYPE_CHECKING:
    from rag.index.database.connection import Connection

_TAKEN = 32  # texts at a time, about a second of embedding: so several that embed get equal shares
_VACUUMED_AFTER = 2_000  # rows put in one run: the server's own housekeeping comes late for so many at once
_TRIED_AGAIN = 0.1  # seconds until a lock is tried again
_ALL_NODES = "SELECT 1 FROM files LIMIT 1"  # asks each shard


class PostgresIndex:
    """An index in a database. Safe to use from many threads; see the SharedIndex protocol."""

    def __init__(self, url: DatabaseUrl, replica: DatabaseUrl | None = None, exact_up_to: int = EXACT_UP_TO) -> None:
        """Open nothing yet; what is read is read from ``replica``, where there is one and this index does not write."""
        self.url = url
        self._schema = url.schema_name
        self._exact_up_to = exact_up_to
        self._connections = Connections(url)
        self._replicas = Connections(replica) if replica is not None else self._connections
        self._one_writes = threading.Lock()  # of the threads of this process
        self._writer: Connection | None = None
        self._target = ""  # the build being written
        self._older: str | None = None  # the one of an earlier layout that it takes the place of
        self._is_alone = self._puts = False  # what the writer has locks for
        self._held: set[bytes] = set()  # keys of texts that it has locks for
        self._written = 0
        self._is_begun = False  # whether the tables of the build are there

    def manifest(self) -> Manifest | None:
        if self._older is not None:
            return None  # all is put anew
        try:
            with self._reading_from.lend(lambda _: entering(self._schema, None)) as (_, (_, about)):
                return about_of(about).manifest
        except NothingBuilt:
            return None

    def shards(self) -> int:
        with self._view() as view:
            return view.shards

    @contextmanager
    def reading(self) -> Iterator[PostgresReader]:
        with self._view() as view:
            yield PostgresReader(view)

    @contextmanager
    def writing(self, *, rebuild: bool = False) -> Iterator[BrokenOff | None]:
        """Hold the right to write; the server lets go of it if this process, or the way to it, dies.

        Several may hold it at a time; whoever rebuilds holds it alone. Gives what a writer before was broken off
        from: it would have taken its name from the door.

        With ``rebuild``, and where the index is of an earlier layout, another build is written, which takes over when
        it is published; until then the old one answers, and it is kept until the rebuild after.
        """
        psycopg = client_package()
        if not self._one_writes.acquire(blocking=False):
            raise IndexLocked(f"this process is writing to {self.url}: wait for it, or stop it")
        try:
            self._writer = connect(self.url)
            yield self._come_in(self._writer, rebuild=rebuild)
        except psycopg.Error as error:
            raise failure(self.url, error) from error
        finally:
            self._let_go()
            self._one_writes.release()

    def _come_in(self, writer: Connection, *, rebuild: bool) -> BrokenOff | None:
        """Take the right to write, and choose the build; return what a writer was broken off from."""
        say_who(writer)
        with self._making(writer):  # or two that make the same table at once meet
            make_state(writer, self._schema)
            self._is_alone = rebuild or self._older_build(writer) is not None
            self._lock(writer, RUN)
            self._older = None if rebuild else self._older_build(writer)  # another may have been quicker
            broken_off = self._broken_off(writer)
            current = read_state(writer, self._schema).get(CURRENT)
            is_new = current is None or self._is_alone
            self._target = next_build(writer, self._schema, current) if is_new else current or ""
            if rebuild:
                write_state(writer, self._schema, REBUILDING, "")
            enter(writer, self._target)
        self._written, self._is_begun = 0, False
        return broken_off

    def _older_build(self, connection: Connection) -> str | None:
        """Return the build in use where its tables are of an earlier layout."""
        current = read_state(connection, self._schema).get(CURRENT)
        about = read_about(connection, current) if current is not None else None
        return current if about is not None and about.layout < LAYOUT else None

    def _broken_off(self, writer: Connection) -> BrokenOff | None:
        """Return what was begun and not ended, though nobody is at it."""
        if delete_state(writer, self._schema, REBUILDING):
            delete_state(writer, self._schema, PUTTING)
            return "rebuild"
        if not try_lock(writer, self._schema, PUT):
            return None
        was_putting = delete_state(writer, self._schema, PUTTING)
        unlock(writer, self._schema, PUT)
        return "run" if was_putting else None

    @contextmanager
    def putting(self) -> Iterator[bool]:
        with self._put_lock() as is_free:
            if is_free:
                self._again(lambda connection: write_state(connection, self._schema, PUTTING, ""))
            yield is_free

    @contextmanager
    def _put_lock(self) -> Iterator[bool]:
        import psycopg

        self._puts = self._again(lambda connection: try_lock(connection, self._schema, PUT))
        try:
            yield self._puts
        finally:
            if self._puts and self._writer is not None:
                with suppress(psycopg.Error):  # where the connection is gone, the server has the lock back already
                    delete_state(self._writer, self._schema, PUTTING)
                    unlock(self._writer, self._schema, PUT)
            self._puts = False

    def begin(self, manifest: Manifest) -> None:
        def begun(connection: Connection) -> Manifest:
            with self._making(connection):  # one of several makes what they all write to
                about = read_about(connection, self._target) or read_about(connection, self._older or self._target)
                found = about.manifest if about is not None else manifest
                if found == manifest and (about is None or about.layout < LAYOUT):
                    make_build(connection, self._target, manifest, self._older)
                enter(connection, self._target)
                return found

        found = self._again(begun)
        if found != manifest:
            raise IndexMismatch(mismatch(found, manifest))
        self._is_begun = True

    def _has_begun(self) -> bool:
        """Whether the tables of the build are there, which another process may be about to make."""
        if not self._is_begun:
            self._is_begun = self._again(lambda connection: read_about(connection, self._target)) is not None
        return self._is_begun

    def put(self, record: FileRecord, cuts: Sequence[Cut], texts: Mapping[str, Text]) -> None:
        self._in_transaction(lambda connection: put_file(connection, record, cuts, texts))
        self._written += sum(len(cut.pieces) for cut in cuts)

    def touch(self, record: FileRecord) -> None:
        row = [record.size, record.mtime_ns, record.ctime_ns, number_of(document_id(record.source))]
        query = "UPDATE files SET size = %s, mtime_ns = %s, ctime_ns = %s WHERE document_id = %s"
        self._again(lambda connection: connection.execute(query, row))

    def remove(self, source: str) -> None:
        self._in_transaction(lambda connection: delete_file(connection, source))

    def take(self, most: int) -> dict[str, Text]:
        count = min(most, _TAKEN)
        if not self._has_begun():
            return {}
        return self._again(lambda connection: take_texts(connection, self._schema, count, self._held))

    def unembedded_count(self) -> int:
        query = "SELECT count(*) FROM unembedded"
        if not self._has_begun():
            return 0
        (count,) = self._again(lambda connection: connection.execute(query).fetchone()) or (0,)
        return int(count)

    def put_vectors(self, embeddings: Mapping[str, Embedding]) -> None:
        self._in_transaction(lambda connection: put_vectors(connection, embeddings))
        self._written += len(embeddings)
        done = {bytes.fromhex(key) for key in embeddings} & self._held
        self._again(lambda connection: unlock_texts(connection, self._schema, done & self._held))
        self._held -= done

    def publish(self) -> None:
        """Drop vectors long unused, and make what makes reading fast, where it is not there.

        While another process puts files, it is left to that one.
        """
        if not self._has_begun():
            return
        self._again(lambda connection: enter(connection, self._target))  # where pgvector is by now
        with self._put_lock() as is_free:
            if is_free:
                self._in_transaction(lambda connection: drop_unused(connection, VECTORS_KEPT_FOR))
                self._make_fast()
        self._again(lambda connection: let_read(connection, self._schema, self._target))
        if self._is_alone:
            self._again(lambda connection: write_state(connection, self._schema, CURRENT, self._target))
            self._older = None

    def _make_fast(self) -> None:
        if not self.is_published():
            self._again(make_vector_index)
        if self._written > _VACUUMED_AFTER:
            self._again(vacuum)

    def forget(self) -> None:
        self._in_transaction(lambda connection: drop_unused(connection, 0))
        self._again(lambda connection: drop_other_builds(connection, self._schema, self._target))

    def is_published(self) -> bool:
        return self._has_begun() and not self._again(
            lambda connection: lacks_vector_index(connection, self._exact_up_to)
        )

    def faults(self) -> list[str]:
        with self._view() as view:
            view.connection.execute("SET LOCAL statement_timeout = 0")
            return list(faults(view.connection))

    def close(self) -> None:
        self._connections.close()
        self._replicas.close()

    @property
    def _reading_from(self) -> Connections:
        """Where to read: whoever writes sees what it wrote, which a replica may not have yet."""
        return self._replicas if self._writer is None else self._connections

    @contextmanager
    def _view(self) -> Iterator[View]:
        """Open a transaction on the build in use, or on the one that takes the place of what cannot be read."""
        build = self._target if self._older is not None else None
        with self._reading_from.lend(lambda citus: opening(self._schema, build, citus), _ALL_NODES) as lent:
            yield view_of(*lent)

    def _lock(self, connection: Connection, lock: str) -> None:
        """Take a lock for as long as the connection lasts; the right to write is shared, but for who rebuilds."""
        shared = lock == RUN and not self._is_alone
        if not try_lock(connection, self._schema, lock, shared=shared):
            told = " and ".join(holders(connection, self._schema, lock))
            raise IndexLocked(f"{told} is writing to {self.url}: wait for it, or stop it")

    @contextmanager
    def _making(self, connection: Connection) -> Iterator[None]:
        """Let one writer at a time make tables that others are to find."""
        import psycopg

        while not try_lock(connection, self._schema, MAKE):
            time.sleep(_TRIED_AGAIN)
        try:
            yield
        finally:
            with suppress(psycopg.Error):
                unlock(connection, self._schema, MAKE)

    def _let_go(self) -> None:
        """End writing; where the server is away, it has let go by itself."""
        import psycopg

        writer, self._writer = self._writer, None
        if writer is not None:
            with suppress(psycopg.Error):
                if self._is_alone:
                    delete_state(writer, self._schema, REBUILDING)
                writer.execute("SELECT pg_advisory_unlock_all()")  # or the server lets go a moment after it was closed
            writer.close()
        self._target, self._older, self._is_alone, self._held = "", None, False, set()

    def _in_transaction(self, work: Callable[[Connection], None]) -> None:
        def done(connection: Connection) -> None:
            with connection.transaction():
                work(connection)

        self._again(done)

    def _again(self, work: Callable[[Connection], Done]) -> Done:
        """Do a piece of writing; where it was cut off, once more, with a new connection if need be.

        Each piece puts something in the place of what was there, so that it may be done twice.
        """
        import psycopg

        if self._writer is None:
            raise IndexFailure("the index is not open for writing: enter writing() first")
        try:
            return work(self._writer)
        except psycopg.Error as error:
            if not is_cut(error):
                raise failure(self.url, error) from error
        return until_back(self.url, lambda: work(self._back()))

    def _back(self) -> Connection:
        """Return the connection to write with, a new one where it was cut; raises IndexLocked if another writes now.

        Locks on texts are lost then: another process may embed them, too, and the first to put them does.
        """
        assert self._writer is not None, "only who writes comes back"
        if not is_alive(self._writer):
            self._writer.close()
            self._held = set()
            writer = connect(self.url)
            try:
                say_who(writer)
                self._lock(writer, RUN)
                if self._puts:
                    self._lock(writer, PUT)
                enter(writer, self._target)
            except BaseException:  # or it would be written with next, without its locks
                writer.close()
                raise
            self._writer = writer
        return self._writer
