"""The folder is followed: changes reach the index by themselves, whole and together."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path

import pytest

from rag.index.local import LocalIndex
from rag.sync import SyncReport, sync
from rag.watch import STILL_FOR, watch
from tests.fakes import FakeEmbedder
from tests.folders import small_disk, texts_of
from tests.waiting import TIMEOUT, wait_until

RIVER = "The river rises in the forest."


@contextmanager
def following(index: LocalIndex, corpus: Path) -> Iterator[list[SyncReport]]:
    """Follow ``corpus`` in a thread; give the reports so far."""
    reports: list[SyncReport] = []
    stop = threading.Event()

    def run() -> SyncReport:
        return sync(index, corpus, FakeEmbedder(), 20, still_for=STILL_FOR)

    def follow() -> None:
        for report in watch(corpus, index.folder, run, stop):
            reports.append(report)

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        yield reports
    finally:
        stop.set()
        thread.join(TIMEOUT)
        assert not thread.is_alive()


def test_what_changes_reaches_the_index_by_itself(corpus: Path, index: LocalIndex) -> None:
    (corpus / "a.txt").write_text(RIVER)
    with following(index, corpus) as reports:
        assert wait_until(lambda: texts_of(index) == {"a.txt": RIVER})
        (corpus / "a.txt").write_text(RIVER + " It is long.")
        (corpus / "sub").mkdir()
        (corpus / "sub/b.txt").write_text("A lake.")
        assert wait_until(lambda: texts_of(index) == {"a.txt": RIVER + " It is long.", "sub/b.txt": "A lake."})
        time.sleep(STILL_FOR)
        (corpus / "a.txt").rename(corpus / "c.txt")
        shutil.rmtree(corpus / "sub")
        assert wait_until(lambda: texts_of(index) == {"c.txt": RIVER + " It is long."})
        # A report comes when all is done, a little after the last document can be read.
        assert wait_until(lambda: [report.renamed for report in reports if report.renamed] == [(("a.txt", "c.txt"),)])


def test_many_changes_at_once_are_few_syncs(corpus: Path, index: LocalIndex) -> None:
    with following(index, corpus) as reports:
        assert wait_until(lambda: len(reports) == 1)
        for number in range(50):
            (corpus / f"{number}.txt").write_text(f"{RIVER} Its number is {number}.")
        assert wait_until(lambda: len(texts_of(index)) == 50)
        assert wait_until(lambda: sum(len(report.added) for report in reports) == 50)
        # One; more where writing the files takes some seconds.
        assert len([report for report in reports if report.added]) <= 10


def test_a_file_that_is_still_being_written_waits_until_it_is_still(corpus: Path, index: LocalIndex) -> None:
    (corpus / "whole.txt").write_text(RIVER)
    with following(index, corpus):
        assert wait_until(lambda: texts_of(index) == {"whole.txt": RIVER})
        seen, paused = {""}, False
        with (corpus / "slow.txt").open("w") as slow:
            for number in range(12):
                written = time.monotonic()
                slow.write(f"Line {number} of the file.\n")
                slow.flush()
                time.sleep(0.25)
                found = texts_of(index).get("slow.txt", "")
                paused |= time.monotonic() - written > STILL_FOR / 2  # by a machine that does much else
                seen |= {found} if not paused else set()
        assert seen == {""}
        assert wait_until(lambda: texts_of(index).get("slow.txt", "").count("\n") == 12)


def test_a_folder_that_goes_away_and_comes_back_is_followed_again(corpus: Path, index: LocalIndex) -> None:
    (corpus / "a.txt").write_text(RIVER)
    with following(index, corpus):
        assert wait_until(lambda: texts_of(index) == {"a.txt": RIVER})
        aside = corpus.rename(corpus.with_name("aside"))
        time.sleep(1.5)
        assert texts_of(index) == {"a.txt": RIVER}, (
            "a folder that is gone, such as a drive not mounted, empties nothing"
        )
        (aside / "b.txt").write_text("A lake.")
        aside.rename(corpus)
        assert wait_until(lambda: texts_of(index) == {"a.txt": RIVER, "b.txt": "A lake."})


def test_while_another_writes_changes_wait(corpus: Path, index: LocalIndex) -> None:
    other = LocalIndex(index.folder)
    with following(index, corpus) as reports:
        assert wait_until(lambda: len(reports) == 1)
        with other.writing():
            (corpus / "a.txt").write_text(RIVER)
            time.sleep(3)
            assert texts_of(index) == {}
        assert wait_until(lambda: texts_of(index) == {"a.txt": RIVER})


def test_a_name_that_is_not_utf_8_does_not_end_the_following(corpus: Path, index: LocalIndex) -> None:
    with following(index, corpus) as reports:
        assert wait_until(lambda: len(reports) == 1)
        Path(os.fsdecode(os.fsencode(corpus) + b"/bad\xffname.txt")).touch()
        assert wait_until(lambda: [failure.source for failure in reports[-1].failed] == [r"bad\xffname.txt"])
        (corpus / "a.txt").write_text(RIVER)
        assert wait_until(lambda: texts_of(index) == {"a.txt": RIVER})


def test_a_full_disk_is_waited_out(corpus: Path, tmp_path: Path) -> None:
    index = LocalIndex(tmp_path / "disk/index")
    with small_disk(tmp_path / "disk", "4m"), following(index, corpus) as reports:
        assert wait_until(lambda: len(reports) == 1)
        fill_disk(tmp_path / "disk/filling")
        (corpus / "a.txt").write_text(RIVER)
        time.sleep(STILL_FOR + 1.5)
        assert len(reports) == 1
        (tmp_path / "disk/filling").unlink()
        assert wait_until(lambda: texts_of(index) == {"a.txt": RIVER})
        index.close()


def fill_disk(file: Path) -> None:
    """Write a file until the disk is full."""
    with suppress(OSError), file.open("wb", buffering=0) as full:
        while True:
            full.write(bytes(4096))


def test_what_fails_is_tried_again_after_growing_pauses_and_logged_once(
    corpus: Path, index: LocalIndex, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("rag.watch._LONGEST_PAUSE", 2.0)
    tries: list[float] = []

    def run() -> SyncReport:
        tries.append(time.monotonic())
        if len(tries) < 4:
            raise ZeroDivisionError("an error nobody thought of")
        return sync(index, corpus, FakeEmbedder(), 20)

    next(watch(corpus, None, run, threading.Event()))
    pauses = [after - before for before, after in pairwise(tries)]
    assert pauses[0] >= 1
    assert pauses[1] >= 2
    assert [record.getMessage() for record in caplog.records] == ["the changes wait: an error nobody thought of"]


def test_rules_that_cannot_be_read_are_waited_out(corpus: Path, index: LocalIndex) -> None:
    (corpus / "a.txt").write_text(RIVER)
    with following(index, corpus):
        assert wait_until(lambda: texts_of(index) == {"a.txt": RIVER})
        (corpus / ".ragignore").write_bytes(b"K\xf6ln.txt\n")
        (corpus / "b.txt").write_text("A lake.")
        time.sleep(2)
        assert texts_of(index) == {"a.txt": RIVER}
        (corpus / ".ragignore").write_text("Köln.txt\n")
        assert wait_until(lambda: texts_of(index) == {"a.txt": RIVER, "b.txt": "A lake."})


def test_an_index_in_the_corpus_is_no_part_of_it_and_no_change(corpus: Path) -> None:
    (corpus / "a.txt").write_text(RIVER)
    index = LocalIndex(corpus / "index")
    with following(index, corpus) as reports:
        assert wait_until(lambda: texts_of(index) == {"a.txt": RIVER})
        time.sleep(4)
        assert len(reports) <= 2
    assert texts_of(index) == {"a.txt": RIVER}
    assert reports[-1].failed == ()
    index.close()
