"""The rules that Citus has, kept: what is distributed and how, told by functions of its names that note what is asked.

No cluster is at hand in the tests. That every statement holds to what Citus takes is looked at in its words: each
that is sent while an index is filled, changed, asked and checked is caught on its way. ``tests.benchmarks.cluster``
goes over a real one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from rag.errors import IndexCut
from rag.index import Cut, Piece, Text
from rag.index.postgres import PostgresIndex
from rag.types import Chunk
from tests.databases import Server
from tests.filling import MANIFEST, file_record, fill, line_document, nearest, put_document, vector_of

pytestmark = pytest.mark.skipif("TEST_DATABASE" in os.environ, reason="it makes databases of its own")

BY_DOCUMENT = {"documents", "files", "chunks", "postings"}
DISTRIBUTED = BY_DOCUMENT | {"vectors"}
WHOLE = {"about", "counts", "unembedded", "unused"}
NOTES = """
CREATE TABLE asked (number serial, what text);
CREATE TABLE pg_dist_shard (logicalrelid regclass);
CREATE FUNCTION citus_get_active_worker_nodes() RETURNS SETOF int LANGUAGE sql AS $$ SELECT generate_series(1, 3) $$;
CREATE FUNCTION create_distributed_table(t regclass, c text, colocate_with text) RETURNS void LANGUAGE sql
  AS $$ INSERT INTO public.asked (what) VALUES (format('%s by %s with %s', t, c, colocate_with));
        INSERT INTO public.pg_dist_shard
        SELECT t FROM generate_series(1, current_setting('citus.shard_count')::int) $$;
"""

Clustered = tuple[PostgresIndex, psycopg.Connection[Any]]


@pytest.fixture
def clustered(postgres: Server) -> Iterator[Clustered]:
    """An index in a database that has the functions of Citus."""
    with psycopg.connect(postgres.uri, autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS clustered WITH (FORCE)")
        admin.execute("CREATE DATABASE clustered")
    uri = postgres.uri.replace("/postgres?", "/clustered?")
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(NOTES.encode())
        # In a build, the functions are found as Citus's are, which lie where every name is looked for.
        connection.execute("ALTER DATABASE clustered SET search_path = public")
        connection.execute("CREATE EXTENSION vector")
        url = postgres.url("rag")
        index = PostgresIndex(url.parse(url.secret.get_secret_value().replace("/postgres?", "/clustered?")))
        yield index, connection
        index.close()


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All that is sent, each statement as it is."""
    sent: list[str] = []
    for method in ("execute", "copy"):
        real = getattr(psycopg.Cursor, method)

        def noted(cursor: Any, query: Any, *rest: Any, real: Any = real, **named: Any) -> Any:
            sent.append(query.decode() if isinstance(query, bytes) else str(query))
            return real(cursor, query, *rest, **named)

        monkeypatch.setattr(psycopg.Cursor, method, noted)
    return sent


def test_what_grows_is_distributed_and_what_belongs_together_lies_together(clustered: Clustered) -> None:
    index, connection = clustered
    fill(index, line_document("a", ["alpha"]))
    asked = [what for (what,) in connection.execute("SELECT what FROM public.asked ORDER BY number")]
    distributed = [what.removeprefix("rag_1.") for what in asked]
    assert distributed[0] == "documents by document_id with none"
    assert {what.split(" by ")[0] for what in distributed} == DISTRIBUTED
    assert {what.split(" by ")[1] for what in distributed[1:4]} == {"document_id with documents"}
    assert distributed[4] == "vectors by vector_key with none"
    assert index.shards() == 6, "two for each worker"
    with index.reading() as reader:
        assert [text for text, _ in nearest(reader, "alpha", 99)] == ["alpha"]


def test_no_constraint_and_no_key_reaches_over_shards(clustered: Clustered) -> None:
    index, connection = clustered
    fill(index, line_document("a", ["alpha"]))
    rows = connection.execute(
        "SELECT relname, contype, pg_get_constraintdef(pg_constraint.oid) FROM pg_constraint"
        " JOIN pg_class ON pg_class.oid = conrelid WHERE pg_constraint.connamespace = 'rag_1'::regnamespace"
    ).fetchall()
    assert not [row for row in rows if row[1] in ("f", "u", "x")]
    keys = {table: definition for table, kind, definition in rows if kind == "p"}
    assert keys.keys() == DISTRIBUTED | WHOLE
    unique = connection.execute(
        "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'rag_1' AND indexdef LIKE 'CREATE UNIQUE%%'"
        " AND tablename = ANY(%s)",
        [list(DISTRIBUTED)],
    ).fetchall()
    assert len(unique) == len(DISTRIBUTED)
    for table, definition in [*unique, *((table, keys[table]) for table in DISTRIBUTED)]:
        assert ("document_id" if table in BY_DOCUMENT else "vector_key") in definition
    owned = "SELECT sequencename FROM pg_sequences WHERE schemaname IN ('rag', 'rag_1')"
    assert connection.execute(owned).fetchall() == [("unembedded_id_seq",)]


def ask_all(index: PostgresIndex) -> None:
    with index.reading() as reader:
        keys = list(reader.dense(vector_of("alpha"), 500) | reader.dense(vector_of("alpha"), 5))
        reader.lexical([("alpha", "gamma"), ("delta",)], 10)
        reader.lexical_of([("alpha",)], keys)
        reader.frequencies([("alpha", "gamma"), ("delta",)])
        reader.nearest_term("alpah", 1)
        reader.languages()
        reader.languages_of(keys)
        reader.vectors(keys)
        reader.sentence_vectors(keys)
        reader.unembedded(keys)
        reader.embedded()
        reader.passages(keys)
        reader.documents()
        reader.document("a")
        reader.word_boxes("a")
        reader.chunks("a")
        reader.pieces("a")
        reader.files()
        reader.file("a")
        within = reader.within(["a"])
        within.dense(vector_of("alpha"), 5)
        within.lexical([("alpha",)], 5)
    index.faults()


def test_every_statement_is_one_that_citus_takes(clustered: Clustered, statements: list[str]) -> None:
    index, _ = clustered
    index._exact_up_to = 0
    many = line_document("b", [f"alpha delta n{number}" for number in range(900)])
    fill(index, line_document("a", ["alpha", "gamma"]), many)
    with index.writing():
        put_document(index, line_document("a", ["alpha", "kappa"]))
        index.touch(file_record(line_document("a", ["alpha"])))
        index.take(5)
        index.publish()
    ask_all(index)
    with index.writing():
        index.remove("b")
        index.publish()
    spread = re.compile(rf"\b(?:FROM|JOIN|INTO|UPDATE|COPY)\s+(?:{'|'.join(DISTRIBUTED)})\b", re.IGNORECASE)
    looked_at = [statement for statement in statements if spread.search(statement)]
    assert len(looked_at) > 40
    for statement in looked_at:
        assert not re.search(r"\bFOR (UPDATE|SHARE)\b|\bWITH\b\s+\w+\s+AS|\bOVER\s*\(|\bUNION\b", statement)
        assert not re.search(r"\(\s*SELECT[^()]*\bLIMIT\b", statement), "a limit within a subquery is no shard's own"
        assert not re.search(r"\b(EXISTS|IN|ANY|ALL)\s*\(\s*SELECT\b", statement), "no subquery over shards"
        if statement.startswith("UPDATE"):
            assert "document_id = %s" in statement, "one row is changed where it lies"
        if " JOIN " in statement:
            assert re.search(r"USING \(document_id", statement), "what is joined lies together"
        assert not re.search(rf"\b(?:{'|'.join(WHOLE)})\b[^.]* JOIN |JOIN (?:{'|'.join(WHOLE)})\b", statement)
        assert "pg_advisory" not in statement
        assert ";\n" not in statement
    made = [statement for statement in statements if statement.startswith("CREATE INDEX") and "_by_near" in statement]
    assert made
    assert all("public.halfvec_ip_ops" in statement for statement in made), "its nodes find it by no other name"
    tables = [statement for statement in statements if re.match(r"(--.*\n)*\s*(CREATE|ALTER) TABLE", statement)]
    assert not [statement for statement in tables if ";\n" in statement], "one at a time"


def test_a_change_of_a_file_writes_at_one_place(clustered: Clustered) -> None:
    index, connection = clustered
    fill(index, line_document("a", ["alpha"]), line_document("b", ["gamma"]))
    with index.writing():
        put_document(index, line_document("a", ["delta", "omega"]))
        places: set[int] = set()
        for table in BY_DOCUMENT:
            rows = connection.execute(
                f"SELECT DISTINCT document_id FROM rag_1.{table} WHERE xmin = (SELECT xmin FROM rag_1.files"
                f" WHERE source = 'a')".encode()
            ).fetchall()
            assert len(rows) == 1, table
            places.add(rows[0][0])
    assert len(places) == 1


def test_what_is_changed_while_it_is_read_is_told(clustered: Clustered) -> None:
    index, _ = clustered
    fill(index, line_document("a", ["alpha", "gamma"]), line_document("b", ["alpha delta"]))
    changing = PostgresIndex(index.url)
    with index.reading() as reader:
        keys = list(reader.lexical([("alpha",)], 9))
        fill(changing, line_document("a", ["alpha", "gamma", "omega"]))
        with pytest.raises(IndexCut, match="changed meanwhile: ask again"):
            reader.passages(keys)
    changing.close()


@pytest.mark.parametrize("exact_up_to", [0, 10_000])
def test_a_question_is_put_in_few_statements(clustered: Clustered, statements: list[str], exact_up_to: int) -> None:
    index, _ = clustered
    index._exact_up_to = exact_up_to
    fill(index, line_document("a", [f"alpha beta n{number}" for number in range(900)]))
    with index.reading():  # the first connects
        pass
    del statements[:]
    with index.reading() as reader:
        words = [("alpha",), ("n17",)]
        reader.languages()
        reader.frequencies(words)
        found = reader.lexical(words, 100)
        keys = sorted(found | reader.dense(vector_of("alpha beta n17"), 100))
        reader.lexical_of(words, [key for key in keys if key not in found])
        reader.languages_of(keys)
        reader.vectors(keys)
        reader.passages(keys[:40])
        reader.sentence_vectors(keys[:40])
        reader.document("a")
        assert len(keys) > 150
        assert reader._view.is_coarse == (exact_up_to == 0)
    assert len(statements) <= 10 + (exact_up_to == 0), statements


def test_text_is_taken_from_the_coordinator_alone(clustered: Clustered, statements: list[str]) -> None:
    index, _ = clustered
    document = line_document("a", ["alpha"])
    with index.writing():
        fill_words(index, document)
        del statements[:]
        (taken,) = index.take(5).values()
        assert (taken.text, [tuple(span) for span in taken.sentences]) == ("alpha", [(0, 5)])
        assert not [statement for statement in statements if re.search("|".join(DISTRIBUTED), statement)]


def fill_words(index: PostgresIndex, document: Any) -> None:
    """Put a document of one line whose text is still to be embedded."""
    chunk = Chunk(id=f"{document.id}:0", document_id=document.id, text=document.text, start=0, end=len(document.text))
    index.begin(MANIFEST)
    index.put(
        file_record(document),
        [Cut(document, [Piece(chunk, [(0, 5)], "ab" * 32)])],
        {"ab" * 32: Text(document.text, [(0, 5)])},
    )
