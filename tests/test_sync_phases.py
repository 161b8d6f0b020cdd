"""A folder is found by its words at once, and embedded while it is asked; nothing small waits for what is large."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from rag.assistant import Assistant
from rag.embed import Embedder, Embedding
from rag.errors import SyncStopped
from rag.index import Index
from rag.index.local import LocalIndex
from rag.sentences import Span
from rag.settings import Settings
from rag.sync import Progress, SyncReport, sync
from tests.fakes import CountingEmbedder, FakeEmbedder, OnBatch
from tests.folders import find, texts_of, write
from tests.waiting import TIMEOUT, wait_until

LARGE = "\n\n".join(f"The river with the number {number} rises in the forest." for number in range(150))
SMALL = "The alarm code of the shed is 7731."
SIZE = 150  # passages of what is large


class SlowEmbedder(CountingEmbedder):
    """Another embedder, that takes so long for each text of passages, and stops where it is told to."""

    def __init__(self, embedder: Embedder, seconds: float = 0) -> None:
        super().__init__(embedder)
        self._seconds = seconds
        self.goes_on = threading.Event()
        self.goes_on.set()

    def embed(
        self, texts: Sequence[str], sentences: Sequence[Sequence[Span]], on_batch: OnBatch = lambda _: None
    ) -> list[Embedding]:
        assert self.goes_on.wait(TIMEOUT)
        time.sleep(self._seconds * len(texts))
        return super().embed(texts, sentences, on_batch)


@contextmanager
def running(run: Callable[[], SyncReport]) -> Iterator[list[SyncReport]]:
    """Let a run go on in a thread; it must come to its end, and is then in the list."""
    done: list[SyncReport] = []
    thread = threading.Thread(target=lambda: done.append(run()))
    thread.start()
    try:
        yield done
    finally:
        thread.join(TIMEOUT)
        assert not thread.is_alive()


def words_of(index: Index, word: str) -> list[str]:
    """Return the sources that a word finds, best first."""
    if index.manifest() is None:
        return []
    with index.reading() as reader:
        return [passage.source for passage in reader.passages(list(reader.lexical([(word,)], 9)))]


def nearest(index: Index, text: str) -> list[str]:
    """Return the texts whose vectors are nearest."""
    with index.reading() as reader:
        return [p.chunk.text for p in reader.passages(list(reader.dense(FakeEmbedder().embed_query(text), 9)))]


def share_embedded(index: Index) -> float:
    with index.reading() as reader:
        return reader.embedded()


def test_a_question_is_answered_while_the_rest_is_not_embedded(tmp_path: Path, embedder: Embedder) -> None:
    corpus = tmp_path / "corpus"
    write(corpus, {"large.txt": LARGE, "shed.txt": SMALL, "roof.txt": "Bela Sand tiled the roof of the annex."})
    slow = SlowEmbedder(embedder)
    assistant = Assistant(Settings(corpus=corpus, index=tmp_path / "index", data=tmp_path / "data"), slow)
    assert assistant.sync(embed_for=0).embedded == 0
    assert slow.texts == []
    for question, source, quote in (
        ("What is the alarm code of the shed?", "shed.txt", SMALL),
        ("Who tiled the roof?", "roof.txt", "Bela Sand tiled the roof of the annex."),
    ):
        answer = assistant.ask(question)
        assert [(citation.source, citation.quote) for citation in answer.citations] == [(source, quote)]
        assert answer.embedded == assistant.status().embedded == 0
    asked = [text for text in slow.texts if text in (SMALL, *LARGE.split("\n\n"))]  # not what is told from a greeting
    assert SMALL in asked
    assert len(asked) <= 2 * 12, "for each question, of those that words find best alone"
    slow.texts = []
    report = assistant.sync()
    assert (report.embedded, len(slow.texts)) == (1, report.chunks)
    answer = assistant.ask("What is the alarm code of the shed?")
    assert [citation.quote for citation in answer.citations] == [SMALL]
    assert answer.embedded == assistant.status().embedded == 1
    assert len(slow.texts) == report.chunks, "nothing is embedded for a question any more"


def test_what_is_embedded_for_a_question_scores_as_what_is_embedded(tmp_path: Path, embedder: Embedder) -> None:
    files = {"shed.txt": SMALL, "code.txt": "The code of the law is old.", "roof.txt": "A roof is made of tiles."}
    write(tmp_path / "corpus", files)
    found = []
    for name, embed_for in (("later", 0.0), ("now", None)):
        index = LocalIndex(tmp_path / name)
        sync(index, tmp_path / "corpus", embedder, 200, embed_for=embed_for)
        with index.reading() as reader:
            results = find("What is the alarm code of the shed?", reader, embedder, 5)
        found.append({one.source: (one.score, one.dense, one.lexical) for one in results})
        index.close()
    assert found[0].keys() == {"shed.txt", "code.txt"}, "who is found by vectors alone is found once they are there"
    for source, scores in found[0].items():
        assert scores == pytest.approx(found[1][source], abs=1e-3)


def test_how_much_is_embedded_is_told_text_by_text(corpus: Path, index: LocalIndex) -> None:
    write(corpus, {"large.txt": LARGE})
    told = []

    def look(progress: Progress) -> None:
        if progress.phase == "embedding":
            told.append((progress.done / progress.total, share_embedded(index)))

    report = sync(index, corpus, FakeEmbedder(), 20, look)
    assert report.chunks == SIZE
    assert len(told) == 5, "32 texts at a time"
    assert all(done == pytest.approx(share) for done, share in told)
    assert [done for done, _ in told] == pytest.approx([32 / SIZE, 64 / SIZE, 96 / SIZE, 128 / SIZE, 1])


def test_a_small_file_does_not_wait_for_a_large_one(corpus: Path, index: LocalIndex) -> None:
    write(corpus, {"large.txt": LARGE})
    slow = SlowEmbedder(FakeEmbedder(), seconds=0.05)  # 1.6 s for each step of the large one, 7.5 s for all
    with running(lambda: sync(index, corpus, slow, 20)) as done:
        assert wait_until(lambda: slow.texts != [])
        write(corpus, {"shed.txt": SMALL})
        dropped = time.monotonic()
        assert wait_until(lambda: words_of(index, "alarm") == ["shed.txt"], every=0.02)
        found = time.monotonic() - dropped
        assert wait_until(lambda: SMALL in nearest(index, SMALL)[:1], every=0.02)
        assert share_embedded(index) < 1, "the large one is not embedded to its end"
        assert done == []
    (report,) = done
    assert (report.added, report.embedded) == (("large.txt", "shed.txt"), 1)
    assert slow.texts.index(SMALL) < SIZE - 32
    assert len(slow.texts) == len(set(slow.texts)) == SIZE + 1
    assert found < 2 + 1.6, "two seconds, and a step that was begun"
    assert index.faults() == []


def test_small_files_are_embedded_first_and_of_equal_ones_the_newest(corpus: Path, index: LocalIndex) -> None:
    some = "\n\n".join(f"A lake with the number {number} is very deep and cold." for number in range(3))
    write(corpus, {"a large.txt": LARGE, "b small.txt": SMALL, "c some.txt": some})
    sync(index, corpus, FakeEmbedder(), 20, embed_for=0)
    write(corpus, {"d small.txt": "A newer one is here."})
    sync(index, corpus, FakeEmbedder(), 20, embed_for=0)
    with index.writing():
        texts = [text.text for text in index.take(6).values()]
        assert texts[:2] == ["A newer one is here.", SMALL]
        assert set(texts[2:5]) == set(some.split("\n\n"))
        assert len(index.take(1000)) == index.unembedded_count() == SIZE + 5


def test_a_text_that_stands_in_a_small_file_too_does_not_wait(corpus: Path, index: LocalIndex) -> None:
    write(corpus, {"a large.txt": LARGE})
    sync(index, corpus, FakeEmbedder(), 20, embed_for=0)
    text = LARGE.split("\n\n")[40]
    write(corpus, {"b small.txt": text})
    sync(index, corpus, FakeEmbedder(), 20, embed_for=0)
    with index.writing():
        assert [one.text for one in index.take(1).values()] == [text]


@pytest.mark.parametrize(("phase", "most"), [("parsing", 0), ("embedding", SIZE)])
def test_stopped_in_either_phase_a_run_loses_nothing(corpus: Path, index: LocalIndex, phase: str, most: int) -> None:
    write(corpus, {"large.txt": LARGE, "shed.txt": SMALL, "z.txt": "A last one."})
    counting = CountingEmbedder(FakeEmbedder())

    def stop(progress: Progress) -> None:
        if progress.phase == phase and progress.done >= 64:
            raise SyncStopped("stopped")

    with pytest.raises(SyncStopped):
        sync(index, corpus, counting, 20, stop)
    before = list(counting.texts)
    assert (len(before) > 0, len(before) <= most) == (phase == "embedding", True)
    held = texts_of(index)
    assert held.items() <= {"large.txt": LARGE, "shed.txt": SMALL, "z.txt": "A last one."}.items()
    assert held.keys() == ({"large.txt"} if phase == "parsing" else {"large.txt", "shed.txt", "z.txt"})
    assert LocalIndex(index.folder).faults() == []
    assert share_embedded(index) == pytest.approx(len(before) / (SIZE + 2))
    report = sync(index, corpus, counting, 20)
    assert (report.embedded, report.documents, report.chunks) == (1, 3, SIZE + 2)
    assert len(counting.texts) == len(set(counting.texts)) == SIZE + 2, "only what was missing"
    assert texts_of(index) == {"large.txt": LARGE, "shed.txt": SMALL, "z.txt": "A last one."}
    assert index.faults() == []
    assert not sync(index, corpus, counting, 20).did_something
    assert len(counting.texts) == SIZE + 2


def test_equal_texts_are_embedded_once_also_where_they_come_in_later(corpus: Path, index: LocalIndex) -> None:
    write(corpus, {"a.txt": LARGE, "b.txt": LARGE})
    counting = CountingEmbedder(FakeEmbedder())
    assert sync(index, corpus, counting, 20, embed_for=0).embedded == 0
    write(corpus, {"c.txt": LARGE})
    assert sync(index, corpus, counting, 20).embedded == 1
    write(corpus, {"d.txt": LARGE})
    report = sync(index, corpus, counting, 20)
    assert (report.chunks, len(counting.texts)) == (4 * SIZE, SIZE)
    (corpus / "a.txt").write_text(SMALL)
    assert sync(index, corpus, counting, 20, embed_for=0).embedded == pytest.approx(SIZE / (SIZE + 1))
    assert index.faults() == []


def test_what_goes_before_it_is_embedded_is_never_embedded(corpus: Path, index: LocalIndex) -> None:
    write(corpus, {"large.txt": LARGE, "shed.txt": SMALL})
    counting = CountingEmbedder(FakeEmbedder())
    sync(index, corpus, counting, 20, embed_for=0)
    (corpus / "large.txt").unlink()
    assert sync(index, corpus, counting, 20).embedded == 1
    assert counting.texts == [SMALL]
    assert index.faults() == []


def test_what_goes_while_it_is_embedded_is_embedded_no_more(corpus: Path, index: LocalIndex) -> None:
    write(corpus, {"large.txt": LARGE, "shed.txt": SMALL})
    slow = SlowEmbedder(FakeEmbedder(), seconds=0.05)
    with running(lambda: sync(index, corpus, slow, 20)) as done:
        assert wait_until(lambda: len(slow.texts) > 1)
        (corpus / "large.txt").unlink()
    assert done[0].embedded == 1
    assert len(slow.texts) < SIZE
    assert texts_of(index) == {"shed.txt": SMALL}
    assert index.faults() == []


def test_it_is_embedded_for_so_long_and_gone_on_with(corpus: Path, index: LocalIndex) -> None:
    write(corpus, {"large.txt": LARGE})
    slow = SlowEmbedder(FakeEmbedder(), seconds=0.01)  # 0.32 s a step, of five
    sync(index, corpus, slow, 20, embed_for=0)
    report = sync(index, corpus, slow, 20, embed_for=0.4)
    assert 0 < report.embedded < 1
    assert report.embedded == pytest.approx(len(slow.texts) / SIZE)
    assert sync(index, corpus, slow, 20).embedded == 1
    assert len(slow.texts) == SIZE
