"""The invariant of the index: after any edits it is what a fresh one would be."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.index.local import LocalIndex
from rag.retrieve import retrieve
from rag.sync import sync
from tests.fakes import FakeEmbedder

NAMES = st.sampled_from(["a.txt", "b.md", "c.html", "sub/a.txt", "sub/d.md", "e.bin"])
CONTENTS = st.sampled_from(
    [
        b"",
        b"The river rises in the forest. It ends in the sea.",
        b"The river rises in the forest. It ends in the sea. " * 5,
        b"The river rises in the mountain. It ends in the sea. " * 5,
        b"# River\n\nIt rises in the forest.\n\n## Length\n\nIt is long. Very long.\n\n# Sea\n\nIt is deep.\n",
        b"# River\n\nIt rises in the forest.\n\n## Depth\n\nIt is long. Very long.\n\n# Sea\n\nIt is deep.\n",
        b"<html><body><h1>River</h1><p>It rises in the forest.</p></body></html>",
        bytes(range(256)),
    ]
)
QUESTIONS = ("Where does the river rise?", "How deep is the sea?", "long")


class Edit(NamedTuple):
    """Something a person does in a folder; ``sync`` is a run in between."""

    kind: str
    name: str
    other: str
    content: bytes


EDITS = st.builds(
    Edit, st.sampled_from(["write", "write", "rename", "copy", "remove", "touch", "sync"]), NAMES, NAMES, CONTENTS
)


def make(edit: Edit, corpus: Path, at: int) -> None:
    path, other = corpus / edit.name, corpus / edit.other
    for place in (path, other):
        place.parent.mkdir(exist_ok=True)
    if edit.kind == "write":
        path.write_bytes(edit.content)
        os.utime(path, ns=(at, at))  # a clock that never stands still
    elif path.exists():
        if edit.kind == "rename":
            path.replace(other)
        elif edit.kind == "copy":
            other.write_bytes(path.read_bytes())
            os.utime(other, ns=(at, at))
        elif edit.kind == "remove":
            path.unlink()
        elif edit.kind == "touch":
            os.utime(path, ns=(at, at))


def contents(index: LocalIndex) -> list[object]:
    """Return all an index holds, in an order that does not depend on how it came to."""
    with index.reading() as reader:
        keys = list(reader.dense(FakeEmbedder().embed_query("any"), len(reader)))
        passages = zip(reader.passages(keys), reader.vectors(keys), reader.sentence_vectors(keys), strict=True)
        return [
            reader.files(),
            [reader.document(summary.source) for summary in reader.documents()],
            sorted((p.chunk.id, repr(p), v.tobytes(), s.tobytes()) for p, v, s in passages),
        ]


def answers(index: LocalIndex) -> list[dict[str, float]]:
    with index.reading() as reader:
        found = [retrieve(question, reader, FakeEmbedder(), 100) for question in QUESTIONS]
    return [{result.chunk.id: result.score for result in results} for results in found]


@given(st.lists(EDITS, min_size=1, max_size=12))
def test_after_any_edits_an_index_is_what_a_fresh_one_would_be(edits: Sequence[Edit]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        corpus, edited, fresh = Path(folder, "corpus"), LocalIndex(Path(folder, "1")), LocalIndex(Path(folder, "2"))
        corpus.mkdir()
        for at, edit in enumerate(edits):
            if edit.kind == "sync":
                sync(edited, corpus, FakeEmbedder(), 16)
            else:
                make(edit, corpus, at)
        reports = [sync(index, corpus, FakeEmbedder(), 16) for index in (edited, fresh)]
        assert contents(edited) == contents(fresh)
        for one, other in zip(answers(edited), answers(fresh), strict=True):
            assert one == pytest.approx(other, abs=1e-5)
        assert [(report.documents, report.chunks, report.failed) for report in reports] == [
            (reports[1].documents, reports[1].chunks, reports[1].failed)
        ] * 2
        edited.close()
        fresh.close()
