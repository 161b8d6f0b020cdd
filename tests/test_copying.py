"""A copy of an index is the index: between folder and database, whatever stops it, and without the model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import rag
from rag.copying import copy_index
from rag.errors import IndexFailure, IndexMismatch
from rag.index import Index
from rag.index.local import LocalIndex
from rag.index.postgres import PostgresIndex
from rag.parse import parse
from rag.sync import Progress, sync
from tests.databases import Server
from tests.fakes import CountingEmbedder, FakeEmbedder
from tests.folders import write
from tests.test_pictures import pdf, printed
from tests.test_sync_fresh import MAIL, answers, contents

PROJECT = Path(str(rag.__file__)).parent.parent
FILES = {
    "river.md": b"# River\n\nIt rises in the forest.\n\n## Length\n\nIt is long. Very long.\n\n# Sea\n\nIt is deep.\n",
    "mail.eml": MAIL,
    "none.bin": bytes(range(256)),
    "copy.md": b"# River\n\nIt rises in the forest.\n\n## Length\n\nIt is long. Very long.\n\n# Sea\n\nIt is deep.\n",
    "null.txt": b"Nothing \x00 is here. Something follows it.",
}


@pytest.fixture
def folder(tmp_path: Path, corpus: Path) -> LocalIndex:
    write(corpus, FILES)
    index = LocalIndex(tmp_path / "one")
    sync(index, corpus, FakeEmbedder(), 16)
    return index


def other(kind: str, tmp_path: Path, postgres: Server) -> Index:
    return PostgresIndex(postgres.url()) if kind == "database" else LocalIndex(tmp_path / "other")


@pytest.mark.parametrize("kind", ["folder", "database"])
def test_a_copy_holds_all_and_answers_alike(folder: LocalIndex, tmp_path: Path, postgres: Server, kind: str) -> None:
    target, back = other(kind, tmp_path, postgres), LocalIndex(tmp_path / "back")
    report = copy_index(folder, target)
    assert (report.copied, report.there_already, report.removed) == (5, 0, 0)
    assert copy_index(target, back).digest == report.digest
    for index in (target, back):
        assert contents(index) == contents(folder)
        assert index.faults() == []
        for one, other_answers in zip(answers(folder), answers(index), strict=True):
            assert one == pytest.approx(other_answers, abs=1e-5)
    assert copy_index(folder, target).model_dump() == report.model_dump() | {"copied": 0, "there_already": 5}


def test_a_copy_goes_on_in_step_with_the_folder_and_embeds_nothing(
    folder: LocalIndex, corpus: Path, postgres: Server
) -> None:
    target = PostgresIndex(postgres.url())
    copy_index(folder, target)
    counting = CountingEmbedder(FakeEmbedder())
    (corpus / "river.md").rename(corpus / "moved.md")
    assert sync(target, corpus, counting, 16).renamed == (("river.md", "moved.md"),)
    assert counting.texts == []
    sync(folder, corpus, FakeEmbedder(), 16)
    report = copy_index(folder, target)
    assert (report.copied, report.removed) == (0, 0)
    target.close()


@pytest.mark.parametrize("kind", ["folder", "database"])
def test_a_copy_that_is_broken_off_goes_on(folder: LocalIndex, tmp_path: Path, postgres: Server, kind: str) -> None:
    target = other(kind, tmp_path, postgres)

    def stop(progress: Progress) -> None:
        if progress.source == "null.txt":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_index(folder, target, stop)
    report = copy_index(folder, target)
    assert report.there_already > 0
    assert report.copied + report.there_already == 5
    assert contents(target) == contents(folder)


def test_a_copy_that_is_not_what_was_copied_is_told(folder: LocalIndex, tmp_path: Path) -> None:
    target = LocalIndex(tmp_path / "other")
    copy_index(folder, target)
    database = next(target.folder.glob("*.sqlite"))
    program = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit()"
    change = "UPDATE chunks SET headings = '[\"Lake\"]' WHERE row = 1"
    target.close()
    subprocess.run([sys.executable, "-c", program, str(database), change], check=True)
    with pytest.raises(IndexFailure, match="is not what was copied: run it again"):
        copy_index(folder, target)


def test_what_is_not_embedded_to_its_end_is_not_copied(folder: LocalIndex, tmp_path: Path, corpus: Path) -> None:
    write(corpus, {"new.txt": "A bridge is new."})
    assert sync(folder, corpus, FakeEmbedder(), 16, embed_for=0).embedded < 1
    target = LocalIndex(tmp_path / "other")
    with pytest.raises(IndexFailure, match="not embedded to its end: run `rag index`"):
        copy_index(folder, target)
    assert target.manifest() is None
    sync(folder, corpus, FakeEmbedder(), 16)
    copy_index(folder, target)
    assert contents(target) == contents(folder)


def test_an_index_of_another_model_is_not_copied_over(folder: LocalIndex, tmp_path: Path, corpus: Path) -> None:
    target = LocalIndex(tmp_path / "other")
    sync(target, corpus, FakeEmbedder(), 20)
    before = contents(target)
    with pytest.raises(IndexMismatch, match="chunk tokens 20 instead of 16"):
        copy_index(folder, target)
    assert contents(target) == before


def test_the_command_copies_both_ways(folder: LocalIndex, tmp_path: Path, postgres: Server) -> None:
    url, back = postgres.url().secret.get_secret_value(), str(tmp_path / "back")
    folder.close()
    digests = set()
    for places in ([str(folder.folder), url], [url, back]):
        command = [sys.executable, "-m", "rag", "copy", *places, "--json"]
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True, timeout=60)
        digests.add(json.loads(done.stdout)["digest"])
    assert len(digests) == 1
    assert contents(LocalIndex(Path(back))) == contents(folder)


def test_the_places_of_words_are_kept_by_a_run_and_copied(tmp_path: Path, corpus: Path) -> None:
    data = pdf(printed)
    (corpus / "river.pdf").write_bytes(data)
    index, copy = LocalIndex(tmp_path / "one"), LocalIndex(tmp_path / "copy")
    sync(index, corpus, FakeEmbedder(), 16)
    copy_index(index, copy)
    wanted = parse(data, "river.pdf").word_boxes["river.pdf"]
    for one in (index, copy):
        with one.reading() as reader:
            assert reader.word_boxes("river.pdf") == wanted
