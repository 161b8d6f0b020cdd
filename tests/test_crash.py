"""Whatever stops a run, the index is whole: kill -9 at any moment, a disk that is full, a power cut."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import rag
from rag.errors import IndexFailure
from rag.index.local import LocalIndex
from rag.sync import sync
from tests.fakes import FakeEmbedder
from tests.filling import fill, line_document
from tests.folders import texts_of

PROJECT = Path(str(rag.__file__)).parent.parent
RIVERS = "\n\n".join(f"River number {number} rises in the forest and ends in the sea." for number in range(200))


@pytest.mark.parametrize(("kills", "least_inside", "exact_up_to"), [(70, 14, []), (30, 5, ["8"])], ids=["few", "many"])
def test_killed_at_any_moment_a_run_leaves_the_index_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kills: int, least_inside: int, exact_up_to: list[str]
) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.crashing", str(tmp_path), str(kills), "3", *exact_up_to],
        cwd=PROJECT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert run.returncode == 0, run.stderr
    counted = json.loads(run.stdout)
    with capsys.disabled():
        print(f"\nindex whole after each of {counted['kills']} kills: {counted}")
    assert counted["kills"] >= kills
    assert counted["inside a write"] >= least_inside
    assert counted["looks at what is not all embedded"] >= kills // 15, "in either phase"


@contextmanager
def little_space() -> Iterator[None]:
    """Let no file grow over 200 kB, as on a full disk: SQLite and FAISS meet writes that really fail."""
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_loses_nothing_and_says_so(corpus: Path, index: LocalIndex) -> None:
    (corpus / "a.txt").write_text("The lake is deep.")
    sync(index, corpus, FakeEmbedder(), 20)
    (corpus / "b.txt").write_text(RIVERS)
    said = r"cannot be written \(.*\): mend that and run again; nothing is lost"
    with little_space(), pytest.raises(IndexFailure, match=said):
        sync(index, corpus, FakeEmbedder(), 20)
    again = LocalIndex(index.folder)
    assert texts_of(again) == {"a.txt": "The lake is deep."}
    assert again.faults() == []
    sync(again, corpus, FakeEmbedder(), 20)
    assert texts_of(again) == {"a.txt": "The lake is deep.", "b.txt": RIVERS}
    again.close()


def test_what_was_made_before_a_power_cut_never_passes_for_one_of_after(index: LocalIndex) -> None:
    fill(index, line_document("a", ["alpha"]))
    index.close()
    database = next(index.folder.glob("*.sqlite"))
    kept = index.folder / "kept"
    kept.mkdir()
    for path in index.folder.glob("*.sqlite*"):
        shutil.copy(path, kept)
    fill(index, line_document("b", ["gamma"]))
    index.close()
    # The power goes: what was written last to the database is lost, what was made of it is not.
    for path in index.folder.glob("*.sqlite*"):
        path.unlink()
    for path in kept.iterdir():
        shutil.copy(path, index.folder)
    again = LocalIndex(index.folder)
    with again.writing():
        again.remove("a")  # as many writes as were lost, and another content
    assert database.is_file()
    assert again.faults() == []
    with again.reading() as reader:
        assert len(reader) == 0
    again.close()


def test_the_run_after_one_that_was_killed_says_that_nothing_was_lost(corpus: Path, index: LocalIndex) -> None:
    (corpus / "a.txt").write_text("The lake is deep.")
    assert sync(index, corpus, FakeEmbedder(), 20).broken_off is None
    for said, told in (("process 1 on a machine", "run"), ("process 1 on a machine, rebuilding", "rebuild")):
        (index.folder / "writer").write_text(said)  # which only a run that ends takes away
        assert sync(index, corpus, FakeEmbedder(), 20).broken_off == told
        assert sync(index, corpus, FakeEmbedder(), 20).broken_off is None


def test_where_it_is_not_known_which_database_is_current_none_is_deleted(corpus: Path, index: LocalIndex) -> None:
    (corpus / "a.txt").write_text("The lake is deep.")
    sync(index, corpus, FakeEmbedder(), 20)
    index.close()
    (index.folder / "current").write_text("nonsense")
    sync(LocalIndex(index.folder), corpus, FakeEmbedder(), 20)
    assert {path.name for path in index.folder.glob("*.sqlite")} == {"index-1.sqlite", "index-2.sqlite"}
    assert texts_of(LocalIndex(index.folder)) == {"a.txt": "The lake is deep."}
