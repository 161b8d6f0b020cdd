"""The rules that Citus has, kept: what is distributed and how, told by functions of its names that note what is asked.

No cluster is at hand in the tests. That every statement holds to what Citus takes is looked at in its words: each
that is sent while an index is filled, changed, asked and checked is caught on its way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from rag.index.database.counts import PASSAGES, TERM, fold, read_counts
from rag.index.postgres import PostgresIndex
from tests.databases import Server
from tests.filling import file_record, fill, line_document, nearest, put_document, vector_of

DISTRIBUTED = {"documents", "files", "chunks", "spare", "postings", "count_changes"}
REFERENCE = {"about", "counts", "state"}
NOTES = """
CREATE TABLE asked (number serial, what text);
CREATE TABLE pg_dist_shard (logicalrelid regclass);
CREATE FUNCTION create_distributed_table(t regclass, c text, colocate_with text) RETURNS void LANGUAGE sql
  AS $$ INSERT INTO public.asked (what) VALUES (format('%s by %s with %s', t, c, colocate_with));
        INSERT INTO public.pg_dist_shard VALUES (t), (t) $$;
CREATE FUNCTION create_reference_table(t regclass) RETURNS void LANGUAGE sql
  AS $$ INSERT INTO public.asked (what) VALUES (format('%s whole', t)) $$;
"""


@pytest.fixture
def clustered(postgres: Server) -> Iterator[tuple[PostgresIndex, psycopg.Connection[Any]]]:
    """An index in a database that has the functions of Citus."""
    with psycopg.connect(postgres.uri, autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS clustered WITH (FORCE)")
        admin.execute("CREATE DATABASE clustered")
    uri = postgres.uri.replace("/postgres?", "/clustered?")
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(NOTES.encode())
        url = postgres.url("rag")
        # In a build, the functions are found as Citus's are, which lie where every name is looked for.
        connection.execute("CREATE EXTENSION vector")
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


def test_what_grows_is_distributed_by_document_and_lies_together(
    clustered: tuple[PostgresIndex, psycopg.Connection[Any]],
) -> None:
    index, connection = clustered
    fill(index, line_document("a", ["alpha"]))
    asked = [what for (what,) in connection.execute("SELECT what FROM public.asked ORDER BY number")]
    distributed = [what.removeprefix("rag_1.") for what in asked if " by " in what]
    assert distributed[0] == "documents by document_id with none"
    assert {what.split(" by ")[0] for what in distributed} == DISTRIBUTED
    assert {what.split(" by ")[1] for what in distributed[1:]} == {"document_id with documents"}
    whole = {re.sub(r"^\w+\.", "", what) for what in asked if what.endswith(" whole")}
    assert whole == {f"{table} whole" for table in REFERENCE}
    assert nearest_texts(index) == ["alpha"]


def nearest_texts(index: PostgresIndex) -> list[str]:
    with index.reading() as reader:
        return sorted(text for text, _ in nearest(reader, "alpha", 99))


def test_no_constraint_and_no_key_reaches_over_shards(
    clustered: tuple[PostgresIndex, psycopg.Connection[Any]],
) -> None:
    index, connection = clustered
    fill(index, line_document("a", ["alpha"]))
    rows = connection.execute(
        "SELECT relname, contype, pg_get_constraintdef(pg_constraint.oid) FROM pg_constraint"
        " JOIN pg_class ON pg_class.oid = conrelid WHERE pg_constraint.connamespace = 'rag_1'::regnamespace"
    ).fetchall()
    assert not [row for row in rows if row[1] in ("f", "u", "x")]
    keys = {table: definition for table, kind, definition in rows if kind == "p"}
    assert keys.keys() == DISTRIBUTED | (REFERENCE - {"state"})
    assert all("document_id" in keys[table] for table in DISTRIBUTED)
    unique = connection.execute(
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'rag_1' AND indexdef LIKE 'CREATE UNIQUE%%'"
        " AND tablename = ANY(%s)",
        [list(DISTRIBUTED)],
    ).fetchall()
    assert len(unique) == len(DISTRIBUTED)
    assert all("document_id" in definition for (definition,) in unique)
    serial = connection.execute("SELECT 1 FROM pg_sequences WHERE schemaname IN ('rag', 'rag_1')").fetchall()
    assert serial == []


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
        reader.passages(keys)
        reader.documents()
        reader.document("a")
        reader.chunks("a")
        reader.pieces("a")
        reader.files()
        reader.file("a")
        within = reader.within(["a"])
        within.dense(vector_of("alpha"), 5)
        within.lexical([("alpha",)], 5)
    index.faults()


def test_every_statement_is_one_that_citus_takes(
    clustered: tuple[PostgresIndex, psycopg.Connection[Any]], statements: list[str]
) -> None:
    index, _ = clustered
    index._exact_up_to = 0
    many = line_document("b", [f"alpha delta n{number}" for number in range(500)])
    fill(index, line_document("a", ["alpha", "gamma"]), many)
    with index.writing():
        put_document(index, line_document("a", ["alpha", "kappa"]))
        index.known(["00" * 32])
        index.touch(file_record(line_document("a", ["alpha"])))
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
        if statement.startswith("UPDATE") and "count_changes" not in statement:
            assert "document_id = %s" in statement, "one row is changed where it lies"
        if " JOIN " in statement:
            assert re.search(r"USING \(document_id", statement), "what is joined lies together"
        assert "pg_advisory" not in statement
    made = [statement for statement in statements if statement.startswith("CREATE INDEX") and "_by_vector" in statement]
    assert made
    assert all("public.halfvec_ip_ops" in statement for statement in made), "its nodes find it by no other name"


class Torn:
    """Sees the counts of before, and the changes of now: as a view may whose nodes are looked at one by one."""

    def __init__(self, before: psycopg.Connection[Any], now: psycopg.Connection[Any]) -> None:
        self._before, self._now = before, now

    def execute(self, statement: str, values: list[Any]) -> psycopg.Cursor[Any]:
        return (self._before if "FROM counts" in statement else self._now).execute(statement.encode(), values)


def test_counts_are_right_where_they_are_folded_while_nodes_are_looked_at_one_by_one(
    clustered: tuple[PostgresIndex, psycopg.Connection[Any]],
) -> None:
    index, now = clustered
    fill(index, line_document("a", ["alpha", "gamma"]))
    now.execute("SET search_path = rag_1, public")
    for folded in range(3):  # so that what the last folding left is there, too
        with index.writing():
            put_document(index, line_document(f"b{folded}", ["alpha", "kappa"]))
            with psycopg.connect(now.info.dsn) as before:
                before.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                before.execute("SET search_path = rag_1, public")
                names = [PASSAGES, TERM + "alpha", TERM + "kappa"]
                found = [read_counts(connection, names) for connection in (before, now)]
                assert found[0] == found[1]
                assert [found[0][name] for name in names] == [4 + 2 * folded, 2 + folded, 1 + folded]
                fold(now)
                assert now.execute("SELECT 1 FROM count_changes").fetchone(), "what was folded is still there"
                torn: Any = Torn(before, now)
                assert {name: read_counts(torn, names)[name] for name in names} == {
                    name: found[0][name] for name in names
                }
                assert {name: read_counts(now, names)[name] for name in names} == {
                    name: found[0][name] for name in names
                }
            index.publish()
        assert index.faults() == []


def test_a_change_of_a_file_writes_at_one_place(
    clustered: tuple[PostgresIndex, psycopg.Connection[Any]],
) -> None:
    index, connection = clustered
    fill(index, line_document("a", ["alpha"]), line_document("b", ["gamma"]))
    with index.writing():
        put_document(index, line_document("a", ["delta", "omega"]))
        places: set[int] = set()
        for table in DISTRIBUTED:
            rows = connection.execute(
                f"SELECT DISTINCT document_id FROM rag_1.{table} WHERE xmin = (SELECT xmin FROM rag_1.files"
                f" WHERE source = 'a')".encode()
            ).fetchall()
            assert len(rows) == 1, table
            places.add(rows[0][0])
    assert len(places) == 1
