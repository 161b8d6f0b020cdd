"""Where in a database an index lies: the schemas of its builds, which one is in use, and who may read.

The schema that the URL names holds one table, ``state``; each build of the index has a schema of its own beside it
(``rag_1``, ``rag_2``, …), so that a rebuilt one takes over at one stroke: by one row of ``state``.
"""

from __future__ import annotations

import re
from importlib import resources
from typing import TYPE_CHECKING, LiteralString

from rag.errors import IndexFailure, IndexMismatch
from rag.index import SCHEMA_VERSION, Manifest, mismatch

if TYPE_CHECKING:
    from rag.index.database.connection import Connection

CURRENT = "current"  # of ``state``: the build in use
_MANIFEST, _LAYOUT = "manifest", "layout"  # of ``about``
_LAYOUT_VERSION = 7  # of tables.sql
_MIGRATIONS: dict[int, LiteralString] = {  # what makes of a layout the next one
    1: "ALTER TABLE count_changes ADD COLUMN folded bigint;"
    " ALTER INDEX IF EXISTS chunks_by_vector RENAME TO chunks_by_vector_1",
    2: "ALTER TABLE spare ADD COLUMN since timestamptz NOT NULL DEFAULT now()",
    3: "ALTER TABLE documents RENAME COLUMN headings TO blocks",
    4: "ALTER TABLE chunks ADD COLUMN introductions text NOT NULL DEFAULT '[]'",
    5: "ALTER TABLE documents ADD COLUMN word_boxes bytea NOT NULL DEFAULT ''",
    6: "ALTER TABLE documents DROP COLUMN centroid",
}
_OLDEST_PGVECTOR = (0, 8)

# By the file they come from; the rest is small, is written once a run, and is whole on every node.
_DISTRIBUTED = ("documents", "files", "chunks", "spare", "postings", "count_changes")
_REFERENCE = ("about", "counts")


def make_state(connection: Connection, schema: str) -> None:
    """Make what tells the builds, where it is not there yet."""
    if _has_table(connection, f"{schema}.state"):
        return
    with connection.transaction():
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        connection.execute(f"CREATE TABLE IF NOT EXISTS {schema}.state (key text PRIMARY KEY, value text NOT NULL)")
        if has_citus(connection):
            connection.execute("SELECT create_reference_table(%s)", [f"{schema}.state"])


def read_state(connection: Connection, schema: str) -> dict[str, str]:
    """Return what ``state`` says; nothing where there is none."""
    if not _has_table(connection, f"{schema}.state"):
        return {}
    return dict(connection.execute(f"SELECT key, value FROM {schema}.state").fetchall())


def write_state(connection: Connection, schema: str, key: str, value: str) -> None:
    """Set what ``state`` says of ``key``."""
    connection.execute(
        f"INSERT INTO {schema}.state VALUES (%s, %s) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [key, value],
    )


def delete_state(connection: Connection, schema: str, key: str) -> None:
    """Take away what ``state`` says of ``key``."""
    connection.execute(f"DELETE FROM {schema}.state WHERE key = %s", [key])


def enter(connection: Connection, build: str, *, local: bool = False) -> None:
    """Let tables without a schema be those of a build, for the transaction alone where ``local``."""
    schemas = ", ".join(filter(None, (build, vector_schema(connection))))
    connection.execute(f"SET {'LOCAL ' if local else ''}search_path = {schemas}")


def builds(connection: Connection, schema: str) -> list[str]:
    """Return the names of all builds, in the order they were made in."""
    names = connection.execute("SELECT nspname FROM pg_namespace").fetchall()
    found = [(int(number[1]), name) for (name,) in names if (number := re.fullmatch(rf"{schema}_(\d+)", name))]
    return [name for _, name in sorted(found)]


def next_build(connection: Connection, schema: str, current: str | None) -> str:
    """Return the name of a new build; of the old ones, only the current is kept."""
    there = builds(connection, schema)
    if current is not None:
        drop_other_builds(connection, schema, current)
    last = there[-1] if there else f"{schema}_0"
    return f"{schema}_{int(last.rpartition('_')[2]) + 1}"


def drop_other_builds(connection: Connection, schema: str, build: str) -> None:
    """Drop all builds of an index but one."""
    for old in builds(connection, schema):
        if old != build:
            connection.execute(f"DROP SCHEMA {old} CASCADE")


def vector_schema(connection: Connection) -> str:
    """Return the schema that pgvector lies in, quoted; "" where it is not there."""
    query = "SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'vector'"
    found = connection.execute(query).fetchone()
    return str(found[0]) if found else ""


def make_build(connection: Connection, build: str, manifest: Manifest) -> None:
    """Make the tables of a build, all or none; where Citus is there, spread over its nodes.

    A first build that is broken off, or shared by several, goes on from where it is: it is in use at once.
    """
    schema = build.rpartition("_")[0]
    _need_pgvector(connection)
    with connection.transaction():
        connection.execute(f"CREATE SCHEMA {build}")
        enter(connection, build)
        tables = resources.files("rag.index.database").joinpath("tables.sql").read_text()
        connection.execute(tables.replace("{dimension}", f"{manifest.dimension:d}").encode())
        if has_citus(connection):
            _distribute(connection)
        rows = {_MANIFEST: manifest.model_dump_json(), _LAYOUT: str(_LAYOUT_VERSION)}
        for key, value in rows.items():
            connection.execute("INSERT INTO about VALUES (%s, %s)", [key, value])
        if CURRENT not in read_state(connection, schema):
            write_state(connection, schema, CURRENT, build)


def migrate(connection: Connection, build: str) -> None:
    """Bring the tables of a build, if it is there, to this layout, a step in a transaction; nothing is written anew.

    Raises:
        IndexMismatch: They are of a later layout.
    """
    about = _about(connection, build)
    for layout in range(int(about[_LAYOUT]), _LAYOUT_VERSION) if about else ():
        with connection.transaction():
            enter(connection, build, local=True)
            connection.execute(_MIGRATIONS[layout])
            connection.execute("UPDATE about SET value = %s WHERE key = %s", [str(layout + 1), _LAYOUT])
    if about:
        _check_layout(int(about[_LAYOUT]), least=0)


def read_manifest(connection: Connection, build: str) -> Manifest | None:
    """Return what a build was made with; None where it is not there."""
    about = _about(connection, build)
    return Manifest.model_validate_json(about[_MANIFEST]) if about else None


def readable_manifest(connection: Connection, build: str) -> Manifest | None:
    """Return the same; raises IndexMismatch where it was made for another version of the package."""
    about = _about(connection, build)
    if not about:
        return None
    _check_layout(int(about[_LAYOUT]), least=_LAYOUT_VERSION)
    manifest = Manifest.model_validate_json(about[_MANIFEST])
    if manifest.schema_version != SCHEMA_VERSION:
        raise IndexMismatch(mismatch(manifest, manifest.model_copy(update={"schema_version": SCHEMA_VERSION})))
    return manifest


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
        for table in (*_DISTRIBUTED, *_REFERENCE):
            connection.execute(f"GRANT SELECT ON {build}.{table} TO {role}")


def has_citus(connection: Connection) -> bool:
    """Whether tables can be distributed here."""
    query = "SELECT 1 FROM pg_proc WHERE proname = 'create_distributed_table' LIMIT 1"
    return connection.execute(query).fetchone() is not None


def _distribute(connection: Connection) -> None:
    """Let Citus spread the tables: all rows of a file go to one shard group."""
    first, *rest = _DISTRIBUTED
    distribute: LiteralString = "SELECT create_distributed_table(%s, 'document_id', colocate_with => %s)"
    connection.execute(distribute, [first, "none"])
    for table in rest:
        connection.execute(distribute, [table, first])
    for table in _REFERENCE:
        connection.execute("SELECT create_reference_table(%s)", [table])


def _need_pgvector(connection: Connection) -> None:
    """Make pgvector, if that is not done; raises IndexFailure where it is too old."""
    query = "SELECT extversion FROM pg_extension WHERE extname = 'vector'"
    if connection.execute(query).fetchone() is None:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector SCHEMA public")
    found = connection.execute(query).fetchone()
    version = found[0] if found else "none"
    if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < _OLDEST_PGVECTOR:
        raise IndexFailure(f"pgvector {version} is too old: ALTER EXTENSION vector UPDATE, to 0.8 or newer")


def _about(connection: Connection, build: str) -> dict[str, str]:
    if not _has_table(connection, f"{build}.about"):
        return {}
    return dict(connection.execute(f"SELECT key, value FROM {build}.about").fetchall())


def _check_layout(found: int, *, least: int) -> None:
    if found > _LAYOUT_VERSION:
        raise IndexMismatch("the index was made by a later version of rag: use that, or run `rag index --rebuild`")
    if found < least:
        raise IndexMismatch("the index was made by an earlier version of rag: run `rag index` to bring it up to date")


def _has_table(connection: Connection, name: str) -> bool:
    found = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [name]).fetchone()
    return found is not None and bool(found[0])
