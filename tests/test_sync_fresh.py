"""The invariant of the index: after any edits, and any runs between them, it is what a fresh one would be."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from rag.changes import changes
from rag.index import Index
from rag.index.local import LocalIndex
from rag.index.postgres import PostgresIndex
from rag.sync import sync
from tests.databases import Server
from tests.fakes import FakeEmbedder
from tests.folders import find

pytestmark = pytest.mark.usefixtures("kept_workers")

MAIL = b"""From: a@example.org
To: b@example.org
Subject: The river
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: text/plain

Where it rises is told in the paper.
--x
Content-Type: text/plain
Content-Disposition: attachment; filename=a.txt

The river rises in the forest.
--x--
"""
# "mail.eml/a.txt" is an attachment, or a file in a folder of that name.
NAMES = st.sampled_from(["a.txt", "b.md", "sub/a.txt", "sub/d.md", "e.bin", "mail.eml", "mail.eml/a.txt", "a.txt/b.md"])
FILES = [
    b"",
    b"The river rises in the forest. It ends in the sea.",
    b"The river rises in the meadow. It ends in the sea.",  # as long as the one before
    b"The river rises in the mountain. It ends in the sea. " * 5,
    b"# River\n\nIt rises in the forest.\n\n## Length\n\nIt is long. Very long.\n\n# Sea\n\nIt is deep.\n",
    b"# River\n\nIt rises in the forest.\n\n## Depth\n\nIt is long. Very long.\n\n# Sea\n\nIt is deep.\n",
    MAIL,
    bytes(range(256)),
]
CONTENTS = st.sampled_from(FILES)
SOME = FILES[1], FILES[4], MAIL
QUESTIONS = ("Where does the river rise?", "How deep is the sea?", "long")


def holds_files(machine: FolderAndIndex) -> bool:
    return any(path.is_file() for path in machine.corpus.rglob("*"))


class FolderAndIndex(RuleBasedStateMachine):
    """A folder that is edited in every way people edit one, and an index that follows it run by run."""

    def __init__(self, database: Server | None = None) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp())
        self.corpus = self.place / "corpus"
        self.corpus.mkdir()
        for name, content in zip(["a.txt", "sub/d.md", "mail.eml"], SOME, strict=True):
            self.room_for(name).write_bytes(content)
        self.index: Index = PostgresIndex(database.url()) if database else LocalIndex(self.place / "index")
        self.level = False

    def teardown(self) -> None:
        self.index.close()
        shutil.rmtree(self.place)

    def room_for(self, name: str) -> Path:
        """Return a path with folders over it; a file where a folder must be gives way."""
        path = self.corpus / name
        for folder in (path.parent.parent, path.parent):
            if folder.is_file():
                folder.unlink()
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def existing(self, data: st.DataObject) -> Path:
        return data.draw(st.sampled_from(sorted(path for path in self.corpus.rglob("*") if path.is_file())))

    @rule(name=NAMES, content=CONTENTS)
    def write(self, name: str, content: bytes) -> None:
        path = self.room_for(name)
        if path.is_dir():
            shutil.rmtree(path)
        path.write_bytes(content)
        self.level = False

    @precondition(holds_files)
    @rule(data=st.data(), content=CONTENTS, keep_time=st.booleans())
    def edit(self, data: st.DataObject, content: bytes, keep_time: bool) -> None:
        path = self.existing(data)
        stat = path.stat()
        path.write_bytes(content)
        if keep_time:
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        self.level = False

    @precondition(holds_files)
    @rule(data=st.data(), other=NAMES, copy=st.booleans())
    def rename_or_copy(self, data: st.DataObject, other: str, copy: bool) -> None:
        path = self.existing(data)
        if path not in (self.corpus / other).parents and not (to := self.room_for(other)).is_dir():
            if copy:
                to.write_bytes(path.read_bytes())
            else:
                path.replace(to)
            self.level = False

    @precondition(holds_files)
    @rule(data=st.data(), how=st.sampled_from(["remove", "touch"]))
    def remove_or_touch(self, data: st.DataObject, how: str) -> None:
        path = self.existing(data)
        path.unlink() if how == "remove" else path.touch()
        self.level = False

    @precondition(lambda self: (self.corpus / "sub").is_dir() and not (self.corpus / "renamed").exists())
    @rule()
    def rename_a_folder(self) -> None:
        (self.corpus / "sub").rename(self.corpus / "renamed")
        self.level = False

    @precondition(lambda self: not self.level)
    @rule()
    def run(self) -> None:
        sync(self.index, self.corpus, FakeEmbedder(), 16)
        self.level = True
        self.check_that_the_index_is_what_a_fresh_one_would_be()

    def check_that_the_index_is_what_a_fresh_one_would_be(self) -> None:
        assert changes(self.index, self.corpus).freshness.level
        assert self.index.faults() == []
        with tempfile.TemporaryDirectory() as folder:
            fresh = LocalIndex(Path(folder))
            sync(fresh, self.corpus, FakeEmbedder(), 16)
            assert contents(self.index) == contents(fresh)
            for one, other in zip(answers(self.index), answers(fresh), strict=True):
                assert one == pytest.approx(other, abs=1e-5)
            fresh.close()


def contents(index: Index) -> list[object]:
    """Return all an index holds, in an order that does not depend on how it came to."""
    with index.reading() as reader:
        keys = list(reader.dense(FakeEmbedder().embed_query("any"), len(reader)))
        passages = zip(reader.passages(keys), reader.vectors(keys), reader.sentence_vectors(keys), strict=True)
        return [
            reader.files(),
            [reader.document(summary.source) for summary in reader.documents()],
            sorted((p.chunk.id, repr(p), v.tobytes(), s.tobytes()) for p, v, s in passages),
        ]


def answers(index: Index) -> list[dict[str, float]]:
    with index.reading() as reader:
        found = [find(question, reader, FakeEmbedder(), 100) for question in QUESTIONS]
    return [{result.chunk.id: result.score for result in results} for results in found]


TestFolderAndIndex = FolderAndIndex.TestCase
TestFolderAndIndex.settings = settings(max_examples=40, stateful_step_count=25)


def test_an_index_in_a_database_is_what_a_fresh_one_in_a_folder_would_be(postgres: Server) -> None:
    few = settings(max_examples=8, stateful_step_count=20)
    run_state_machine_as_test(lambda: FolderAndIndex(postgres), settings=few)  # type: ignore[arg-type]
