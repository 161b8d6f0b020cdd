from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rag.changes import changes
from rag.embed import Embedder
from rag.errors import IndexMismatch, RemovalGuardError, UsageError
from rag.index import Index
from rag.index.local import LocalIndex
from rag.index.postgres import PostgresIndex
from rag.parse.archive import zipped
from rag.sync import Failure, Progress, SyncReport, sync
from rag.types import Freshness
from tests.fakes import CountingEmbedder, FakeEmbedder
from tests.folders import find, texts_of, write

RIVERS = """# Danube

It rises in the Black Forest.

# Volga

It is the longest river of Europe.

# Rhine

It ends in the sea.
"""
LAKES = "Lake Ladoga is the largest lake of Europe.\n"
SEAS = "The Black Sea is deep. The Baltic Sea is not.\n"

Sync = Callable[..., SyncReport]


@pytest.fixture(params=["folder", "database"])
def index(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Index]:
    """An index that nothing was built in yet, of either kind."""
    opened: Index
    if request.param == "database":
        opened = PostgresIndex(request.getfixturevalue("postgres").url())
    else:
        opened = LocalIndex(tmp_path / "index")
    yield opened
    opened.close()


@pytest.fixture
def counting(embedder: Embedder) -> CountingEmbedder:
    return CountingEmbedder(embedder)


@pytest.fixture
def run(index: Index, corpus: Path, counting: CountingEmbedder) -> Sync:
    """Sync the corpus with the real embedder."""

    def run(**named: Any) -> SyncReport:
        counting.texts.clear()
        return sync(index, corpus, counting, 200, **named)

    return run


def done(report: SyncReport) -> dict[str, object]:
    """Return what a run that embedded all did, without what it did not and how long it took."""
    assert report.embedded == 1
    return {name: value for name, value in report.model_dump(exclude={"seconds", "embedded", "made"}).items() if value}


def test_the_first_run_adds_everything(corpus: Path, index: Index, run: Sync) -> None:
    write(corpus, {"rivers.md": RIVERS, "sub/folder/lakes.txt": LAKES})
    report = run()
    assert done(report) == {"added": ("rivers.md", "sub/folder/lakes.txt"), "documents": 2, "chunks": 4}
    assert (report.made, run().made) == (4, 0)
    assert texts_of(index) == {"rivers.md": RIVERS, "sub/folder/lakes.txt": LAKES}


def test_documents_that_the_embedder_does_not_speak_are_told(corpus: Path, index: Index, run: Sync) -> None:
    german = "Die Brücke wurde 1887 von den Arbeitern der Stadt gebaut und später gesperrt.\n"
    write(corpus, {"rivers.md": RIVERS, "bruecke.txt": german})
    assert str(run().unspoken).startswith("1 document is in German, which all-MiniLM-L6-v2 does not speak")
    assert str(run().unspoken).startswith("1 document is in German")
    with index.reading() as reader:
        assert [document.language for document in reader.documents()] == ["de", "en"]
    write(corpus, {"bruecke.txt": "The bridge was built in 1887 by the workers of the town and closed later.\n"})
    assert run().unspoken is None


def test_files_are_told_apart_by_their_content(corpus: Path, index: Index, run: Sync) -> None:
    write(
        corpus,
        {"rivers.md": RIVERS, "lakes.txt": LAKES, "seas.txt": SEAS, "old.txt": "To be removed.", "same.txt": "S."},
    )
    run()
    write(corpus, {"lakes.txt": "Lake Onega is another one.\n", "new.txt": "Just added.", "copy.md": RIVERS})
    (corpus / "seas.txt").rename(corpus / "oceans.txt")
    (corpus / "old.txt").unlink()
    assert done(run()) == {
        "added": ("copy.md", "new.txt"),
        "changed": ("lakes.txt",),
        "renamed": (("seas.txt", "oceans.txt"),),
        "removed": ("old.txt",),
        "unchanged": 2,
        "documents": 6,
        "chunks": 10,
    }
    assert texts_of(index) == {
        "copy.md": RIVERS,
        "lakes.txt": "Lake Onega is another one.\n",
        "new.txt": "Just added.",
        "oceans.txt": SEAS,
        "rivers.md": RIVERS,
        "same.txt": "S.",
    }
    assert done(run()) == {"unchanged": 6, "documents": 6, "chunks": 10}


def test_a_file_that_was_only_touched_is_unchanged(
    corpus: Path, index: Index, run: Sync, counting: CountingEmbedder
) -> None:
    write(corpus, {"rivers.md": RIVERS})
    run()
    os.utime(corpus / "rivers.md", ns=(1, 1))
    assert changes(index, corpus).freshness == Freshness(changed=1)
    assert done(run()) == {"unchanged": 1, "documents": 1, "chunks": 3}
    assert counting.texts == []
    assert changes(index, corpus).freshness.level


def test_an_edit_embeds_only_the_passages_that_are_new(corpus: Path, run: Sync, counting: CountingEmbedder) -> None:
    write(corpus, {"rivers.md": RIVERS})
    run()
    assert len(counting.texts) == 3
    write(corpus, {"rivers.md": "A preface shifts all.\n\n" + RIVERS.replace("longest", "greatest")})
    assert done(run())["changed"] == ("rivers.md",)
    assert sorted(counting.texts) == ["A preface shifts all.", "Volga\n  Volga\n\nIt is the greatest river of Europe."]


def test_a_copy_or_a_new_name_embeds_nothing(corpus: Path, run: Sync, counting: CountingEmbedder) -> None:
    write(corpus, {"a/rivers.md": RIVERS})
    run()
    write(corpus, {"b/copy.md": RIVERS})
    (corpus / "a/rivers.md").rename(corpus / "renamed.md")
    assert done(run())["renamed"] == (("a/rivers.md", "b/copy.md"),)
    assert counting.texts == []


def test_equal_passages_of_one_run_are_embedded_once(corpus: Path, run: Sync, counting: CountingEmbedder) -> None:
    write(corpus, {"a.txt": LAKES, "b.txt": LAKES, "c.md": RIVERS + RIVERS})
    run()
    assert len(counting.texts) == len(set(counting.texts)) == 4


def test_passages_embedded_as_equal_text_keep_the_sentences_of_their_own(corpus: Path, index: Index) -> None:
    embedder = FakeEmbedder()
    first, second = "one " * 16 + "end.", "Two come here. They are few."
    write(corpus, {"a.md": f"# Facts\n\n{first} {second}\n", "b.txt": f"Facts\n{second}\n"})
    sync(index, corpus, embedder, 20)
    with index.reading() as reader:
        keys = list(reader.dense(embedder.embed_query("two"), 10))
        assert {p.chunk.text for p in reader.passages(keys)} == {f"# Facts\n\n{first}", second, f"Facts\n{second}"}
        for passage, vectors in zip(reader.passages(keys), reader.sentence_vectors(keys), strict=True):
            assert len(vectors) == len(passage.sentences), passage.chunk.text
        assert len(find("two", reader, embedder, 10)) == 3


def test_files_that_cannot_be_read_are_told_with_reasons_and_the_rest_is_indexed(
    corpus: Path, index: Index, run: Sync
) -> None:
    write(
        corpus,
        {
            "a.txt": LAKES,
            "b.bin": b"\x7fELF\2\1\1\0",
            "c.txt": b"",
            "d.txt": bytes(range(256)),
            "e.md": " \n",
            "z.txt": SEAS,
        },
    )
    report = run()
    reasons = {failure.source: failure.reason for failure in report.failed}
    assert reasons.keys() == {"b.bin", "c.txt", "d.txt", "e.md"}
    assert reasons["b.bin"] == "BIN files aren’t supported"
    assert reasons["c.txt"] == reasons["e.md"] == "the file is empty"
    assert reasons["d.txt"].startswith("binary data")
    assert texts_of(index) == {"a.txt": LAKES, "z.txt": SEAS}
    assert run().failed == report.failed
    write(corpus, {"c.txt": "Now it says something."})
    (corpus / "d.txt").unlink()
    assert {failure.source for failure in run().failed} == {"b.bin", "e.md"}
    assert texts_of(index) == {"a.txt": LAKES, "c.txt": "Now it says something.", "z.txt": SEAS}


def test_the_documents_of_an_archive_come_and_go_with_it(corpus: Path, index: Index, run: Sync) -> None:
    write(corpus, {"a.zip": zipped({"b.txt": LAKES.encode(), "c/d.txt": SEAS.encode()}), "z.txt": RIVERS})
    assert run().added == ("a.zip", "z.txt")
    assert texts_of(index) == {"a.zip/b.txt": LAKES, "a.zip/c/d.txt": SEAS, "z.txt": RIVERS}
    os.utime(corpus / "a.zip", (1, 1))
    assert not run().did_something
    write(corpus, {"a.zip": zipped({"c/d.txt": SEAS.encode()})})
    assert run().changed == ("a.zip",)
    assert texts_of(index) == {"a.zip/c/d.txt": SEAS, "z.txt": RIVERS}


def test_a_document_that_became_unreadable_is_found_no_more(corpus: Path, index: Index, run: Sync) -> None:
    write(corpus, {"a.txt": LAKES, "b.txt": SEAS})
    run()
    write(corpus, {"a.txt": b""})
    report = run()
    assert report.failed == (Failure(source="a.txt", reason="the file is empty"),)
    assert (report.changed, report.removed, report.unchanged, report.documents) == ((), (), 1, 1)
    assert texts_of(index) == {"b.txt": SEAS}


def test_a_file_that_vanishes_during_the_run_does_not_stop_it(corpus: Path, index: Index, run: Sync) -> None:
    write(corpus, {"a.txt": LAKES, "b.txt": SEAS})

    def remove_a(progress: Progress) -> None:
        if progress.source == "a.txt":
            (corpus / "a.txt").unlink(missing_ok=True)

    report = run(on_progress=remove_a)
    assert [failure.source for failure in report.failed] == ["a.txt"]
    assert "No such file" in report.failed[0].reason
    assert texts_of(index) == {"b.txt": SEAS}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open any file")
def test_a_file_that_may_not_be_opened_does_not_stop_the_run_and_is_read_once_it_may(
    corpus: Path, index: Index, run: Sync
) -> None:
    write(corpus, {"a.txt": LAKES, "b.txt": SEAS})
    (corpus / "a.txt").chmod(0)
    assert run().failed == (Failure(source="a.txt", reason="cannot be read: Permission denied"),)
    assert texts_of(index) == {"b.txt": SEAS}
    (corpus / "a.txt").chmod(0o600)
    assert run().added == ("a.txt",)


def test_a_file_whose_name_is_not_utf_8_does_not_stop_the_run(corpus: Path, index: Index, run: Sync) -> None:
    write(corpus, {"a.txt": LAKES, "z.txt": SEAS})
    Path(os.fsdecode(os.fsencode(corpus) + b"/caf\xe9.txt")).write_text("Coffee.")
    (corpus / os.fsdecode(b"f\xffolder")).mkdir()
    reason = "its name is not UTF-8: rename it"
    told = tuple(Failure(source=source, reason=reason) for source in (r"caf\xe9.txt", r"f\xffolder"))
    assert run().failed == told
    assert run().failed == told
    assert texts_of(index).keys() == {"a.txt", "z.txt"}
    assert changes(index, corpus).freshness.level


def many(count: int, folder: str = "") -> dict[str, str]:
    """Return so many documents, each of its own text."""
    return {f"{folder}{number:02}.txt": f"Lake number {number} is deep." for number in range(count)}


def test_a_folder_that_is_suddenly_empty_does_not_empty_the_index(
    corpus: Path, index: Index, run: Sync, counting: CountingEmbedder
) -> None:
    write(corpus, many(12))
    run()
    aside = corpus.rename(corpus.with_name("aside"))
    corpus.mkdir()
    for named in ({}, {"rebuild": True}):
        with pytest.raises(
            RemovalGuardError, match=r"12 of 12 documents .*00\.txt, .* `rag index --allow-removals`"
        ) as e:
            run(**named)
        assert e.value.removals == 12
    assert len(texts_of(index)) == 12
    assert len(run(allow_removals=True).removed) == 12
    assert texts_of(index) == {}
    corpus.rmdir()
    aside.rename(corpus)
    counting.texts.clear()
    assert len(run().added) == 12
    assert counting.texts == [], "the vectors of what comes back are still there"


def test_another_folder_does_not_take_the_place_of_the_first(corpus: Path, index: Index, run: Sync) -> None:
    write(corpus, many(12))
    run()
    other = {f"other {name}": f"Other: {text}" for name, text in many(12).items()}
    for path in corpus.iterdir():
        path.unlink()
    write(corpus, other | {"license.txt": many(1)["00.txt"]})  # one document of the first, under another name
    with pytest.raises(RemovalGuardError, match="11 of 12 documents"):
        run()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (many(12), many(6)),  # half
        (many(9), {}),  # few
        (many(12), many(12, "moved/")),  # under other names
        (many(12), many(12, "moved/") | many(12, "new/")),
        (many(12), many(7, "moved/")),
    ],
)
def test_what_a_person_did_is_done_without_a_question(
    before: dict[str, str], after: dict[str, str], corpus: Path, index: Index, run: Sync
) -> None:
    write(corpus, before)
    run()
    for path in corpus.iterdir():
        path.unlink()
    write(corpus, after)
    run()
    assert texts_of(index) == after


def test_a_link_out_of_the_folder_is_not_followed_and_told(
    corpus: Path, tmp_path: Path, index: Index, run: Sync
) -> None:
    write(corpus, {"a.txt": LAKES})
    (tmp_path / "outside.txt").write_text(SEAS)
    (corpus / "link.txt").symlink_to(tmp_path / "outside.txt")
    told = (Failure(source="link.txt", reason="a link that leads out of the folder: not followed"),)
    assert run().failed == told
    assert run().failed == told
    assert changes(index, corpus).freshness.level
    assert texts_of(index) == {"a.txt": LAKES}
    (corpus / "link.txt").unlink()
    write(corpus, {"link.txt": SEAS})
    assert done(run())["added"] == ("link.txt",)


def test_a_folder_that_is_not_there_says_what_to_do(tmp_path: Path, index: Index) -> None:
    with pytest.raises(UsageError, match=r"there is no folder .*: make it and put documents in, or .*--corpus"):
        sync(index, tmp_path / "nowhere", FakeEmbedder(), 20)
    assert index.manifest() is None


def test_an_empty_folder_gives_an_index_of_nothing(corpus: Path, index: Index, run: Sync) -> None:
    assert done(run()) == {}
    assert texts_of(index) == {}


def test_other_chunking_is_a_mismatch_that_leaves_the_index_until_it_is_rebuilt(corpus: Path, index: Index) -> None:
    write(corpus, {"a.txt": LAKES})
    sync(index, corpus, FakeEmbedder(), 20)
    write(corpus, {"a.txt": SEAS})
    with pytest.raises(IndexMismatch, match="chunk tokens 20 instead of 16: run `rag index --rebuild`"):
        sync(index, corpus, FakeEmbedder(), 16)
    assert texts_of(index) == {"a.txt": LAKES}
    assert done(sync(index, corpus, FakeEmbedder(), 16, rebuild=True)) == {
        "added": ("a.txt",),
        "documents": 1,
        "chunks": 1,
    }
    assert texts_of(index) == {"a.txt": SEAS}


def test_freshness_counts_what_a_run_would_touch(corpus: Path, index: Index) -> None:
    write(corpus, {"a.txt": LAKES, "b.txt": SEAS, "c.txt": RIVERS})
    sync(index, corpus, FakeEmbedder(), 20)
    assert changes(index, corpus).freshness == Freshness()
    write(corpus, {"a.txt": LAKES + "More.", "d.txt": SEAS, "e.txt": SEAS})
    for name in ("b.txt", "c.txt"):
        (corpus / name).unlink()
    assert changes(index, corpus).freshness == Freshness(added=2, changed=1, removed=2)
    sync(index, corpus, FakeEmbedder(), 20)
    assert changes(index, corpus).freshness.level


def test_progress_grows_to_the_whole(corpus: Path, run: Sync) -> None:
    write(corpus, {"a.txt": LAKES * 30, "b.md": RIVERS, "c.bin": b"x" * 5000})
    told: list[Progress] = []
    chunks = run(on_progress=told.append).chunks
    assert [progress.phase for progress in told] == sorted((progress.phase for progress in told), reverse=True)
    for phase, whole in (("parsing", len(LAKES) * 30 + len(RIVERS) + 5000), ("embedding", chunks)):
        shares = [progress.done for progress in told if progress.phase == phase]
        assert shares == sorted(shares)
        assert {progress.total for progress in told if progress.phase == phase} == {whole} == {shares[-1]}
    assert {"a.txt", "b.md", "c.bin"} <= {progress.source for progress in told}


def test_a_run_that_is_broken_off_is_made_good_by_the_next(corpus: Path, index: Index) -> None:
    write(corpus, {"a.txt": LAKES, "b.txt": SEAS})
    sync(index, corpus, FakeEmbedder(), 20)
    write(corpus, {"a.txt": "Changed.", "b.txt": "Changed as well.", "c.txt": SEAS})

    def stop(progress: Progress) -> None:
        if progress.source == "c.txt":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sync(index, corpus, FakeEmbedder(), 20, stop)
    assert texts_of(index)["a.txt"] in (LAKES, "Changed.")
    sync(index, corpus, FakeEmbedder(), 20)
    assert texts_of(index) == {"a.txt": "Changed.", "b.txt": "Changed as well.", "c.txt": SEAS}


@pytest.mark.parametrize("comes_back", [False, True])
def test_a_folder_that_goes_away_while_it_is_looked_through_empties_nothing(
    corpus: Path, index: Index, monkeypatch: pytest.MonkeyPatch, comes_back: bool
) -> None:
    write(corpus, {"a.txt": LAKES, "sub/b.txt": SEAS})
    sync(index, corpus, FakeEmbedder(), 20)
    real = os.scandir

    def moved_away(folder: Any) -> Any:
        if str(folder) == str(corpus) and corpus.exists():
            corpus.rename(corpus.with_name("away"))
            if comes_back:  # as another, such as the empty place a drive was mounted at
                corpus.mkdir()
        return real(folder)

    monkeypatch.setattr(os, "scandir", moved_away)
    with pytest.raises(UsageError, match="was moved or replaced while it was looked through: run again"):
        sync(index, corpus, FakeEmbedder(), 20)
    assert texts_of(index) == {"a.txt": LAKES, "sub/b.txt": SEAS}


def test_renames_of_files_alike_are_each_told(corpus: Path, index: Index, run: Sync) -> None:
    write(corpus, {"g1.txt": LAKES, "g2.txt": LAKES})
    run()
    for number in (1, 2):
        (corpus / f"g{number}.txt").rename(corpus / f"h{number}.txt")
    report = run()
    assert report.renamed == (("g1.txt", "h1.txt"), ("g2.txt", "h2.txt"))
    assert (report.added, report.removed) == ((), ())


def test_a_file_that_could_not_be_opened_is_tried_again_on_every_run(corpus: Path, index: Index, run: Sync) -> None:
    write(corpus, {"a.txt": LAKES})

    def remove_and_bring_back(progress: Progress) -> None:
        (corpus / "a.txt").rename(corpus / ".a.txt")

    with_reason = run(
        on_progress=lambda p: remove_and_bring_back(p) if p.source and (corpus / "a.txt").exists() else None
    )
    assert [failure.source for failure in with_reason.failed] == ["a.txt"]
    (corpus / ".a.txt").rename(corpus / "a.txt")
    assert run().added == ("a.txt",)


def test_a_file_is_read_again_though_it_has_not_changed_and_until_then_is_as_it_was(
    corpus: Path, index: Index, parsed_sources: list[str]
) -> None:
    write(corpus, {"a.txt": LAKES, "b.txt": SEAS})
    sync(index, corpus, FakeEmbedder(), 20)
    parsed_sources.clear()
    again = {"a.txt", "gone.txt"}

    def stop(progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sync(index, corpus, FakeEmbedder(), 20, stop, again=again)
    assert texts_of(index) == {"a.txt": LAKES, "b.txt": SEAS}
    assert again == {"a.txt", "gone.txt"}
    assert sync(index, corpus, FakeEmbedder(), 20, again=again).changed == ("a.txt",)
    assert set(parsed_sources) == {"a.txt"}
    assert again == set()
    assert sync(index, corpus, FakeEmbedder(), 20, again=again).changed == ()
