"""Advisory locks: who may write, who puts files, and who embeds which text.

They are the coordinator's, and last as long as the connection that took them: what a killed process held is free at
once. No statement takes one and reads a distributed table, as Citus would take it on another node.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rag.index.database.connection import Connection

RUN, PUT, MAKE = "writes", "puts", "gate"  # to write at all, shared; to put files; to make or drop tables
_NAMED = "rag: "  # before what a connection that writes says of itself


def lock_number(schema: str, name: str) -> int:
    """Return the number of an advisory lock."""
    return int.from_bytes(hashlib.sha256(f"rag {name} {schema}".encode()).digest()[:8], signed=True)


def try_lock(connection: Connection, schema: str, name: str, *, shared: bool = False) -> bool:
    """Take a lock for as long as the connection lasts, if it is free."""
    function = "pg_try_advisory_lock_shared" if shared else "pg_try_advisory_lock"
    found = connection.execute(f"SELECT {function}(%s)", [lock_number(schema, name)]).fetchone()
    return found is not None and bool(found[0])


def unlock(connection: Connection, schema: str, name: str) -> None:
    """Give a lock back that was not shared."""
    connection.execute("SELECT pg_advisory_unlock(%s)", [lock_number(schema, name)])


def lock_texts(connection: Connection, schema: str, keys: Iterable[bytes]) -> set[bytes]:
    """Return those of some keys that no other connection has locked: they are locked from now on."""
    numbers = {lock_number(schema, key.hex()): key for key in keys}
    query = "SELECT number, pg_try_advisory_lock(number) FROM unnest(%s::bigint[]) AS number"
    return {numbers[number] for number, is_free in connection.execute(query, [list(numbers)]) if is_free}


def unlock_texts(connection: Connection, schema: str, keys: Iterable[bytes]) -> None:
    """Give the locks on some keys back."""
    numbers = [lock_number(schema, key.hex()) for key in keys]
    connection.execute("SELECT pg_advisory_unlock(number) FROM unnest(%s::bigint[]) AS number", [numbers])


def say_who(connection: Connection) -> None:
    """Let the server know, for others to ask, which process writes on a connection."""
    told = f"{_NAMED}process {os.getpid()} on {platform.node()}"
    connection.execute("SELECT set_config('application_name', %s, false)", [told])


def holders(connection: Connection, schema: str, name: str) -> Sequence[str]:
    """Return who holds a lock, in words."""
    query = (
        "SELECT DISTINCT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)"
        " WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND classid = %s AND objid = %s ORDER BY 1"
    )
    high, low = divmod(lock_number(schema, name) % (1 << 64), 1 << 32)  # as the server parts it
    found = [told.removeprefix(_NAMED) for (told,) in connection.execute(query, [high, low])]
    return found or ["another process"]
