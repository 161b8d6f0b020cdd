"""The index in a PostgreSQL database with pgvector, on one server or spread over many by Citus.

The same protocol, the same terms and the same numbers as in a folder, so that the same question gets the same
citations. The terms are made by ``rag.words``, by the language of each document, before anything is written: so no
text-search configuration of the server is used, and none can differ from the folder's. They are not kept as tsvector
either: SQL can neither read from one how often a term stands in it, nor from a GIN index in how many rows, and would
fetch every match to weigh it. They are kept as postings, in one covering index: the candidates, their frequencies and
lengths lie in a row there, BM25 is exact, and nothing but that index is read.

Up to ``exact_up_to`` passages each is weighed. From there on an index over halves of the numbers names the likeliest
(HNSW, and IVFFlat of very many: see ``rag.index.database.fast``), and these are weighed with full precision.

With Citus, these rules are kept:

- All rows of a file have its number as ``document_id``; every table that grows is distributed by it and co-located,
  so that a change of a file writes to one shard group. What is attached to a file lies with it. The one exception
  is a document that takes another file's place.
- Every primary key holds ``document_id``. There are no foreign keys and no unique constraints beside it; that no
  source is there twice follows from its number being made from it. Keys come from no sequence.
- What is asked over all shards is flat: rows filtered, grouped by ``document_id`` and row or not at all, ordered,
  limited; each shard gives its best, the coordinator the best of these. No subquery has a limit, none is correlated.
- Joins are between co-located tables, by ``document_id``. No CTE, no window, no recursion; ``FOR UPDATE`` only on the
  table of claims, which is the coordinator's own, as is what is being embedded.
- What is read by key names the shards it lies in.
- Small tables (``state``, ``about``, ``counts``) are reference tables, written now and then, never in the transaction
  of a file. Advisory locks are taken by statements of their own, and are the coordinator's.
- Citus gives no snapshot over nodes: there a view is one per shard, taken when it is first asked. A document is
  whole in it, as it lies in one.
"""

from __future__ import annotations

import os
import platform
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from rag.embed import Embedding
from rag.errors import IndexFailure, IndexLocked, IndexMismatch
from rag.index import VECTORS_KEPT_FOR, BrokenOff, Cut, FileRecord, Manifest, Work, mismatch
from rag.index.database.check import faults
from rag.index.database.connection import (
    Connections,
    Done,
    at_most_twice,
    client_package,
    connect,
    connect_again,
    failure,
    is_alive,
)
from rag.index.database.counts import fold, is_folded
from rag.index.database.fast import lacks_vector_index, made_of, make_vector_index, vacuum
from rag.index.database.reader import PostgresReader, View
from rag.index.database.rows import delete_file, drop_spare, kept_vectors, known_keys, number_of, put_file, put_spare
from rag.index.database.schema import (
    CURRENT,
    drop_other_builds,
    enter,
    let_read,
    make_build,
    make_state,
    migrate,
    next_build,
    read_manifest,
    read_state,
    readable_manifest,
    write_state,
)
from rag.index.database.share import Share
from rag.index.database.workers import (
    GATE,
    PUBLISH,
    RUN,
    bury,
    finish,
    forget,
    is_last,
    lock_number,
    make_claims,
    register,
    reserve,
    say_publishing,
    sign_off,
    try_lock,
    unlock_quietly,
    writers,
)
from rag.index.derive import EXACT_UP_TO
from rag.place import DatabaseUrl
from rag.types import document_id

if TYPE_CHECKING:
    from rag.index.database.connection import Connection

_REBUILDING = ", rebuilding"
_FOLDED_AFTER = 5_000  # passages put
_VACUUMED_AFTER = 2_000  # passages put in one run: the server's own housekeeping comes late for so many at once
_READ_WITHIN = "60s"
_SORTED_WITHIN = "64MB"  # the scores of all passages that hold a word, of a million, before the best are taken
_TRIED_AGAIN = 0.1  # seconds until a lock is tried again


class PostgresIndex:
    """An index in a database. Safe to use from many threads; see the Index protocol."""

    def __init__(self, url: DatabaseUrl, replica: DatabaseUrl | None = None, exact_up_to: int = EXACT_UP_TO) -> None:
        """Open nothing yet; what is read is read from ``replica``, where there is one and this index does not write."""
        self.url = url
        self._schema = url.schema_name
        self._exact_up_to = exact_up_to
        self._connections = Connections(url)
        self._replicas = Connections(replica) if replica is not None else self._connections
        self._writer: Connection | None = None
        self._target = ""  # the build being written
        self._worker = secrets.randbits(63)
        self._told = ""  # who writes, in words
        self._shared = True
        self._one_writes = threading.Lock()  # of the threads of this process
        self._put = self._unfolded = 0

    def manifest(self) -> Manifest | None:
        """Return what the index was built with, or None where nothing was built yet."""
        with self._reading_from.lend() as connection:
            build = read_state(connection, self._schema).get(CURRENT)
            return read_manifest(connection, build) if build is not None else None

    @contextmanager
    def reading(self) -> Iterator[PostgresReader]:
        """Open a view of the index as it stands now."""
        with self._view() as view:
            yield PostgresReader(view)

    @contextmanager
    def writing(self, *, rebuild: bool = False) -> Iterator[BrokenOff | None]:
        """Hold the right to write; the server lets go of it if this process, or the way to it, dies.

        Several may hold it at a time; whoever rebuilds holds it alone. Gives what writers before were broken off
        from: they would have taken their names from the door.

        With ``rebuild``, another build is written, which takes over when it is published; until then the old one
        answers, and it is kept until the rebuild after.
        """
        psycopg = client_package()
        if not self._one_writes.acquire(blocking=False):
            raise IndexLocked(f"{self._told or 'this process'} is writing to {self.url}: wait for it, or stop it")
        writer: Connection | None = None
        try:
            writer = connect(self.url)
            with self._gate(writer):  # or two that make the same table at once meet
                make_state(writer, self._schema)
                make_claims(writer, self._schema)
            self._lock(writer, shared=not rebuild)
            self._told = f"process {os.getpid()} on {platform.node()}{_REBUILDING * rebuild}"
            with self._gate(writer):
                broken_off = self._come_in(writer, rebuild=rebuild)
            yield broken_off
        except psycopg.Error as error:
            raise failure(self.url, error) from error
        finally:
            self._let_go(writer)
            self._one_writes.release()

    def _come_in(self, writer: Connection, *, rebuild: bool) -> BrokenOff | None:
        """Choose the build to write; return what dead writers were broken off from."""
        dead = bury(writer, self._schema, self._worker)
        if not writers(writer, self._schema):
            forget(writer, self._schema)
        current = read_state(writer, self._schema).get(CURRENT)
        self._target = next_build(writer, self._schema, current) if rebuild or current is None else current
        migrate(writer, self._target)
        self._writer, self._put, self._unfolded, self._shared = writer, 0, 0, not rebuild
        register(writer, self._schema, self._worker, self._told)
        enter(writer, self._target)
        return _broken_off(dead)

    def begin(self, manifest: Manifest) -> None:
        """Make an empty index ready for writing; raises IndexMismatch where it was built otherwise."""

        def begun(connection: Connection) -> Manifest | None:
            with self._gate(connection):  # one of several makes what they all write to
                found = read_manifest(connection, self._target)
                if found is None:
                    make_build(connection, self._target, manifest)
                enter(connection, self._target)
                return found

        found = self._again(begun)
        if found is not None and found != manifest:
            raise IndexMismatch(mismatch(found, manifest))

    def share(self, work: Sequence[Work], on_others: Callable[[float], None]) -> Iterator[Iterator[str]]:
        """Yield by turns the sources of files for this process to write, until all of ``work`` is written."""
        return Share(self.url, self._worker).rounds(work, on_others)

    def reserve(self, keys: Sequence[str], made: Mapping[str, Embedding]) -> set[str]:
        """Return those of ``keys`` that another process embeds right now; let others have what was ``made``."""
        if made:
            self._again(lambda connection: put_spare(connection, self._worker, made))
        return self._again(lambda connection: reserve(connection, self._schema, self._worker, keys))

    def known(self, keys: Sequence[str]) -> set[str]:
        """Return those of ``keys`` whose vectors are kept already."""
        return self._again(lambda connection: known_keys(connection, keys))

    def put(self, record: FileRecord, cuts: Sequence[Cut], embeddings: Mapping[str, Embedding]) -> None:
        """Put the documents of a file in the place of whatever it held before: one transaction."""
        pieces = [piece for cut in cuts for piece in cut.pieces]
        missing = [piece.key for piece in pieces if piece.key not in embeddings]

        def written(connection: Connection) -> None:
            kept = kept_vectors(connection, missing)  # from any shard, so before the transaction, which is in one
            with self._alone(connection, record.source):
                put_file(connection, record, cuts, embeddings, kept)
            finish(connection, self._schema, number_of(document_id(record.source)))

        self._again(written)
        self._put += len(pieces)
        self._unfolded += len(pieces)
        if self._unfolded > _FOLDED_AFTER:
            self._fold()

    def touch(self, record: FileRecord) -> None:
        """Record a file's new size and times where its content is the same."""
        row = [record.size, record.mtime_ns, record.ctime_ns, number_of(document_id(record.source))]
        query = "UPDATE files SET size = %s, mtime_ns = %s, ctime_ns = %s WHERE document_id = %s"
        self._again(lambda connection: connection.execute(query, row))

    def remove(self, source: str) -> None:
        """Drop a file and all that was made of it: one transaction."""

        def deleted(connection: Connection) -> None:
            with self._alone(connection, source):
                delete_file(connection, source)

        self._again(deleted)

    def publish(self) -> None:
        """Drop vectors long unused, and make what makes reading fast, where it is not there.

        Of several that write, the last one does it.
        """
        self._fold()
        self._again(lambda connection: say_publishing(connection, self._schema, self._worker, self._told))
        with self._locked(PUBLISH):
            with self._locked(GATE):  # whoever comes in later looks for vectors when those unused are gone
                last = self._again(lambda connection: is_last(connection, self._schema, self._worker))
                if last:
                    self._again(lambda connection: drop_spare(connection, VECTORS_KEPT_FOR))
            if last:
                self._make_fast()
        self._again(lambda connection: let_read(connection, self._schema, self._target))
        self._take_over()

    def _make_fast(self) -> None:
        if self._again(lambda connection: lacks_vector_index(connection, self._exact_up_to)):
            self._again(lambda connection: make_vector_index(connection, self._target))
        if self._put > _VACUUMED_AFTER:
            self._again(vacuum)

    def forget(self) -> None:
        """Erase what is left of removed documents: their vectors, and a build that was kept aside."""
        self._again(lambda connection: drop_spare(connection, 0))
        self._again(lambda connection: drop_other_builds(connection, self._schema, self._target))

    def is_published(self) -> bool:
        """Whether what makes reading fast is there, and nothing is left of a run that was broken off."""
        return self._again(
            lambda connection: is_folded(connection) and not lacks_vector_index(connection, self._exact_up_to)
        )

    def faults(self) -> list[str]:
        """Check the index against itself, and return what is wrong, a line each."""
        with self._view() as view:
            view.connection.execute("SET LOCAL statement_timeout = 0")
            return list(faults(view.connection))

    def close(self) -> None:
        """Release connections."""
        self._connections.close()
        self._replicas.close()

    @property
    def _reading_from(self) -> Connections:
        """Where to read: whoever writes sees what it wrote, which a replica may not have yet."""
        return self._replicas if self._writer is None else self._connections

    @contextmanager
    def _view(self) -> Iterator[View]:
        """Open a transaction on the build in use."""
        with self._reading_from.lend() as connection:
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            # With Citus, what is set for a transaction is set for its part on every node.
            connection.execute(
                "SET LOCAL citus.propagate_set_commands = 'local'; SET LOCAL jit = off;"
                f" SET LOCAL statement_timeout = '{_READ_WITHIN}'; SET LOCAL work_mem = '{_SORTED_WITHIN}'"
            )
            build = read_state(connection, self._schema).get(CURRENT)
            manifest = readable_manifest(connection, build) if build is not None else None
            if build is None or manifest is None:
                raise IndexFailure(f"there is no index in {self.url}: run `rag index`")
            enter(connection, build, local=True)
            yield View(connection, manifest.dimension, is_coarse=bool(made_of(connection)))

    def _lock(self, connection: Connection, *, shared: bool) -> None:
        """Take the right to write for as long as the connection lasts: all share it, but for who rebuilds."""
        if not try_lock(connection, self._schema, RUN, shared=shared):
            holders = sorted(writers(connection, self._schema).values()) or ["another process"]
            raise IndexLocked(f"{' and '.join(holders)} is writing to {self.url}: wait for it, or stop it")

    @contextmanager
    def _gate(self, connection: Connection) -> Iterator[None]:
        """Let one writer at a time come in, or make what others are to find."""
        while not try_lock(connection, self._schema, GATE):
            time.sleep(_TRIED_AGAIN)
        try:
            yield
        finally:
            unlock_quietly(connection, self._schema, GATE)

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        """Hold a lock; waited for by asking again and again, so that no time-out ends the waiting."""
        while not self._again(lambda connection: try_lock(connection, self._schema, name)):
            time.sleep(_TRIED_AGAIN)
        try:
            yield
        finally:
            assert self._writer is not None, "what is locked is locked by a writer"
            unlock_quietly(self._writer, self._schema, name)

    @contextmanager
    def _alone(self, connection: Connection, source: str) -> Iterator[None]:
        """Open a transaction on a file, in which no other process changes it: one may be late with a claim it lost."""
        number = lock_number(self._schema, f"file {source}")
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [number])
            yield

    def _let_go(self, writer: Connection | None) -> None:
        """End writing; where the server is away, it has let go by itself."""
        import psycopg

        mine, self._writer = self._writer, None
        with suppress(psycopg.Error):
            if mine is not None:
                sign_off(mine, self._schema, self._worker)
                mine.execute("SELECT pg_advisory_unlock_all()")  # or the server lets go a moment after it was closed
                mine.close()
        self._target = ""
        if writer is not None:
            writer.close()

    def _again(self, work: Callable[[Connection], Done]) -> Done:
        """Do a piece of writing; where it was cut off, once more, with a new connection if need be.

        Each piece puts something in the place of what was there, so that it may be done twice.
        """
        writer = self._writer
        if writer is None:
            raise IndexFailure("the index is not open for writing: enter writing() first")
        return at_most_twice(self.url, lambda: work(writer), lambda: work(self._back()))

    def _back(self) -> Connection:
        """Return the connection to write with, a new one where it was cut; raises IndexLocked if another writes now."""
        assert self._writer is not None, "only who writes comes back"
        if not is_alive(self._writer):
            self._writer.close()
            writer = connect_again(self.url)
            self._writer = writer
            self._lock(writer, shared=self._shared)
            register(writer, self._schema, self._worker, self._told)
            enter(writer, self._target)
        return self._writer

    def _fold(self) -> None:
        self._unfolded = 0
        self._again(fold)

    def _current(self) -> str | None:
        return self._again(lambda connection: read_state(connection, self._schema).get(CURRENT))

    def _take_over(self) -> None:
        """Make the build being written the current one."""
        if self._current() != self._target:
            self._again(lambda connection: write_state(connection, self._schema, CURRENT, self._target))


def _broken_off(dead: Sequence[str]) -> BrokenOff | None:
    """Return what the writers were at that left their names behind."""
    if not dead:
        return None
    return "rebuild" if all(told.endswith(_REBUILDING) for told in dead) else "run"
