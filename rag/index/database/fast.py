"""What makes reading an index in PostgreSQL fast: an index of vectors, and the statistics of the server."""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING

from rag.index.database.counts import PASSAGES, read_counts
from rag.index.database.schema import has_citus, read_manifest, vector_schema

# Up to so many passages in a shard, a graph (HNSW) is quickest. Of a million, of which a hundred each are alike, it
# found 8 in 10 of the 10 best, in 11 ms; lists (IVFFlat) 99 in 100, in 38 ms, and were made in a fifth of the time.
GRAPH_UP_TO = 200_000

if TYPE_CHECKING:
    from rag.index.database.connection import Connection


def has_vector_index(connection: Connection) -> bool:
    """Whether there is an index of vectors."""
    found = connection.execute("SELECT to_regclass('chunks_by_vector') IS NOT NULL").fetchone()
    return found is not None and bool(found[0])


def lacks_vector_index(connection: Connection, exact_up_to: int) -> bool:
    """Whether there are more passages than are searched exactly, and no index of their vectors."""
    return read_counts(connection, [PASSAGES])[PASSAGES] > exact_up_to and not has_vector_index(connection)


def make_vector_index(connection: Connection, build: str) -> None:
    """Make the index of vectors: of halves of the numbers, which find as well, at half the memory.

    It is made by the server, in its ``maintenance_work_mem``: about 1.5 GB for a million vectors of 384.
    """
    manifest = read_manifest(connection, build)
    assert manifest is not None, "what has passages was begun"
    # On the nodes of Citus, operators are looked for by their full name alone.
    half = f"((embedding::halfvec({manifest.dimension:d})) {vector_schema(connection)}.halfvec_ip_ops)"
    passages = read_counts(connection, [PASSAGES])[PASSAGES] // _shards(connection)
    kind = f"hnsw {half}" if passages <= GRAPH_UP_TO else f"ivfflat {half} WITH (lists = {isqrt(passages)})"
    connection.execute(f"CREATE INDEX IF NOT EXISTS chunks_by_vector ON chunks USING {kind}".encode())


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
