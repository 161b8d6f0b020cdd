"""What makes reading an index in PostgreSQL fast: an index of vectors, and the statistics of the server."""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING, LiteralString

from rag.index.database.schema import count_shards, vector_schema
from rag.index.statistics import PASSAGES

# Up to so many vectors in a shard, a graph (HNSW) is quickest. Of a million, of which a hundred each are alike, it
# found 8 in 10 of the 10 best, in 11 ms; lists (IVFFlat) 99 in 100, in 38 ms, and were made in a fifth of the time.
GRAPH_UP_TO = 200_000
_GROWN = 4  # times the vectors that an index was made of: then one is made anew, of the kind and size that suits them
_NAME = "vectors_by_nearness_"  # of an index of vectors, and how many there were
INDEXES: LiteralString = (
    "SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid"
    f" WHERE indrelid = to_regclass('vectors') AND starts_with(relname, '{_NAME}')"
)
# So many of the likeliest are weighed with full precision, at least: of the 10 best of 100,000, 99 in a hundred are
# then among them (tests/benchmarks/size_postgres.py). pgvector's HNSW takes no more than 1000.
LEAST_WEIGHED, MOST_WEIGHED = 400, 1000
_PROBES = 64  # lists that are looked through, of a thousand where there are a million vectors
_LEAST_SHARE = 40  # of what a shard is asked for, pgvector's default; keys are hashes, so the nearest are spread evenly

if TYPE_CHECKING:
    from rag.index.database.connection import Connection


def made_of(connection: Connection) -> list[int]:
    """Return how many vectors there were when an index of them was made, for each that there is: one, as a rule."""
    return [int(name.removeprefix(_NAME)) for (name,) in connection.execute(INDEXES)]


def lacks_vector_index(connection: Connection, exact_up_to: int) -> bool:
    """Whether there are more vectors than are searched exactly, and no index of them, or one of far fewer."""
    vectors, made = _count(connection), made_of(connection)
    return vectors > exact_up_to and (len(made) != 1 or vectors > _GROWN * made[0])


def make_vector_index(connection: Connection) -> None:
    """Make the index of vectors: of halves of the numbers, which find as well, at half the memory.

    It is made by the server, in its ``maintenance_work_mem``: about 1.5 GB for a million vectors of 384. One that was
    there before answers until then.
    """
    before, vectors = made_of(connection), _count(connection)
    # On the nodes of Citus, operators are looked for by their full name alone.
    typed = "SELECT atttypmod FROM pg_attribute WHERE attrelid = 'vectors'::regclass AND attname = 'embedding'"
    (dimension,) = connection.execute(typed).fetchone() or (0,)
    half = f"((embedding::halfvec({dimension:d})) {vector_schema(connection)}.halfvec_ip_ops)"
    in_shard = vectors // (count_shards(connection, "vectors") or 1)
    kind = f"hnsw {half}" if in_shard <= GRAPH_UP_TO else f"ivfflat {half} WITH (lists = {isqrt(in_shard)})"
    connection.execute(f"CREATE INDEX IF NOT EXISTS {_NAME}{vectors} ON vectors USING {kind}".encode())
    for number in before:
        if number != vectors:
            connection.execute(f"DROP INDEX IF EXISTS {_NAME}{number}".encode())


def look_for(wanted: int, shards: int) -> str:
    """Return what lets an index of vectors name so many in all, from so many shards, on whatever nodes they are."""
    # Of one shard, an index is asked on where what it names was deleted since; of several, the others make up for it.
    scan = "relaxed_order" if shards < 2 else "off"
    share = max(_LEAST_SHARE, wanted // max(1, shards))
    probes = max(1, round(_PROBES / max(1, shards) ** 0.5))  # a shard has fewer lists by as much
    return (
        # With Citus, what is set for a transaction is then set for its part on every node.
        f"{'SET LOCAL citus.propagate_set_commands = local; SET LOCAL jit = off; ' if shards else ''}"
        f"SET LOCAL hnsw.ef_search = {share:d}; SET LOCAL hnsw.iterative_scan = {scan};"
        f" SET LOCAL ivfflat.probes = {probes:d}; SET LOCAL ivfflat.iterative_scan = {scan}"
    )


def vacuum(connection: Connection) -> None:
    """Let the server look at the tables now, so that it reads postings from their index alone, and plans well."""
    for table in ("postings", "chunks", "documents", "vectors", "unembedded", "counts"):
        connection.execute(f"VACUUM (ANALYZE) {table}")


def _count(connection: Connection) -> int:
    """Return about how many vectors there are: as many as embedded passages."""
    query = "SELECT coalesce((SELECT value FROM counts WHERE name = %s), 0) - count(*) FROM unembedded"
    found = connection.execute(query, [PASSAGES]).fetchone()
    return max(0, int(found[0])) if found else 0
