"""Many indexers of one corpus: each file is written by one of them, and whoever is killed loses nothing."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

import rag
from rag.embed import Embedding
from rag.index.database.workers import LEASE
from rag.index.local import LocalIndex
from rag.index.postgres import PostgresIndex
from rag.place import DatabaseUrl
from rag.sync import Progress, sync
from tests.databases import Server
from tests.fakes import FakeEmbedder
from tests.filling import MANIFEST, vector_of
from tests.folders import write
from tests.test_sync_fresh import contents

PROJECT = Path(str(rag.__file__)).parent.parent
SHARED = "\n\n".join(f"Rule {number}: whoever fishes here pays the guild its due." for number in range(30))
FILES = {
    f"{number:03}.txt": f"{SHARED}\n\n" + " ".join(f"River {number}, arm {arm}, ends in the sea." for arm in range(20))
    for number in range(150)
}

# Notes each text it embeds, and takes a moment for it, so that several have something to do.
INDEXER = """
import json, os, sys, time
from pathlib import Path
from rag.index.postgres import PostgresIndex
from rag.place import DatabaseUrl
from rag.sync import sync
from tests.fakes import FakeEmbedder

class Noting(FakeEmbedder):
    def embed(self, texts, sentences, on_batch=lambda _: None):
        found = []
        for text, spans in zip(texts, sentences):
            found += super().embed([text], [spans])
            time.sleep(0.0005)
        note = os.open(sys.argv[3], os.O_APPEND | os.O_CREAT | os.O_WRONLY)
        os.write(note, "".join(json.dumps(text) + chr(10) for text in texts).encode())
        on_batch(len(texts))
        return found

index = PostgresIndex(DatabaseUrl.parse(sys.argv[1]))

def tell(progress):
    print(progress.done, flush=True)
    if progress.source and sys.argv[4] == "stays":
        time.sleep(600)

report = sync(index, Path(sys.argv[2]), Noting(), 20, tell)
print(report.documents, report.chunks, len(report.added), flush=True)
"""


def indexer(url: DatabaseUrl, corpus: Path, note: Path, how: str = "ends") -> subprocess.Popen[str]:
    """Start to index; one that "stays" does so at its first file."""
    arguments = [sys.executable, "-c", INDEXER, url.secret.get_secret_value(), str(corpus), str(note), how]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        arguments, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


def is_level(url: DatabaseUrl, corpus: Path, tmp_path: Path) -> None:
    index, alone = PostgresIndex(url), LocalIndex(tmp_path / "alone")
    sync(alone, corpus, FakeEmbedder(), 20)
    assert index.faults() == []
    assert contents(index) == contents(alone)
    with index.writing():
        assert index.is_published()
    alone.close()
    index.close()


def test_several_indexers_share_a_corpus_and_embed_nothing_twice(
    postgres: Server, corpus: Path, tmp_path: Path
) -> None:
    write(corpus, FILES)
    url, note = postgres.url(), tmp_path / "note"
    running = [indexer(url, corpus, note) for _ in range(3)]
    ended = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], ended
    for said, _ in ended:
        *shares, report = said.splitlines()
        assert report.split()[0] == "150"
        assert float(shares[-1]) == sum(map(len, FILES.values())), "progress is of the whole"
    embedded = Counter(note.read_text().splitlines())
    assert max(embedded.values()) == 1
    is_level(url, corpus, tmp_path)


def test_what_one_embeds_is_left_to_it_until_it_is_there_or_its_process_is_gone(postgres: Server) -> None:
    one, other = PostgresIndex(postgres.url()), None
    other = PostgresIndex(one.url)
    keys = [hashlib.sha256(text.encode()).hexdigest() for text in ("alpha", "gamma")]
    made = Embedding(vector_of("alpha"), vector_of("alpha")[None])
    with other.writing(), one.writing():
        one.begin(MANIFEST)
        other.begin(MANIFEST)
        assert one.reserve(keys[:1], {}) == set()
        assert other.reserve(keys, {}) == {keys[0]}
        assert one.reserve(keys, {keys[0]: made}) == {keys[1]}
        assert other.known(keys) == {keys[0]}
        assert other.reserve(keys, {}) == {keys[0]}
        assert one._writer is not None
        one._writer.close()  # as the system does for a process that is killed
        assert other.reserve(keys, {}) == {keys[0]}
        assert other.reserve(keys, {}) == set()
    one.close()
    other.close()


def test_of_four_indexers_two_are_killed_and_the_result_is_that_of_one(
    postgres: Server, corpus: Path, tmp_path: Path
) -> None:
    write(corpus, FILES)
    url, note = postgres.url(), tmp_path / "note"
    running = [indexer(url, corpus, note, how) for how in ("stays", "stays", "ends", "ends")]
    index = PostgresIndex(url)
    for victim in running[:2]:
        assert victim.stdout is not None
        assert victim.stdout.readline()
        victim.kill()
    ended = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [-9, -9, 0, 0], ended
    is_level(url, corpus, tmp_path)
    index.close()


def test_what_a_machine_held_that_is_gone_is_taken_over_when_its_lease_ends(
    postgres: Server, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(corpus, {"a.txt": "The lake is deep.", "b.txt": "The sea is deeper."})
    monkeypatch.setattr("rag.index.database.workers.LEASE", 1)
    gone, index = PostgresIndex(postgres.url()), None
    index = PostgresIndex(gone.url)
    with gone.writing():  # whose connection stays open, and who never says a word again
        from rag.index.database.rows import number_of
        from rag.index.database.workers import Offer, claim, offer
        from rag.types import document_id

        assert gone._writer is not None
        state = "another"
        offer(gone._writer, gone.url.schema_name, [Offer(number_of(document_id("a.txt")), state, 17)])
        assert claim(gone._writer, gone.url.schema_name, 1, [])
        assert sync(index, corpus, FakeEmbedder(), 20).documents == 2
    is_level(index.url, corpus, tmp_path)
    index.close()
    gone.close()


def test_what_one_claimed_that_was_stopped_is_there_for_the_next(
    postgres: Server, corpus: Path, tmp_path: Path
) -> None:
    write(corpus, {"a.txt": "The lake is deep.", "b.txt": "The sea is deeper."})
    stopped, other = PostgresIndex(postgres.url()), None
    other = PostgresIndex(stopped.url)

    def stop(progress: Progress) -> None:
        if progress.source == "a.txt":
            raise KeyboardInterrupt

    with other.writing():  # so that claims are kept
        with pytest.raises(KeyboardInterrupt):
            sync(stopped, corpus, FakeEmbedder(), 20, stop)
        started = time.monotonic()
        assert sync(stopped, corpus, FakeEmbedder(), 20).documents == 2
        assert time.monotonic() - started < LEASE  # which a claim that was not given back would last
    is_level(stopped.url, corpus, tmp_path)
    stopped.close()


def test_a_file_that_changed_while_others_wrote_is_written_by_the_next_run(
    postgres: Server, corpus: Path, tmp_path: Path
) -> None:
    write(corpus, {"a.txt": "The lake is deep.", "b.txt": "The sea is deeper."})
    one, other = PostgresIndex(postgres.url()), None
    other = PostgresIndex(one.url)
    beside = threading.Thread(target=lambda: sync(other, corpus, FakeEmbedder(), 20))

    def meanwhile(progress: Progress) -> None:
        if not beside.ident:
            write(corpus, {"a.txt": "The lake is quite deep, it is said.", "c.txt": "A pond."})
            beside.start()

    sync(one, corpus, FakeEmbedder(), 20, meanwhile)
    beside.join()
    sync(one, corpus, FakeEmbedder(), 20)
    is_level(one.url, corpus, tmp_path)
