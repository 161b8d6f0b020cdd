"""What an index does when it is written while it is read, broken, locked, or rebuilt."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

import rag
from rag.errors import IndexDamaged, IndexFailure, IndexLocked, IndexMismatch
from rag.index import SCHEMA_VERSION, Manifest
from rag.index.local import LocalIndex
from rag.types import Document
from tests.filling import MANIFEST, fill, line_document, nearest, put_document, vector_of, with_vectors
from tests.folders import mounted_read_only, read_only

OLD = line_document("a", ["alpha", "gamma", "delta"])
NEW = line_document("a", ["sigma", "omega"])
OTHER = line_document("b", ["alpha", "kappa"])


def texts(index: LocalIndex) -> list[str]:
    with index.reading() as reader:
        return sorted(text for text, _ in nearest(reader, "alpha", 99))


def test_an_index_that_cannot_be_written_is_read(index: LocalIndex) -> None:
    fill(index, OLD, OTHER)
    index.close()
    with read_only(index.folder):
        index = LocalIndex(index.folder)
        assert texts(index) == ["alpha", "alpha", "delta", "gamma", "kappa"]
        assert index.manifest() == MANIFEST
        with pytest.raises(IndexFailure, match="cannot be written"), index.writing():
            pass
        index.close()


def test_what_another_process_writes_is_seen_where_nothing_can_be_written(index: LocalIndex, tmp_path: Path) -> None:
    fill(index, OLD)
    index.close()
    (tmp_path / "seen").mkdir()
    with mounted_read_only(index.folder, tmp_path / "seen"):
        reader = LocalIndex(tmp_path / "seen")
        assert texts(reader) == ["alpha", "delta", "gamma"]
        fill(index, OTHER)
        assert texts(reader) == ["alpha", "alpha", "delta", "gamma", "kappa"]
        index.close()
        assert texts(reader) == ["alpha", "alpha", "delta", "gamma", "kappa"]
        reader.close()


def one_file(index: LocalIndex, suffix: str) -> Path:
    """Return the newest file of the index with ``suffix``."""
    return sorted(index.folder.glob(f"*{suffix}"))[-1]


def reopened(index: LocalIndex) -> LocalIndex:
    """Return the index as a new process would see it."""
    index.close()
    return LocalIndex(index.folder)


def break_off(index: LocalIndex, document: Document, *, rebuild: bool = False) -> None:
    """Put a document, and be interrupted before it is published."""
    with index.writing(rebuild=rebuild):
        index.begin(MANIFEST)
        put_document(index, document)
        raise KeyboardInterrupt


@contextmanager
def another_process_writing(folder: Path) -> Iterator[subprocess.Popen[str]]:
    program = (
        "import sys; from pathlib import Path; from rag.index.local import LocalIndex\n"
        "with LocalIndex(Path(sys.argv[1])).writing(): print('writing', flush=True); sys.stdin.read()"
    )
    project = Path(str(rag.__file__)).parent.parent
    with subprocess.Popen(
        [sys.executable, "-c", program, str(folder)],
        cwd=project,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        yield process
        process.kill()


def test_a_reader_keeps_its_view_while_a_document_is_replaced(index: LocalIndex) -> None:
    fill(index, OLD, OTHER)
    with index.reading() as reader:
        before = nearest(reader, "delta"), reader.lexical([("delta",)], 5), reader.document("a")
        fill(index, NEW)
        keys = list(reader.dense(vector_of("delta"), 5))
        assert (nearest(reader, "delta"), reader.lexical([("delta",)], 5), reader.document("a")) == before
        assert len(reader.sentence_vectors(keys)) == len(reader.vectors(keys)) == 5
        with index.reading() as later:
            assert later.document("a") == NEW
            assert later.lexical([("delta",)], 5) == {}
    assert texts(index) == sorted(["sigma", "omega", "alpha", "kappa"])


def test_what_is_written_can_be_read_before_it_is_published(index: LocalIndex) -> None:
    fill(index, OLD)
    with index.writing():
        put_document(index, NEW)
        assert texts(index) == ["omega", "sigma"]
        assert texts(LocalIndex(index.folder)) == ["omega", "sigma"]


def test_many_readers_each_see_one_state_whole_while_it_is_written(index: LocalIndex) -> None:
    states = [[f"{name}{n}" for name in ("alpha", "gamma", "delta")] for n in range(25)]
    fill(index, line_document("a", states[0]))
    mixed: list[list[str]] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            found = texts(index)
            if found not in [sorted(state) for state in states]:
                mixed.append(found)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for state in states[1:]:
        fill(index, line_document("a", state))
    stop.set()
    for reader in readers:
        reader.join()
    assert mixed == []
    assert texts(index) == sorted(states[-1])


def test_a_document_that_cannot_be_put_leaves_what_was_there(index: LocalIndex) -> None:
    fill(index, OLD)
    unwritable = Document(source="a", sha256="", title="\ud800", text="sigma")
    with index.writing():
        with pytest.raises(UnicodeEncodeError):
            put_document(index, unwritable)
        index.publish()
    assert texts(index) == sorted(["alpha", "gamma", "delta"])


def test_stale_files_of_the_engines_are_made_good_from_the_database(index: LocalIndex) -> None:
    fill(index, OLD)
    stale = one_file(index, ".faiss").read_bytes()
    fill(index, NEW)
    one_file(index, ".faiss").write_bytes(stale)
    with reopened(index).reading() as reader:
        assert nearest(reader, "sigma", 1) == [("sigma", 1.0)]
        assert len(nearest(reader, "sigma")) == len(reader) == 2
    assert index.faults() == []


def test_an_index_that_is_not_there_says_what_to_do(index: LocalIndex) -> None:
    assert index.manifest() is None
    with pytest.raises(IndexFailure, match=r"there is no index in .*: run `rag index`"), index.reading():
        pass


@pytest.mark.parametrize("data", [b"not a database" * 500, b""])
def test_a_damaged_database_says_what_to_do_and_a_rebuild_does_it(index: LocalIndex, data: bytes) -> None:
    fill(index, OLD)
    index.close()
    for suffix in ("-wal", "-shm"):
        Path(f"{one_file(index, '.sqlite')}{suffix}").unlink(missing_ok=True)
    one_file(index, ".sqlite").write_bytes(data)
    with pytest.raises(IndexDamaged, match="run `rag index --rebuild`"), index.reading():
        pass
    fill(index, NEW, rebuild=True)
    assert texts(index) == ["omega", "sigma"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"chunk_tokens": 100}, "chunk tokens 200 instead of 100"),
        (
            {"fingerprint": "1" * 64, "embedder": "other"},
            "embedder none instead of other, fingerprint 000000.* instead of",
        ),
        ({"dimension": 8}, "dimension 16 instead of 8"),
        ({"schema_version": 0}, f"schema version {SCHEMA_VERSION} instead of 0"),
    ],
)
def test_an_index_built_otherwise_says_how_and_what_to_do(
    index: LocalIndex, change: dict[str, object], said: str
) -> None:
    fill(index, OLD)
    wanted = Manifest.model_validate(MANIFEST.model_dump() | change)
    expected = rf"the index was built with {said}.*: run `rag index --rebuild`"
    with index.writing(), pytest.raises(IndexMismatch, match=expected):
        index.begin(wanted)
    assert index.manifest() == MANIFEST
    with index.writing(rebuild=True):
        index.begin(wanted)
        index.publish()
    assert index.manifest() == wanted


def test_while_another_process_writes_this_one_may_only_read(index: LocalIndex) -> None:
    fill(index, OLD)
    with another_process_writing(index.folder):
        with pytest.raises(IndexLocked, match=r"process \d+ on .* is writing to .*: wait for it"), index.writing():
            pass
        assert texts(index) == sorted(["alpha", "gamma", "delta"])
    fill(index, NEW)  # the other was killed; nothing it left stands in the way
    assert texts(index) == ["omega", "sigma"]


def test_another_thread_may_not_write_either(index: LocalIndex) -> None:
    errors: list[IndexLocked] = []

    def write() -> None:
        try:
            fill(index, NEW)
        except IndexLocked as error:
            errors.append(error)

    fill(index, OLD)
    with index.writing():
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
        put_document(index, OTHER)
        index.publish()
    assert len(errors) == 1
    assert texts(index) == sorted(["alpha", "alpha", "gamma", "delta", "kappa"])


def test_writing_needs_the_right_to_write(index: LocalIndex) -> None:
    fill(index, OLD)
    with pytest.raises(IndexFailure, match=r"enter writing\(\) first"):
        index.remove("a")


def test_a_rebuild_takes_over_only_when_it_is_published(index: LocalIndex) -> None:
    fill(index, OLD, OTHER)
    other = LocalIndex(index.folder)
    with index.reading() as before, index.writing(rebuild=True):
        index.begin(MANIFEST)
        put_document(index, NEW)
        assert texts(index) == texts(other) == sorted(["alpha", "gamma", "delta", "alpha", "kappa"])
        index.publish()
        assert texts(index) == texts(other) == ["omega", "sigma"]
        assert before.document("a") == OLD
        assert before.document("b") == OTHER
    assert texts(reopened(index)) == ["omega", "sigma"]


def test_a_rebuild_that_is_broken_off_changes_nothing(index: LocalIndex) -> None:
    fill(index, OLD)
    with pytest.raises(KeyboardInterrupt):
        break_off(index, NEW, rebuild=True)
    assert texts(reopened(index)) == sorted(["alpha", "gamma", "delta"])
    fill(index, NEW, rebuild=True)
    assert texts(reopened(index)) == ["omega", "sigma"]


def test_a_first_build_that_is_broken_off_goes_on_from_where_it_was(index: LocalIndex) -> None:
    with pytest.raises(KeyboardInterrupt):
        break_off(index, OLD)
    again = reopened(index)
    with again.writing():
        again.begin(MANIFEST)
        assert with_vectors(again, ["alpha", "kappa"]) == {"alpha"}
        put_document(again, OTHER)
        again.publish()
    assert texts(again) == sorted(["alpha", "gamma", "delta", "alpha", "kappa"])


def test_of_old_databases_only_the_last_is_kept(index: LocalIndex) -> None:
    for _ in range(4):
        fill(index, OLD, rebuild=True)
    assert len(list(index.folder.glob("*.sqlite"))) == 2
    assert len(list(index.folder.glob("*.faiss"))) == len(list(index.folder.glob("*.words-*"))) == 2


def test_a_reader_holds_up_no_writer(index: LocalIndex) -> None:
    fill(index, OLD)
    with index.reading():
        fill(index, NEW)  # which would wait for ever, or fail
        assert texts(index) == ["omega", "sigma"]


def test_a_lock_is_not_taken_for_damage(index: LocalIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(index, OLD)
    index.close()
    real = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda path, timeout, **named: real(path, timeout=0.1, **named))
    with closing(real(one_file(index, ".sqlite"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(IndexFailure, match=r"database is locked.*run again; nothing is lost") as caught:
            fill(index, NEW)
        assert not isinstance(caught.value, IndexDamaged)
        assert texts(index) == sorted(["alpha", "gamma", "delta"]), "who reads does not wait"
    assert index.faults() == []


def test_what_a_rebuild_that_was_broken_off_left_is_deleted_by_the_next_run(index: LocalIndex) -> None:
    fill(index, OLD)
    fill(index, OLD, rebuild=True)  # the one before is kept aside
    with suppress(KeyboardInterrupt), index.writing(rebuild=True):
        index.begin(MANIFEST)
        put_document(index, OTHER)
        raise KeyboardInterrupt
    assert {path.name.split(".")[0] for path in index.folder.glob("index-*")} == {"index-2", "index-3"}
    fill(index, OTHER)
    assert {path.name.split(".")[0] for path in index.folder.glob("index-*")} == {"index-2"}
    assert texts(index) == ["alpha", "alpha", "delta", "gamma", "kappa"]
