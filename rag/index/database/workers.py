"""Who writes to an index in PostgreSQL: any number of processes, on any machines, each file by one of them.

A run offers the files that it found changed; each is claimed in the database by one process, for as long as that
renews its lease. A process holds a lock of its own number for as long as its connection lasts: so it is seen at once
that one was killed, and its files are claimed by others; that a whole machine is gone is seen when its lease ends.
Passages that stand in several files are embedded once too: a process reserves what it embeds, and waits for what
another does. The claims are the coordinator's own tables: with Citus, rows are locked on one node only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from rag.index.database.schema import delete_state, read_state, write_state

if TYPE_CHECKING:
    from rag.index.database.connection import Connection

RUN, GATE, PUBLISH = "writes", "gate", "publish"  # what there are locks for: to write at all; to come in; to publish
LEASE = 60  # seconds that a claim lasts where it is not renewed
_AT_ONCE = 16  # files
_WRITER = "writer "
_PUBLISHING = ", publishing"


class Offer(NamedTuple):
    """A file to be written: its number, what tells its state from another, and its size in bytes."""

    document_id: int
    state: str
    size: int


class Standing(NamedTuple):
    """How far the others of a run are: the files they have in hand, and the bytes of those they wrote."""

    in_hand: int
    done: int


def make_claims(connection: Connection, schema: str) -> None:
    """Make the tables of claims, on files and on what is embedded, where they are not there yet."""
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS {schema}.claims (document_id bigint PRIMARY KEY, position integer NOT NULL,"
        " state text NOT NULL, size bigint NOT NULL, worker bigint, until timestamptz, done boolean NOT NULL);"
        f"CREATE TABLE IF NOT EXISTS {schema}.embedding (vector_key bytea PRIMARY KEY, worker bigint NOT NULL)"
    )


def lock_number(schema: str, name: str) -> int:
    """Return the number of an advisory lock."""
    return int.from_bytes(hashlib.sha256(f"rag {name} {schema}".encode()).digest()[:8], signed=True)


def try_lock(connection: Connection, schema: str, name: str, *, shared: bool = False) -> bool:
    """Take a lock for as long as the connection lasts, if it is free."""
    function = "pg_try_advisory_lock_shared" if shared else "pg_try_advisory_lock"
    found = connection.execute(f"SELECT {function}(%s)", [lock_number(schema, name)]).fetchone()
    return found is not None and bool(found[0])


def unlock(connection: Connection, schema: str, name: str) -> None:
    """Give a lock back."""
    connection.execute("SELECT pg_advisory_unlock(%s)", [lock_number(schema, name)])


def unlock_quietly(connection: Connection, schema: str, name: str) -> None:
    """Give a lock back; where the connection is gone, the server has it back already."""
    import psycopg

    with suppress(psycopg.Error):
        unlock(connection, schema, name)


def register(connection: Connection, schema: str, worker: int, told: str) -> None:
    """Say who writes."""
    try_lock(connection, schema, f"{_WRITER}{worker}")
    write_state(connection, schema, f"{_WRITER}{worker}", told)


def sign_off(connection: Connection, schema: str, worker: int) -> None:
    """Take away what says that this one writes, and let others have what it claimed and did not write."""
    _free(connection, schema, worker)
    delete_state(connection, schema, f"{_WRITER}{worker}")


def say_publishing(connection: Connection, schema: str, worker: int, told: str) -> None:
    """Say that a writer has no file to write any more."""
    write_state(connection, schema, f"{_WRITER}{worker}", told + _PUBLISHING)


def writers(connection: Connection, schema: str) -> dict[int, str]:
    """Return all that write, or were killed while they did, by their number."""
    state = read_state(connection, schema)
    return {int(key.removeprefix(_WRITER)): told for key, told in state.items() if key.startswith(_WRITER)}


def bury(connection: Connection, schema: str, own: int) -> list[str]:
    """Take away what writers left that are dead, and give their files to others; return who they said they were."""
    dead = []
    for worker, told in writers(connection, schema).items():
        name = f"{_WRITER}{worker}"
        if worker != own and try_lock(connection, schema, name):
            _free(connection, schema, worker)
            delete_state(connection, schema, name)
            unlock(connection, schema, name)
            dead.append(told)
    return dead


def _free(connection: Connection, schema: str, worker: int) -> None:
    free = f"UPDATE {schema}.claims SET worker = NULL, until = NULL WHERE worker = %s AND NOT done"
    connection.execute(free, [worker])
    connection.execute(f"DELETE FROM {schema}.embedding WHERE worker = %s", [worker])


def is_last(connection: Connection, schema: str, own: int) -> bool:
    """Whether no other that lives has files to write."""
    bury(connection, schema, own)
    return all(told.endswith(_PUBLISHING) for worker, told in writers(connection, schema).items() if worker != own)


def offer(connection: Connection, schema: str, files: Sequence[Offer]) -> None:
    """Let files be claimed that are not yet, or were written in another state."""
    columns = [list(column) for column in zip(*files, strict=True)] if files else [[], [], []]
    connection.execute(
        f"INSERT INTO {schema}.claims SELECT *, NULL, NULL, false FROM unnest(%s::bigint[], %s::integer[], %s::text[],"
        f" %s::bigint[]) ON CONFLICT (document_id) DO UPDATE SET state = excluded.state, size = excluded.size,"
        f" done = false, worker = NULL, until = NULL WHERE claims.state <> excluded.state",
        [columns[0], list(range(len(files))), *columns[1:]],
    )


def claim(connection: Connection, schema: str, worker: int, but: Sequence[int]) -> list[int]:
    """Claim some files that nobody has, in order, ``but`` for some; none where all are claimed or written."""
    free = (
        f"SELECT document_id FROM {schema}.claims WHERE NOT done AND (until IS NULL OR until < now())"
        f" AND document_id <> ALL(%s::bigint[]) ORDER BY position LIMIT {_AT_ONCE} FOR UPDATE SKIP LOCKED"
    )
    rows = connection.execute(
        f"UPDATE {schema}.claims SET worker = %s, until = now() + %s * interval '1 second'"
        f" WHERE document_id IN ({free}) RETURNING position, document_id",
        [worker, LEASE, list(but)],
    ).fetchall()
    return [document_id for _, document_id in sorted(rows)]


def renew(connection: Connection, schema: str, worker: int) -> None:
    """Go on holding what a worker has claimed."""
    query = f"UPDATE {schema}.claims SET until = now() + %s * interval '1 second' WHERE worker = %s AND NOT done"
    connection.execute(query, [LEASE, worker])


def give_back(connection: Connection, schema: str, document_ids: Sequence[int]) -> None:
    """Let others have what was claimed."""
    free = f"UPDATE {schema}.claims SET worker = NULL, until = NULL WHERE document_id = ANY(%s::bigint[]) AND NOT done"
    connection.execute(free, [list(document_ids)])


def finish(connection: Connection, schema: str, document_id: int) -> None:
    """Note that a file is written."""
    connection.execute(f"UPDATE {schema}.claims SET done = true WHERE document_id = %s", [document_id])


def reserve(connection: Connection, schema: str, worker: int, keys: Sequence[str]) -> set[str]:
    """Say that a worker embeds ``keys``, and nothing of before any more; return those that others embed.

    What they wrote since is known; what one had that was killed can be reserved the next time.
    """
    wanted = [bytes.fromhex(key) for key in sorted(keys)]  # or two that want the same would wait for each other
    connection.execute(f"DELETE FROM {schema}.embedding WHERE worker = %s", [worker])
    connection.execute(
        f"INSERT INTO {schema}.embedding SELECT unnest(%s::bytea[]), %s ON CONFLICT DO NOTHING", [wanted, worker]
    )
    rows = connection.execute(
        f"SELECT vector_key FROM {schema}.embedding WHERE vector_key = ANY(%s::bytea[]) AND worker <> %s",
        [wanted, worker],
    ).fetchall()
    if rows:
        bury(connection, schema, worker)
    return {key.hex() for (key,) in rows}


def standing(connection: Connection, schema: str, worker: int) -> Standing:
    """Return how far the others are."""
    query = (
        "SELECT count(*) FILTER (WHERE NOT done), coalesce(sum(size) FILTER (WHERE done), 0)::bigint"
        f" FROM {schema}.claims WHERE worker <> %s"
    )
    found = connection.execute(query, [worker]).fetchone()
    assert found is not None, "an aggregate gives one row"
    return Standing(*found)


def forget(connection: Connection, schema: str) -> None:
    """Drop all claims: whoever offers a file again sees for itself whether it is to be written."""
    connection.execute(f"DELETE FROM {schema}.claims")
