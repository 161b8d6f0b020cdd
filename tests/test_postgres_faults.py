"""Whatever happens to a database while it is written or asked: nothing is lost or doubled, and it is told plainly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

import rag
from rag.assistant import Assistant
from rag.errors import IndexCut, IndexDamaged, IndexFailure, IndexLocked, IndexMismatch
from rag.index import Index, Manifest
from rag.index.database.connection import failure
from rag.index.database.locks import try_lock
from rag.index.local import LocalIndex
from rag.index.postgres import PostgresIndex
from rag.place import DatabaseUrl
from rag.settings import Settings
from rag.sync import Progress, sync
from tests.databases import Server, server
from tests.fakes import CountingEmbedder, FakeEmbedder
from tests.filling import MANIFEST, fill, line_document, nearest, put_document
from tests.folders import texts_of, write
from tests.test_sync_fresh import contents
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(
    "TEST_DATABASE" in os.environ, reason="it makes roles and databases, ends connections and stops servers: its own"
)

PROJECT = Path(str(rag.__file__)).parent.parent
OLD = line_document("a", ["alpha", "gamma", "delta"])
NEW = line_document("a", ["sigma", "omega"])
OTHER = line_document("b", ["alpha", "kappa"])
FILES = {f"{number:02}.txt": f"River number {number} rises in the forest and ends in the sea." for number in range(40)}


@pytest.fixture
def url(postgres: Server) -> DatabaseUrl:
    return postgres.url()


@pytest.fixture
def index(url: DatabaseUrl) -> Iterator[PostgresIndex]:
    opened = PostgresIndex(url)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def own_server() -> Iterator[Server]:
    """A server that is stopped and started while others test."""
    with server() as started:
        yield started


def admin(postgres: Server, database: str = "") -> psycopg.Connection:
    uri = postgres.uri.replace("/postgres?", f"/{database}?") if database else postgres.uri
    return psycopg.connect(uri, autocommit=True)


def end(postgres: Server, how: str = "pg_terminate_backend") -> None:
    """End all connections of the package, or what they are at."""
    with admin(postgres) as connection:
        connection.execute(f"SELECT {how}(pid) FROM pg_stat_activity WHERE application_name ^@ 'rag'")


def texts(index: Index) -> list[str]:
    with index.reading() as reader:
        return sorted(text for text, _ in nearest(reader, "alpha", 99))


def level(index: Index, corpus: Path, tmp_path: Path) -> None:
    """Check that an index is, row by row, what one in a folder would be."""
    assert index.faults() == []
    fresh = LocalIndex(tmp_path / "fresh")
    sync(fresh, corpus, FakeEmbedder(), 20)
    assert contents(index) == contents(fresh)
    fresh.close()


def test_a_view_is_of_one_moment_whatever_is_written_meanwhile(index: PostgresIndex) -> None:
    fill(index, OLD)
    with index.reading() as before:
        fill(index, NEW, OTHER)
        assert sorted(text for text, _ in nearest(before, "alpha", 9)) == ["alpha", "delta", "gamma"]
        assert before.frequencies([("alpha",), ("sigma",)]) == [1, 0]
        assert len(before) == 3
    assert texts(index) == ["alpha", "kappa", "omega", "sigma"]


def test_who_rebuilds_writes_alone_and_it_is_said_who(index: PostgresIndex) -> None:
    other = PostgresIndex(index.url)
    said = rf"process {os.getpid()} on .* is writing to postgresql://.*: wait for it, or stop it"
    for rebuild, other_rebuilds in ((True, False), (False, True), (True, True)):
        with index.writing(rebuild=rebuild):
            with pytest.raises(IndexLocked, match=said), other.writing(rebuild=other_rebuilds):
                pass
            index.begin(MANIFEST)
            put_document(index, OLD)
            index.publish()
    with other.writing() as broken_off:
        assert broken_off is None
    other.close()


def test_another_thread_of_one_index_may_not_write(index: PostgresIndex) -> None:
    with index.writing(), pytest.raises(IndexLocked, match="is writing to"), index.writing():
        pass
    fill(index, OLD)


def test_a_rebuild_takes_over_only_when_it_is_published(index: PostgresIndex) -> None:
    fill(index, OLD)
    other = PostgresIndex(index.url)
    with index.writing(rebuild=True):
        index.begin(MANIFEST)
        put_document(index, NEW)
        assert texts(other) == texts(index) == ["alpha", "delta", "gamma"]
        with other.reading() as before:
            index.publish()
            assert len(before) == 3
    assert texts(other) == ["omega", "sigma"]
    other.close()


def test_a_rebuild_that_is_broken_off_changes_nothing(index: PostgresIndex) -> None:
    fill(index, OLD)
    with suppress(KeyboardInterrupt), index.writing(rebuild=True):
        index.begin(MANIFEST)
        put_document(index, NEW)
        raise KeyboardInterrupt
    assert texts(index) == ["alpha", "delta", "gamma"]
    fill(index, NEW, rebuild=True)
    assert texts(index) == ["omega", "sigma"]


def test_of_old_builds_only_the_last_is_kept(postgres: Server, index: PostgresIndex) -> None:
    for document in (OLD, NEW, OTHER):
        fill(index, document, rebuild=True)
    with admin(postgres) as connection:
        schema = index.url.schema_name
        found = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname ~ %s", [f"^{schema}(_[0-9]+)?$"])
        assert sorted(name for (name,) in found) == [schema, f"{schema}_2", f"{schema}_3"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"chunk_tokens": 100}, "chunk tokens 200 instead of 100: run `rag index --rebuild`"),
        ({"fingerprint": "1" * 64}, "fingerprint 0{40} instead of 1{40}"),
        ({"dimension": 8}, "dimension 16 instead of 8"),
    ],
)
def test_another_build_is_a_mismatch(index: PostgresIndex, change: dict[str, object], said: str) -> None:
    fill(index, OLD)
    with pytest.raises(IndexMismatch, match=said), index.writing():
        index.begin(Manifest.model_validate(MANIFEST.model_dump() | change))
    assert texts(index) == ["alpha", "delta", "gamma"]


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM documents",
        "DELETE FROM files",
        "DELETE FROM chunks WHERE row = (SELECT min(row) FROM chunks)",
        "DELETE FROM postings WHERE term = 'alpha'",
        "UPDATE postings SET in_text = 2 WHERE term = 'alpha'",
        "UPDATE counts SET value = value + 1 WHERE name = 'talpha'",
        "DELETE FROM counts WHERE name = 'passages'",
        "DELETE FROM vectors WHERE vector_key = (SELECT min(vector_key) FROM vectors)",
        "INSERT INTO unembedded (vector_key, text, sentences, size) SELECT vector_key, '', '', 1 FROM vectors LIMIT 1",
    ],
)
def test_what_is_damaged_is_a_fault(postgres: Server, index: PostgresIndex, damage: str) -> None:
    fill(index, OLD)
    assert index.faults() == []
    with admin(postgres) as connection:
        connection.execute(f"SET search_path = {index.url.schema_name}_1; {damage}".encode())
    assert index.faults()


def test_a_term_that_is_there_more_often_than_is_noted_is_no_fault(index: PostgresIndex) -> None:
    fill(index, line_document("a.txt", ["lake " * 40_000, "river"]))
    assert index.faults() == []


def test_a_table_that_is_gone_says_what_to_do(postgres: Server, index: PostgresIndex) -> None:
    fill(index, OLD)
    with admin(postgres) as connection:
        connection.execute(f"DROP TABLE {index.url.schema_name}_1.chunks".encode())
    with pytest.raises(IndexDamaged, match=r"is not whole .*: run `rag index --rebuild`"), index.reading() as reader:
        nearest(reader, "alpha")


def test_an_index_that_is_not_there_says_what_to_do(index: PostgresIndex) -> None:
    assert index.manifest() is None
    with pytest.raises(IndexFailure, match=r"there is no index in postgresql://.*: run `rag index`"):
        texts(index)


def test_what_refuses_is_told_in_one_line_without_the_password(postgres: Server) -> None:
    with admin(postgres) as connection:
        connection.execute("CREATE ROLE locked LOGIN PASSWORD 'right'")
    rules = postgres.folder / "pg_hba.conf"
    rules.write_text("local all locked scram-sha-256\n" + rules.read_text())
    with admin(postgres) as connection:
        connection.execute("SELECT pg_reload_conf()")
    place = f"/postgres?host={postgres.folder}"
    for url, said in (
        (f"postgresql://locked:hunter2@{place}", "the password in the URL is not the one of this role"),
        (f"postgresql://locked@{place}&password=hunter2", "the password in the URL is not the one of this role"),
        (f"postgresql://locked@{place}", "the database asks for a password"),
        (f"postgresql://nobody:hunter2@{place}", "create this role"),
        (f"postgresql://postgres:hunter2@/none?host={postgres.folder}", "make it .createdb."),
        ("postgresql://a:hunter2@127.0.0.1:1/x", "cannot be reached .*refused.*: see that it runs"),
    ):
        index = PostgresIndex(DatabaseUrl.parse(url))
        with pytest.raises(IndexFailure, match=said) as caught:
            index.manifest()
        assert "hunter2" not in f"{caught.value!s}{caught.value!r}{index.url!r}{index.url}"
        assert "\n" not in str(caught.value)


def test_a_database_without_pgvector_says_what_to_do(postgres: Server) -> None:
    with admin(postgres) as connection:
        connection.execute("CREATE DATABASE bare")
        connection.execute("CREATE ROLE plain LOGIN")
    with admin(postgres, "bare") as connection:
        connection.execute(b"CREATE SCHEMA AUTHORIZATION plain; GRANT CREATE ON DATABASE bare TO plain")
        connection.execute(b"REVOKE CREATE ON DATABASE bare FROM plain; CREATE SCHEMA t AUTHORIZATION plain")
    index = PostgresIndex(DatabaseUrl.parse(f"postgresql://plain@/bare?host={postgres.folder}&schema=t"))
    with pytest.raises(IndexFailure, match=r"permission denied .*grant it the right, or use another role"):
        fill(index, OLD)
    index.close()
    absent = psycopg.errors.FeatureNotSupported('extension "vector" is not available')
    assert "install it (0.8 or newer)" in str(failure(index.url, absent))
    refused = psycopg.errors.FeatureNotSupported("cannot create constraint on the table")
    assert "pgvector" not in str(failure(index.url, refused))


EARLIER = (  # what makes of a build one of layout 7, in which vectors lay with their passages
    "ALTER TABLE chunks ADD COLUMN embedding vector(32), ADD COLUMN sentence_vectors bytea",
    "UPDATE chunks SET embedding = vectors.embedding, sentence_vectors = vectors.sentence_vectors"
    " FROM vectors WHERE vectors.vector_key = chunks.vector_key",
    "CREATE TABLE spare AS SELECT document_id, vector_key, embedding, sentence_vectors, now() AS since FROM chunks"
    " WHERE document_id < 0",
    "DELETE FROM chunks WHERE document_id < 0",
    "DROP TABLE vectors, unembedded, unused",
    "UPDATE about SET value = '7' WHERE key = 'layout'",
)


def test_an_index_of_an_earlier_layout_is_built_anew_with_its_vectors(
    postgres: Server, corpus: Path, tmp_path: Path
) -> None:
    write(corpus, FILES)
    index = PostgresIndex(postgres.url(), exact_up_to=10)
    sync(index, corpus, FakeEmbedder(), 20)
    schema = index.url.schema_name
    with admin(postgres) as connection:
        connection.execute(f"SET search_path = {schema}_1, public".encode())
        for statement in EARLIER:
            connection.execute(statement.encode())
        assert connection.execute("SELECT count(*) FROM spare").fetchone() != (0,)
    with pytest.raises(IndexMismatch, match="earlier version of rag: run `rag index` to bring it up to date"):
        texts(index)
    counting, current = CountingEmbedder(FakeEmbedder()), set[tuple[str]]()

    def look(_: Progress) -> None:
        with admin(postgres) as connection:
            current.update(connection.execute(f"SELECT value FROM {schema}.state WHERE key = 'current'".encode()))

    write(corpus, {"new.txt": "A lake has no end."})
    report = sync(index, corpus, counting, 20, look)
    assert report.documents == len(FILES) + 1
    assert counting.texts == ["A lake has no end."]
    assert current == {(f"{schema}_1",)}, "the old one answers until the new one is there"
    level(index, corpus, tmp_path)
    assert sync(index, corpus, counting, 20).unchanged == len(FILES) + 1
    index.close()


def test_an_index_of_a_later_layout_is_left_alone(postgres: Server, corpus: Path, tmp_path: Path) -> None:
    write(corpus, FILES)
    index = PostgresIndex(postgres.url())
    sync(index, corpus, FakeEmbedder(), 20)
    with admin(postgres) as connection:
        build = f"{index.url.schema_name}_1"
        connection.execute(f"UPDATE {build}.about SET value = '99' WHERE key = 'layout'".encode())
    for run in (lambda: texts(index), lambda: sync(index, corpus, FakeEmbedder(), 20)):
        with pytest.raises(IndexMismatch, match="later version of rag"):
            run()
    sync(index, corpus, FakeEmbedder(), 20, rebuild=True)
    level(index, corpus, tmp_path)
    index.close()


def test_a_role_that_may_only_read_can_ask(postgres: Server, index: PostgresIndex) -> None:
    with admin(postgres) as connection:
        connection.execute(f"CREATE ROLE reader LOGIN; CREATE SCHEMA {index.url.schema_name}".encode())
        connection.execute(f"GRANT USAGE ON SCHEMA {index.url.schema_name} TO reader".encode())
    fill(index, OLD, OTHER)
    reading = PostgresIndex(postgres.url(index.url.schema_name, user="reader"))
    for documents in ((), (NEW,)):
        if documents:
            fill(index, *documents, rebuild=True)
        with reading.reading() as reader:
            assert reader.frequencies([("alpha",)]) == [2 if not documents else 0]
            assert nearest(reader, "sigma")
    with pytest.raises(IndexFailure, match=r"permission denied .*grant it the right, or use another role"):
        fill(reading, NEW)
    with pytest.raises(IndexFailure, match="grant it the right"), reading.writing():
        pass
    reading.close()


def test_a_full_disk_loses_nothing_and_says_so(postgres: Server, index: PostgresIndex) -> None:
    fill(index, OLD)
    build = f"{index.url.schema_name}_1"
    with admin(postgres) as connection:
        connection.execute(
            f"CREATE FUNCTION {build}.no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION"
            " 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;"
            f" CREATE TRIGGER no_room BEFORE INSERT ON {build}.postings FOR EACH ROW WHEN (new.term = 'omega')"
            f" EXECUTE FUNCTION {build}.no_room()".encode()
        )
    with pytest.raises(IndexFailure, match="the disk of the database is full: make room and run again"):
        fill(index, NEW)
    assert texts(index) == ["alpha", "delta", "gamma"]
    assert index.faults() == []
    with admin(postgres) as connection:
        connection.execute(f"DROP TRIGGER no_room ON {build}.postings".encode())
    fill(index, NEW)
    assert texts(index) == ["omega", "sigma"]


def test_a_question_is_asked_again_where_the_connection_was_cut(
    postgres: Server, url: DatabaseUrl, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(corpus, FILES)
    assistant = Assistant(Settings(corpus=corpus, index=url, chunk_tokens=20), FakeEmbedder())
    assistant.sync()
    expected = assistant.search("Where does river number 7 rise?")
    assert expected
    real, cuts = FakeEmbedder.embed_query, iter(["pg_terminate_backend", "pg_cancel_backend"])

    def cut(embedder: FakeEmbedder, text: str) -> object:
        if how := next(cuts, None):
            end(postgres, how)
        return real(embedder, text)

    monkeypatch.setattr(FakeEmbedder, "embed_query", cut)
    assert assistant.search("Where does river number 7 rise?") == expected
    end(postgres)  # between two questions: nobody notices
    assert assistant.search("Where does river number 7 rise?") == expected


def test_what_is_cut_in_the_middle_of_a_view_is_told(postgres: Server, index: PostgresIndex) -> None:
    fill(index, OLD)
    with pytest.raises(IndexCut, match=r"cannot be reached .*run again; nothing is lost"), index.reading() as reader:  # noqa: PT012
        end(postgres)
        reader.files()
    assert texts(index) == ["alpha", "delta", "gamma"]


def test_a_connection_that_is_cut_while_indexing_is_made_again(
    postgres: Server, index: PostgresIndex, corpus: Path, tmp_path: Path
) -> None:
    write(corpus, FILES)
    cuts = iter(range(3))

    def cut(progress: Progress) -> None:
        if next(cuts, None) is not None:
            end(postgres)

    sync(index, corpus, FakeEmbedder(), 20, cut)
    level(index, corpus, tmp_path)


def test_who_rebuilds_and_was_cut_waits_for_its_lock_before_it_writes_on(
    postgres: Server, index: PostgresIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = iter([True])
    with index.writing(rebuild=True):
        index.begin(MANIFEST)
        end(postgres)
        monkeypatch.setattr(
            "rag.index.postgres.try_lock",
            lambda *given, **named: not next(refused, False) and try_lock(*given, **named),
        )
        put_document(index, line_document("a.txt", ["alpha"]))
        with pytest.raises(IndexLocked), PostgresIndex(index.url).writing():
            pass
        index.publish()
    assert texts(index) == ["alpha"]


def test_statements_that_are_stopped_again_and_again_leave_nothing_half_done(
    postgres: Server, index: PostgresIndex, corpus: Path, tmp_path: Path
) -> None:
    write(corpus, FILES)
    done = threading.Event()

    def stop() -> None:
        while not done.wait(0.05):
            end(postgres, "pg_cancel_backend")

    stopper = threading.Thread(target=stop)
    stopper.start()
    try:
        for number in range(6):
            (corpus / "00.txt").write_text(f"Another text, number {number}, of the river.")
            with suppress(IndexFailure):
                sync(index, corpus, FakeEmbedder(), 20)
    finally:
        done.set()
        stopper.join()
    sync(index, corpus, FakeEmbedder(), 20)
    level(index, corpus, tmp_path)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_that_starts_again_is_waited_for(own_server: Server, corpus: Path, tmp_path: Path, mode: str) -> None:
    index = PostgresIndex(own_server.url())
    write(corpus, FILES)
    restarts = iter([mode])

    def restart(progress: Progress) -> None:
        if progress.source == "20.txt" and (how := next(restarts, None)):
            own_server.restart(how)

    sync(index, corpus, FakeEmbedder(), 20, restart)
    level(index, corpus, tmp_path)
    own_server.restart(mode)
    assert texts_of(index) == FILES
    index.close()


def test_a_statement_that_takes_too_long_is_ended(
    postgres: Server, index: PostgresIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(index, OLD)
    monkeypatch.setattr("rag.index.database.reader._READ_WITHIN", "100ms")
    with admin(postgres) as connection, connection.transaction():
        connection.execute(f"LOCK TABLE {index.url.schema_name}_1.chunks".encode())
        with pytest.raises(IndexFailure, match="a statement took too long or was stopped") as caught:
            texts(index)
        assert not isinstance(caught.value, IndexCut)


def indexing(url: DatabaseUrl, corpus: Path, until: str) -> subprocess.Popen[bytes]:
    """Start to index in a process of its own, which stays at the file ``until`` and tells when it is there."""
    program = (
        "import sys, time; from pathlib import Path; from rag.index.postgres import PostgresIndex\n"
        "from rag.place import DatabaseUrl; from rag.sync import sync; from tests.fakes import FakeEmbedder\n"
        "index = PostgresIndex(DatabaseUrl.parse(sys.argv[1]))\n"
        "def stay(progress):\n"
        "    if progress.source == sys.argv[3]: print('there', flush=True); time.sleep(600)\n"
        "sync(index, Path(sys.argv[2]), FakeEmbedder(), 20, stay)\n"
    )
    arguments = [sys.executable, "-c", program, url.secret.get_secret_value(), str(corpus), until]
    return subprocess.Popen(arguments, cwd=PROJECT, stdout=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": "1"})


def are_locks_held(url: DatabaseUrl) -> bool:
    """Whether a process holds one of the locks that go with its connection."""
    with psycopg.connect(url.connection) as connection:
        held = connection.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory')").fetchone()
    return held is not None and bool(held[0])


def test_an_indexer_that_is_killed_is_gone_on_from(url: DatabaseUrl, corpus: Path, tmp_path: Path) -> None:
    write(corpus, {f"{number:03}.txt": f"The lake number {number} is deep. " * 40 for number in range(120)})
    index = PostgresIndex(url)
    for until in ("020.txt", "090.txt"):
        process = indexing(url, corpus, until)
        assert process.stdout is not None
        assert process.stdout.readline() == b"there\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert wait_until(lambda: not are_locks_held(url))  # a busy server notices a while later that nobody is there
    report = sync(index, corpus, FakeEmbedder(), 20)
    assert report.broken_off == "run"
    assert report.documents == 120
    level(index, corpus, tmp_path)
    index.close()


def test_a_replica_is_read_and_never_written(postgres: Server, corpus: Path) -> None:
    """The replica here is the same database through a role that may only read: what it is asked, it sees."""
    index_url = postgres.url()
    with admin(postgres) as connection:
        connection.execute(f"CREATE ROLE copy LOGIN; CREATE SCHEMA {index_url.schema_name}".encode())
        connection.execute(f"GRANT USAGE ON SCHEMA {index_url.schema_name} TO copy".encode())
    index = PostgresIndex(index_url, postgres.url(index_url.schema_name, user="copy"))
    fill(index, OLD)
    with index.reading() as reader:
        assert reader._view.connection.info.user == "copy"
        assert len(reader) == 3
    with index.writing(), index.reading() as reader:
        assert reader._view.connection.info.user == "postgres"
    index.close()
