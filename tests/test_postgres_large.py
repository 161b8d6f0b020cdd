"""Many passages in a database: an index names the likeliest, and what is found is what exact search finds."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import psycopg
import pytest

from rag.index.postgres import PostgresIndex
from tests.databases import Server
from tests.filling import fill, line_document, put_document, unit_rows, vector_of

one_shard = pytest.mark.skipif("TEST_DATABASE" in os.environ, reason="a cluster's shards hold some of the vectors each")
LINES = [f"line number {number}" for number in range(3000)]


@pytest.fixture(scope="module", params=[200_000, 2000], ids=["hnsw", "ivfflat"])
def filled(postgres: Server, request: pytest.FixtureRequest) -> Iterator[PostgresIndex]:
    index = PostgresIndex(postgres.url(), exact_up_to=1000)
    documents = [line_document(f"{first}", LINES[first : first + 100]) for first in range(0, len(LINES), 100)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rag.index.database.fast.GRAPH_UP_TO", request.param)
        fill(index, *documents)
    yield index
    index.close()


def plan(index: PostgresIndex, statement: str) -> str:
    with index.reading() as reader:
        return str(reader._view.connection.execute(f"EXPLAIN {statement}".encode()).fetchall())


def test_the_index_of_vectors_finds_what_exact_search_finds(filled: PostgresIndex) -> None:
    rows = np.stack([vector_of(line) for line in LINES])
    shares = []
    with filled.reading() as reader:
        assert reader._view.is_coarse
        for query in unit_rows(30, seed=7):
            scores = rows @ query
            best = np.argsort(-scores)[:10]
            found = reader.dense(query, 10)
            texts = [passage.chunk.text for passage in reader.passages(list(found))]
            shares.append(len({*texts} & {LINES[at] for at in best}) / 10)
            assert list(found.values()) == sorted(found.values(), reverse=True)
            assert list(found.values()) == pytest.approx([scores[LINES.index(text)] for text in texts], abs=1e-6)
    assert np.mean(shares) >= 0.98


@one_shard
def test_questions_are_put_to_the_indexes_and_not_to_all_rows(filled: PostgresIndex) -> None:
    zeros = "[" + ",".join(["0"] * 16) + "]"
    nearest = f"SELECT vector_key FROM vectors ORDER BY embedding::halfvec(16) <#> '{zeros}'::halfvec(16) LIMIT 20"
    assert "vectors_by_nearness" in plan(filled, nearest)
    assert "postings_pkey" in plan(filled, "SELECT row, length FROM postings WHERE term = 'n7'")


def test_what_is_deleted_is_found_no_more_and_what_is_added_is(postgres: Server) -> None:
    index = PostgresIndex(postgres.url(), exact_up_to=100)
    fill(index, *(line_document(f"{first}", LINES[first : first + 100]) for first in range(0, 1500, 100)))
    with index.writing():
        for first in range(0, 1500, 100):
            if first != 700:
                index.remove(f"{first}")
        put_document(index, line_document("new", ["an addition", *LINES[2000:2900]]))
        index.publish()
    with index.reading() as reader:
        assert len(reader) == 1001
        found = reader.passages(list(reader.dense(vector_of("an addition"), 50)))
        assert len(found) == 50
        assert found[0].chunk.text == "an addition"
        assert {passage.source for passage in found} == {"700", "new"}
        within = reader.within(["700"])
        assert len(within.dense(vector_of("an addition"), 500)) == 100
    assert index.faults() == []
    with psycopg.connect(postgres.uri, autocommit=True) as admin:
        admin.execute(f"DROP INDEX {index.url.schema_name}_1.vectors_by_nearness_1500".encode())
    with index.reading() as reader:
        assert not reader._view.is_coarse
        assert [p.chunk.text for p in reader.passages(list(reader.dense(vector_of("an addition"), 1)))] == [
            "an addition"
        ]
    with index.writing():
        assert not index.is_published()
        index.publish()
        assert index.is_published()
    index.close()


@one_shard
def test_an_index_of_vectors_that_is_outgrown_is_made_anew_and_of_another_kind(
    postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.index.database.fast.GRAPH_UP_TO", 400)
    index = PostgresIndex(postgres.url(), exact_up_to=100)
    query = "SELECT indexdef FROM pg_indexes WHERE schemaname = %s AND indexname LIKE 'vectors_by_nearness%%'"
    for name, lines, kind in (("a", 150, "hnsw"), ("b", 300, "hnsw"), ("c", 200, "ivfflat")):
        fill(index, line_document(name, [f"{name} {number}" for number in range(lines)]))
        with psycopg.connect(postgres.uri) as admin:
            found = admin.execute(query, [f"{index.url.schema_name}_1"]).fetchall()
        assert len(found) == 1
        assert f"USING {kind}" in found[0][0]
        with index.writing():
            assert index.is_published()
    with index.reading() as reader:
        assert reader._view.is_coarse
        assert len(reader) == 650
        assert [p.chunk.text for p in reader.passages(list(reader.dense(vector_of("b 7"), 1)))] == ["b 7"]
    index.close()
