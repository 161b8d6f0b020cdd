"""Many indexers of one corpus: one parses, all embed, nothing twice, and whoever is killed loses nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import rag
from rag.index.local import LocalIndex
from rag.index.postgres import PostgresIndex
from rag.place import DatabaseUrl
from rag.sync import Progress, sync
from tests.databases import Server
from tests.fakes import CountingEmbedder, FakeEmbedder
from tests.filling import MANIFEST
from tests.folders import write
from tests.test_sync_fresh import contents

PROJECT = Path(str(rag.__file__)).parent.parent
SHARED = "\n\n".join(f"Rule {number}: whoever fishes here pays the guild its due." for number in range(30))
FILES = {
    f"{number:03}.txt": f"{SHARED}\n\n" + " ".join(f"River {number}, arm {arm}, ends in the sea." for arm in range(20))
    for number in range(60)
}

# Notes each text it embeds and by whom, and takes a moment for it, so that several have something to do.
INDEXER = """
import json, os, sys, time
from pathlib import Path
from rag.index.postgres import PostgresIndex
from rag.place import DatabaseUrl
from rag.sync import sync
from tests.fakes import FakeEmbedder

class Noting(FakeEmbedder):
    def embed(self, texts, sentences, on_batch=lambda _: None):
        print("embeds", flush=True)
        if sys.argv[4] == "stays":
            time.sleep(600)
        found = super().embed(texts, sentences, on_batch)
        time.sleep(0.002 * len(texts))
        note = os.open(sys.argv[3], os.O_APPEND | os.O_CREAT | os.O_WRONLY)
        os.write(note, "".join(json.dumps([text, os.getpid()]) + chr(10) for text in texts).encode())
        return found

report = sync(PostgresIndex(DatabaseUrl.parse(sys.argv[1])), Path(sys.argv[2]), Noting(), 20)
print(report.documents, report.chunks, report.embedded, flush=True)
"""


def indexer(url: DatabaseUrl, corpus: Path, note: Path, how: str = "ends") -> subprocess.Popen[str]:
    """Start to index; one that "stays" does so when it has the first texts to embed."""
    arguments = [sys.executable, "-c", INDEXER, url.secret.get_secret_value(), str(corpus), str(note), how]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        arguments, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


def killed_when_it_embeds(process: subprocess.Popen[str]) -> str:
    """Kill a process as soon as it has texts to embed; return what it said."""
    assert process.stdout is not None
    said = process.stdout.readline()
    process.kill()
    return said


def is_level(url: DatabaseUrl, corpus: Path, tmp_path: Path) -> None:
    index, alone = PostgresIndex(url), LocalIndex(tmp_path / "alone")
    sync(alone, corpus, FakeEmbedder(), 20)
    assert index.faults() == []
    assert contents(index) == contents(alone)
    with index.writing():
        assert index.is_published()
        assert index.unembedded_count() == 0
    alone.close()
    index.close()


@pytest.mark.parametrize("many", [2, 4])
def test_several_indexers_share_a_corpus_and_embed_nothing_twice(
    postgres: Server, corpus: Path, tmp_path: Path, many: int
) -> None:
    write(corpus, FILES)
    url, note = postgres.url(), tmp_path / "note"
    running = [indexer(url, corpus, note) for _ in range(many)]
    ended = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0] * many, ended
    assert {said.splitlines()[-1].split()[0] for said, _ in ended} == {"60"}
    noted = [line.rpartition(",") for line in note.read_text().splitlines()]
    assert max(Counter(text for text, *_ in noted).values()) == 1
    assert len({worker for *_, worker in noted}) == many, "each embeds some"
    is_level(url, corpus, tmp_path)


def test_of_four_indexers_two_are_killed_and_the_result_is_that_of_one(
    postgres: Server, corpus: Path, tmp_path: Path
) -> None:
    write(corpus, FILES)
    url, note = postgres.url(), tmp_path / "note"
    running = [indexer(url, corpus, note, how) for how in ("stays", "stays", "ends", "ends")]
    with ThreadPoolExecutor(2) as both:  # one may get its first texts only when the other is gone
        assert list(both.map(killed_when_it_embeds, running[:2])) == ["embeds\n"] * 2
    ended = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [-9, -9, 0, 0], ended
    is_level(url, corpus, tmp_path)


def test_a_text_is_given_to_one_at_a_time_until_its_connection_is_gone(postgres: Server, corpus: Path) -> None:
    write(corpus, {f"{name}.txt": f"The {name} is deep." for name in ("lake", "sea", "river", "pond")})
    one, other = PostgresIndex(postgres.url()), None
    other = PostgresIndex(one.url)
    sync(one, corpus, FakeEmbedder(), 8, embed_for=0)
    with other.writing(), one.writing():
        count = one.unembedded_count()
        assert count > 2
        first = one.take(1)
        assert len(first) == 1
        assert one.take(1) == first, "it may be asked for again"
        rest = other.take(99)
        assert len(rest) == count - 1
        assert not rest.keys() & first.keys()
        assert other.take(99) == rest
        assert one.unembedded_count()
        assert other._writer is not None
        other._writer.close()  # as the system does for a process that is killed
        taken = one.take(99)
        while len(taken) < count:  # the server takes a moment to notice
            taken = one.take(99)
        assert taken == first | rest
        embedder = FakeEmbedder()
        made = embedder.embed([text.text for text in taken.values()], [text.sentences for text in taken.values()])
        one.put_vectors(dict(zip(taken, made, strict=True)))
        other.put_vectors(dict(zip(list(rest)[:1], [made[list(taken).index(next(iter(rest)))]], strict=True)))
        assert other.take(99) == {}
        assert not one.unembedded_count()
        assert one._held == other._held == set()
    assert one.faults() == []
    one.close()
    other.close()


def test_one_process_at_a_time_puts_files(postgres: Server) -> None:
    one, other = PostgresIndex(postgres.url()), None
    other = PostgresIndex(one.url)
    with one.writing(), other.writing():
        one.begin(MANIFEST)
        with one.putting() as mine:
            with other.putting() as others:
                assert (mine, others) == (True, False)
            with other.putting() as others:
                assert not others
        with other.putting() as others:
            assert others
    one.close()
    other.close()


def test_what_one_parses_another_embeds_meanwhile(postgres: Server, corpus: Path, tmp_path: Path) -> None:
    write(corpus, FILES)
    parsing, embedding = PostgresIndex(postgres.url()), None
    embedding = PostgresIndex(parsing.url)
    is_there, goes_on = threading.Event(), threading.Event()

    def stay(progress: Progress) -> None:
        if progress.phase == "parsing" and progress.done > 0:
            is_there.set()
            goes_on.wait(60)

    parser = threading.Thread(target=lambda: sync(parsing, corpus, FakeEmbedder(), 20, stay))
    parser.start()
    counting = CountingEmbedder(FakeEmbedder())
    try:
        assert is_there.wait(60)
        report = sync(embedding, corpus, counting, 20, embed_for=2)
        assert 0 < report.documents < len(FILES)
        assert report.embedded == 1
        assert counting.texts
    finally:
        goes_on.set()
        parser.join()
    is_level(parsing.url, corpus, tmp_path)
    parsing.close()
    embedding.close()
