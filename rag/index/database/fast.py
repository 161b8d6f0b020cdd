"""What makes reading an index in PostgreSQL fast: an index of vectors, and the statistics of the server."""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING

from rag.index.database.counts import PASSAGES, read_counts
from rag.index.database.schema import has_citus, read_manifest, vector_schema

# Up to so many passages in a shard, a graph (HNSW) is quickest. Of a million, of which a hundred each are alike, it
# found 8 in 10 of the 10 best, in 11 ms; lists (IVFFlat) 99 in 100, in 38 ms, and were made in a fifth of the time.
GRAPH_UP_TO = 200_000
_GROWN = 4  # times the passages that an index was made of: then one is made anew, of the kind and size that suits them
_NAME = "chunks_by_vector_"  # and how many passages there were

if TYPE_CHECKING:
    from rag.index.database.connection import Connection


def made_of(connection: Connection) -> list[int]:
    """Return how many passages there were when an index of vectors was made, for each that there is: one, as a rule."""
    query = (
        "SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid"
        " WHERE indrelid = to_regclass('chunks') AND starts_with(relname, %s)"
    )
    names = [name for (name,) in connection.execute(query, [_NAME])]
    return [int(name.removeprefix(_NAME)) for name in names]


def lacks_vector_index(connection: Connection, exact_up_to: int) -> bool:
    """Whether there are more passages than are searched exactly, and no index of their vectors, or one of far fewer."""
    passages = read_counts(connection, [PASSAGES])[PASSAGES]
    made = made_of(connection)
    return passages > exact_up_to and (len(made) != 1 or passages > _GROWN * made[0])


def make_vector_index(connection: Connection, build: str) -> None:
    """Make the index of vectors: of halves of the numbers, which find as well, at half the memory.

    It is made by the server, in its ``maintenance_work_mem``: about 1.5 GB for a million vectors of 384. One that was
    there before answers until then.
    """
    manifest = read_manifest(connection, build)
    assert manifest is not None, "what has passages was begun"
    before, passages = made_of(connection), read_counts(connection, [PASSAGES])[PASSAGES]
    # On the nodes of Citus, operators are looked for by their full name alone.
    half = f"((embedding::halfvec({manifest.dimension:d})) {vector_schema(connection)}.halfvec_ip_ops)"
    in_shard = passages // _shards(connection)
    kind = f"hnsw {half}" if in_shard <= GRAPH_UP_TO else f"ivfflat {half} WITH (lists = {isqrt(in_shard)})"
    connection.execute(f"CREATE INDEX IF NOT EXISTS {_NAME}{passages} ON chunks USING {kind}".encode())
    for number in before:
        if number != passages:
            connection.execute(f"DROP INDEX IF EXISTS {_NAME}{number}".encode())


def _shards(connection: Connection) -> int:
    """Return over how many shards Citus spreads the passages; 1 where it is not there."""
    if not has_citus(connection):
        return 1
    query = "SELECT count(*) FROM pg_dist_shard WHERE logicalrelid = 'chunks'::regclass"
    (count,) = connection.execute(query).fetchone() or (1,)
    return max(1, int(count))  # those of before Citus came are not spread


def vacuum(connection: Connection) -> None:
    """Let the server look at the tables now, so that it reads postings from their index alone, and plans well."""
    for table in ("postings", "chunks", "documents"):
        connection.execute(f"VACUUM (ANALYZE) {table}")
