"""Where in a database an index lies: the schemas of its builds, which one is in use, and who may read.

The schema that the URL names holds one table, ``state``; each build of the index has a schema of its own beside it
(``rag_1``, ``rag_2``, …), so that a rebuilt one takes over at one stroke: by one row of ``state``.
"""

from __future__ import annotations

import re
from importlib import resources
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple

from rag.errors import IndexFailure, IndexMismatch
from rag.index import SCHEMA_VERSION, Manifest, mismatch
from rag.index.database.connection import has_citus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.index.database.connection import Connection

CURRENT = "current"  # of ``state``: the build in use
PUTTING, REBUILDING = "putting", "rebuilding"  # of ``state``: what goes on, or was broken off
_MANIFEST, _LAYOUT = "manifest", "layout"  # of ``about``
LAYOUT = 8  # of tables.sql
_OLDEST_PGVECTOR = (0, 8)
_SHARDS = 2  # times as many as workers, so that one that is added can be given some

_BY_DOCUMENT = ("documents", "files", "chunks", "postings")  # distributed by the file they come from
_BY_KEY = "vectors"
_WHOLE = ("about", "counts", "unembedded", "unused")  # tables of the coordinator
_VECTOR_SCHEMA = "SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'vector'"


class About(NamedTuple):
    """What a build says of itself: what it was built with, and the layout of its tables."""

    manifest: Manifest
    layout: int


def make_state(connection: Connection, schema: str) -> None:
    """Make what tells the builds, where it is not there yet."""
    if not _has_table(connection, f"{schema}.state"):
        with connection.transaction():
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            connection.execute(f"CREATE TABLE IF NOT EXISTS {schema}.state (key text PRIMARY KEY, value text NOT NULL)")
    elif count_shards(connection, f"{schema}.state"):  # of an earlier layout
        connection.execute("SELECT undistribute_table(%s)", [f"{schema}.state"])


def read_state(connection: Connection, schema: str) -> dict[str, str]:
    """Return what ``state`` says."""
    return dict(connection.execute(f"SELECT key, value FROM {schema}.state").fetchall())


def write_state(connection: Connection, schema: str, key: str, value: str) -> None:
    """Set what ``state`` says of ``key``."""
    connection.execute(
        f"INSERT INTO {schema}.state VALUES (%s, %s) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [key, value],
    )


def delete_state(connection: Connection, schema: str, key: str) -> bool:
    """Take away what ``state`` says of ``key``; return whether it said anything."""
    return connection.execute(f"DELETE FROM {schema}.state WHERE key = %s", [key]).rowcount > 0


def enter(connection: Connection, build: str) -> None:
    """Let tables without a schema be those of a build."""
    schemas = ", ".join(filter(None, (build, vector_schema(connection))))
    connection.execute(f"SET search_path = {schemas}")


def entering(schema: str, build: str | None) -> str:
    """Return statements that do the same for a transaction, of the build in use if none is given, and tell about it."""
    found = f"(SELECT '{build}' AS value)" if build else f"(SELECT value FROM {schema}.state WHERE key = '{CURRENT}')"
    return (
        "SET LOCAL search_path = pg_catalog;"
        f" SELECT set_config('search_path', concat_ws(', ', value, ({_VECTOR_SCHEMA})), true) FROM {found} AS build;"
        " SELECT key, value FROM about"
    )


def vector_schema(connection: Connection) -> str:
    """Return the schema that pgvector lies in, quoted; "" where it is not there."""
    found = connection.execute(_VECTOR_SCHEMA).fetchone()
    return str(found[0]) if found else ""


def next_build(connection: Connection, schema: str, current: str | None) -> str:
    """Return the name of a new build; of the old ones, only the current is kept."""
    there = _builds(connection, schema)
    if current is not None:
        drop_other_builds(connection, schema, current)
    last = there[-1] if there else f"{schema}_0"
    return f"{schema}_{int(last.rpartition('_')[2]) + 1}"


def drop_other_builds(connection: Connection, schema: str, build: str) -> None:
    """Drop all builds of an index but one."""
    for old in _builds(connection, schema):
        if old != build:
            connection.execute(f"DROP SCHEMA {old} CASCADE")


def make_build(connection: Connection, build: str, manifest: Manifest, older: str | None) -> None:
    """Make the tables of a build, all or none, with the vectors of an ``older`` one of another layout, if any.

    A first build that is broken off, or shared by several, goes on from where it is: it is in use at once.
    """
    schema = build.rpartition("_")[0]
    _need_pgvector(connection)
    with connection.transaction():
        connection.execute(f"CREATE SCHEMA {build}")
        enter(connection, build)
        tables = resources.files("rag.index.database").joinpath("tables.sql").read_text()
        for statement in tables.replace("{dimension}", f"{manifest.dimension:d}").split(";\n"):
            connection.execute(statement.encode())  # Citus takes one at a time
        if has_citus(connection):
            _distribute(connection)
        if older is not None:
            _take_vectors(connection, older)
        for key, value in {_MANIFEST: manifest.model_dump_json(), _LAYOUT: str(LAYOUT)}.items():
            connection.execute("INSERT INTO about VALUES (%s, %s)", [key, value])
        if CURRENT not in read_state(connection, schema):
            write_state(connection, schema, CURRENT, build)


def read_about(connection: Connection, build: str) -> About | None:
    """Return what a build says of itself; None where it is not there."""
    if not _has_table(connection, f"{build}.about"):
        return None
    return about_of(connection.execute(f"SELECT key, value FROM {build}.about").fetchall())


def about_of(rows: Sequence[tuple[Any, ...]]) -> About:
    """Return what rows of ``about`` say; raises IndexMismatch where a later version of the package wrote them."""
    about = dict(rows)
    if int(about[_LAYOUT]) > LAYOUT:
        raise IndexMismatch("the index was made by a later version of rag: use that, or run `rag index --rebuild`")
    return About(Manifest.model_validate_json(about[_MANIFEST]), int(about[_LAYOUT]))


def check_readable(about: About) -> None:
    """Raise IndexMismatch where a build was made by an earlier version of the package."""
    if about.layout < LAYOUT:
        raise IndexMismatch("the index was made by an earlier version of rag: run `rag index` to bring it up to date")
    manifest = about.manifest
    if manifest.schema_version != SCHEMA_VERSION:
        raise IndexMismatch(mismatch(manifest, manifest.model_copy(update={"schema_version": SCHEMA_VERSION})))


def let_read(connection: Connection, schema: str, build: str) -> None:
    """Let whoever may use the schema of the index read ``state`` and this build, and no one write."""
    readers = connection.execute(
        "SELECT DISTINCT quote_ident(rolname) FROM pg_namespace, aclexplode(nspacl) JOIN pg_roles ON oid = grantee"
        " WHERE nspname = %s AND privilege_type = 'USAGE' AND grantee <> nspowner",
        [schema],
    ).fetchall()
    for (role,) in readers:
        connection.execute(f"GRANT USAGE ON SCHEMA {build} TO {role}")
        connection.execute(f"GRANT SELECT ON {schema}.state TO {role}")
        for table in (*_BY_DOCUMENT, _BY_KEY, *_WHOLE):
            connection.execute(f"GRANT SELECT ON {build}.{table} TO {role}")


def count_shards(connection: Connection, table: str) -> int:
    """Return over how many shards Citus spreads a table; 0 where it does not."""
    if not has_citus(connection):
        return 0
    query = "SELECT count(*) FROM pg_dist_shard WHERE logicalrelid = to_regclass(%s)"
    (count,) = connection.execute(query, [table]).fetchone() or (0,)
    return int(count)


def _builds(connection: Connection, schema: str) -> list[str]:
    """Return the names of all builds, in the order they were made in."""
    names = connection.execute("SELECT nspname FROM pg_namespace").fetchall()
    found = [(int(number[1]), name) for (name,) in names if (number := re.fullmatch(rf"{schema}_(\d+)", name))]
    return [name for _, name in sorted(found)]


def _distribute(connection: Connection) -> None:
    """Let Citus spread the tables: all rows of a file go to one shard group, vectors to others."""
    (workers,) = connection.execute("SELECT count(*) FROM citus_get_active_worker_nodes()").fetchone() or (0,)
    connection.execute(f"SET LOCAL citus.shard_count = {_SHARDS * max(1, workers):d}")
    first, *rest = _BY_DOCUMENT
    distribute: LiteralString = "SELECT create_distributed_table(%s, %s, colocate_with => %s)"
    connection.execute(distribute, [first, "document_id", "none"])
    for table in rest:
        connection.execute(distribute, [table, "document_id", first])
    connection.execute(distribute, [_BY_KEY, "vector_key", "none"])


def _take_vectors(connection: Connection, older: str) -> None:
    """Keep the vectors of a build of an earlier layout, so that nothing is embedded again; none is used yet."""
    for table in ("chunks", "spare"):
        connection.execute(
            "INSERT INTO vectors (vector_key, embedding, sentence_vectors)"
            f" SELECT vector_key, embedding, sentence_vectors FROM {older}.{table} ON CONFLICT DO NOTHING"
        )
    connection.execute("INSERT INTO unused (vector_key) SELECT vector_key FROM vectors")


def _need_pgvector(connection: Connection) -> None:
    """Make pgvector, if that is not done; raises IndexFailure where it is too old."""
    query = "SELECT extversion FROM pg_extension WHERE extname = 'vector'"
    if connection.execute(query).fetchone() is None:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector SCHEMA public")
    found = connection.execute(query).fetchone()
    version = found[0] if found else "none"
    if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < _OLDEST_PGVECTOR:
        raise IndexFailure(f"pgvector {version} is too old: ALTER EXTENSION vector UPDATE, to 0.8 or newer")


def _has_table(connection: Connection, name: str) -> bool:
    found = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [name]).fetchone()
    return found is not None and bool(found[0])
