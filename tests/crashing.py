"""Kills the command `rag index` over and over, and looks each time at what it left: ``python -m tests.crashing``.

Each run is a process of its own with the real command, model, SQLite, FAISS and parsers; only the model is
loaded once and shared by forking, as loading it a hundred times would take a quarter of an hour. Half of
the runs are killed at a random moment, half at a fault point: a statement, the middle of one, a flush, link
or rename of a file, before it or with the file half written, before or after words are added to tantivy, or the
start of a batch of embedding. A third of these are counted from the first batch, so that both phases are met.
With a last argument, an index of more passages than that is one of many, which changes form as it grows, and
whose engines are saved on the way.

A killed run leaves passages without vectors: what it leaves is checked to be found by words, to have the right
vectors where it has any, and to say how many are missing.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import rag.assistant
import rag.cli
import rag.index.collections
import rag.index.words as words_module
import rag.sync as sync_module
from rag.chunk import chunk_document
from rag.embed import Vectors
from rag.embed.packaged import PackagedEmbedder
from rag.errors import RagError
from rag.index import engines
from rag.index.local import LocalIndex
from rag.index.vectors import EXACT_UP_TO
from rag.parse import parse
from rag.sync import sync
from rag.words import terms
from tests.workers import KeptWorkers

WORDS = "river rises in the forest and ends sea lake mountain is deep long old town bridge over water".split()
NAMES = [f"{folder}{letter}.{suffix}" for folder in ("", "sub/") for letter in "abcdef" for suffix in ("txt", "md")]
State = dict[str, str]

EXACT = int(sys.argv[4]) if len(sys.argv) > 4 else EXACT_UP_TO
index_in = partial(LocalIndex, exact_up_to=EXACT)

embedder = PackagedEmbedder()
kept_workers = KeptWorkers()  # for bringing the index level; the command starts its own
vectors: dict[str, Vectors] = {}
kills: Counter[str] = Counter()


class Killer:
    """Counts fault points, and kills this process at one of them."""

    def __init__(self, at: int, tell: int, embedding: bool) -> None:
        self.at = at
        self.tell = tell
        self.counts = not embedding
        self.passed = 0

    def point(self, inside_write: bool, before: Callable[[], object] = lambda: None) -> None:
        self.passed += self.counts
        if self.counts and self.passed == self.at:
            before()
            os.write(self.tell, b"w" if inside_write else b"-")
            os.kill(os.getpid(), signal.SIGKILL)

    def install(self) -> None:
        killer = self

        class Connection(sqlite3.Connection):
            """A connection in which every statement is a fault point, before it, within it and after it."""

            def __init__(self, *rest: Any, **named: Any) -> None:
                super().__init__(*rest, **named)
                self.set_progress_handler(self.within, 400)

            def within(self) -> int:
                killer.point(self.in_transaction)
                return 0

            def commit(self) -> None:
                killer.point(True)
                super().commit()
                killer.point(False)

            def execute(self, *rest: Any) -> sqlite3.Cursor:
                found = super().execute(*rest)
                killer.point(self.in_transaction)
                return found

        connect, fsync, replace = sqlite3.connect, os.fsync, Path.replace

        def halved(file: int) -> None:
            killer.point(True, lambda: os.ftruncate(file, os.fstat(file).st_size // 2))
            fsync(file)

        def renamed(path: Path, to: Path) -> Path:
            killer.point(True)
            done = replace(path, to)
            killer.point(True)
            return done

        add, link = words_module._add, Path.hardlink_to

        def added(*rest: Any) -> None:
            killer.point(True)
            add(*rest)
            killer.point(True)

        def linked(path: Path, to: Path) -> None:
            link(path, to)
            killer.point(True)

        embed = embedder.embed

        def embedded(*rest: Any) -> Any:
            killer.counts = True
            killer.point(False)
            return embed(*rest)

        embedder.embed = embedded  # type: ignore[method-assign, assignment]
        words_module._add = added  # type: ignore[assignment]
        Path.hardlink_to = linked  # type: ignore[method-assign, assignment]
        sqlite3.connect = lambda *rest, **named: connect(*rest, factory=Connection, **named)  # type: ignore[assignment]
        os.fsync = halved  # type: ignore[assignment]
        Path.replace = renamed  # type: ignore[method-assign, assignment]


def edit(corpus: Path, luck: random.Random) -> None:
    """Do some of what people do in a folder."""
    for _ in range(luck.randint(1, 5)):
        path, other = (corpus / luck.choice(NAMES) for _ in range(2))
        path.parent.mkdir(exist_ok=True)
        other.parent.mkdir(exist_ok=True)
        kind = luck.choice(["write", "write", "write", "remove", "rename", "copy"])
        if kind == "write":
            sentences = [" ".join(luck.choices(WORDS, k=12)).capitalize() + "." for _ in range(luck.randint(1, 12))]
            path.write_text("\n\n".join(sentences))
        elif path.exists():
            if kind == "remove":
                path.unlink()
            elif kind == "rename":
                path.replace(other)
            else:
                other.write_text(path.read_text())


def state_of(corpus: Path) -> State:
    files = (path for path in corpus.rglob("*") if path.is_file())
    return {path.relative_to(corpus).as_posix(): path.read_text() for path in files}


def run_command(arguments: list[str], at: int, tell: int, embedding: bool) -> int:
    """Start `rag index` in a process of its own, to be killed at a fault point, of the embedding or of all."""
    process = os.fork()
    if process == 0:
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        setattr(rag.assistant, "PackagedEmbedder", lambda: embedder)  # noqa: B010, no mypy
        setattr(rag.index.collections, "LocalIndex", index_in)  # noqa: B010
        sys.argv = ["rag", "index", *arguments]
        killer = Killer(at, tell, embedding)
        if at:
            killer.install()
        try:
            rag.cli.main()
        finally:
            os.write(tell, str(killer.passed).encode())
            os._exit(0)
    return process


def look(folder: Path, before: State, after: State) -> None:
    """Check that what an index holds is, file by file, what was or what is, whole, with its own vectors."""
    index = index_in(folder)
    if index.manifest() is None:
        assert not before, "an index is gone"
        return
    assert index.faults() == []
    with index.reading() as reader:
        held = {summary.source: reader.document(summary.source) for summary in reader.documents()}
        assert held.keys() <= before.keys() | after.keys()
        assert held.keys() >= before.keys() & after.keys(), "a document that was to stay is not there"
        for source, document in held.items():
            assert document is not None
            assert document.text in (before.get(source), after.get(source)), source
            expected = chunk_document(document, embedder.token_spans, 200)
            assert [chunk.text for chunk in reader.chunks(source)] == [chunk.text for chunk in expected]
        chunks = [chunk for source in held for chunk in reader.chunks(source)]
        with_vectors = reader.dense(embedder.embed_query("river"), 1000)
        words = [(word,) for text in {chunk.text for chunk in chunks} for word in terms(text, "en")]
        by_words = reader.lexical(words, 1000)
        assert sorted(passage.chunk.id for passage in reader.passages(list(by_words))) == sorted(
            one.id for one in chunks
        )
        missing = reader.unembedded(list(by_words))
        assert with_vectors.keys() | missing.keys() == by_words.keys()
        assert not with_vectors.keys() & missing.keys()
        assert (reader.embedded() < 1) == bool(missing)
        kills["looks at what is not all embedded"] += bool(missing)
        keys = list(with_vectors)
        for passage, vector in zip(reader.passages(keys), reader.vectors(keys), strict=True):
            text = passage.chunk.text
            if text not in vectors:
                vectors[text] = embedder.embed([text], [[(0, len(text))]])[0].passage
            assert np.allclose(vector, vectors[text], atol=1e-4), text
    index.close()


def level(folder: Path, corpus: Path) -> None:
    """Bring the index level, and check that it is what the folder is."""
    index = index_in(folder)
    with kept_workers.reads():
        sync(index, corpus, embedder, 200)
    expected = state_of(corpus)
    with index.reading() as reader:
        held = {summary.source: reader.document(summary.source) for summary in reader.documents()}
        assert reader.embedded() == 1
    assert {source: document.text for source, document in held.items() if document is not None} == expected
    index.close()
    look(folder, expected, expected)


def main() -> None:
    """Kill until there were enough, and print how often and where."""
    place, wanted, luck = Path(sys.argv[1]), int(sys.argv[2]), random.Random(int(sys.argv[3]))
    corpus, folder = place / "corpus", place / "index"
    corpus.mkdir(parents=True)
    if EXACT != EXACT_UP_TO:
        engines._WORDS_BEHIND, engines._VECTORS_BEHIND = 4, 4
    sync_module._EMBEDDED = 4  # so that a run embeds in several steps
    embedder.embed_query("load the model")
    parse(b"load the parsers", "a.txt")
    whole_run = 1.0
    points = deque([200], maxlen=5)  # of the last runs that came to their end
    while kills["moment"] < wanted // 2 or kills["point"] < wanted - wanted // 2:
        if luck.random() < 0.1:
            shutil.rmtree(folder, ignore_errors=True)
        before = state_of(corpus) if folder.exists() else {}
        edit(corpus, luck)
        arguments = ["--corpus", str(corpus), "--index", str(folder)] + ["--rebuild"] * (luck.random() < 0.2)
        embedding = luck.random() < 1 / 3
        at = luck.randint(1, 10 if embedding else max(points)) if kills["point"] <= kills["moment"] else 0
        told, tell = os.pipe()
        started = time.monotonic()
        process = run_command(arguments, at, tell, embedding)
        if not at:
            time.sleep(luck.random() * whole_run)
            os.kill(process, signal.SIGKILL)
        _, status = os.waitpid(process, 0)
        os.close(tell)
        said = os.read(told, 20)
        os.close(told)
        if os.WIFSIGNALED(status):
            kills["point" if at else "moment"] += 1
            kills["inside a write"] += said == b"w"
        else:
            whole_run = 0.5 * whole_run + 0.5 * (time.monotonic() - started)
            points.extend([int(said)] if at and not embedding else [])
        try:
            look(folder, before, state_of(corpus))
            level(folder, corpus)
        except (AssertionError, RagError) as error:
            sys.exit(f"after {dict(kills)}, killed at {at or 'a moment'}, {arguments}: {error}")
    kept_workers.close()
    print(json.dumps({"kills": kills["moment"] + kills["point"], **kills}))


if __name__ == "__main__":
    main()
