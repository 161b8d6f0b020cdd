"""An index of many passages finds what one of few finds, whatever was done to it or to its files."""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rag.errors import IndexFailure
from rag.index import Reader, derive, large
from rag.index.bm25 import best
from rag.index.local import LocalIndex
from rag.index.postings import tokens
from rag.types import Document
from tests.filling import DIMENSION, MANIFEST, fill, line_document, nearest, put_document, unit_rows, vector_of
from tests.test_index import WORDS, by_key, given, made_up_lines


@pytest.fixture
def many(tmp_path: Path) -> LocalIndex:
    """An index that does with few passages as it does with many."""
    return LocalIndex(tmp_path / "many", exact_up_to=0)


def files(index: LocalIndex) -> list[str]:
    """Return what the files of the base are called, without their numbers."""
    return sorted({path.suffix for path in index.folder.glob("index-*.*.*") if ".sqlite" not in path.name})


ALL_FILES = [".base", ".codes", ".postings", ".tables", ".vectors"]


def found_by(reader: Reader, words: list[str]) -> list[tuple[str, float]]:
    """Return what is found for words, in order, by text and with the very score."""
    found = reader.lexical([(word,) for word in words], 50)
    return [
        (passage.chunk.text, score) for passage, score in zip(reader.passages(list(found)), found.values(), strict=True)
    ]


def edits(seed: int) -> list[tuple[str, Document | None]]:
    """Return documents put and removed at random."""
    luck = random.Random(seed)
    done: list[tuple[str, Document | None]] = []
    for _ in range(12):
        name = luck.choice("abcde")
        gone = luck.random() < 0.2 and bool(done)
        lines = made_up_lines(luck.randint(1, 60), luck.randint(0, 999))
        done.append((name, None if gone else line_document(name, lines, title=luck.choice(WORDS))))
    return done


@pytest.mark.parametrize("seed", range(8))
def test_after_any_edits_many_are_found_as_few_are_to_the_last_bit(
    index: LocalIndex, many: LocalIndex, seed: int
) -> None:
    fill(index, *(line_document(name, made_up_lines(40, at)) for at, name in enumerate("abc")))
    fill(many, *(line_document(name, made_up_lines(40, at)) for at, name in enumerate("abc")))
    assert files(many) == ALL_FILES
    for name, document in edits(seed):
        for one in (index, many):
            with one.writing():
                if document is None:
                    one.remove(name)
                else:
                    put_document(one, document)
        with index.reading() as few_reader, many.reading() as reader:
            assert len(reader) == len(few_reader)
            for words in ([WORDS[0]], WORDS[2:5], [*WORDS, "title", "a"], ["n7", "n7", "none"]):
                assert found_by(reader, words) == found_by(few_reader, words)
                keys = list(by_key(few_reader))[::3]
                assert reader.lexical_of(given(words), keys) == few_reader.lexical_of(given(words), keys)
            asked = [(word,) for word in [*WORDS, "none"]] + [("alpha", "gamma", "n3"), ("none", "zeta")]
            assert reader.frequencies(asked) == few_reader.frequencies(asked)
            for query in unit_rows(3, seed):
                assert list(reader.dense(query, 20)) == list(few_reader.dense(query, 20))
            for name in {document.source for document in reader.documents()}:
                some, as_few = reader.within([name]), few_reader.within([name])
                assert found_by(some, WORDS[1:4]) == found_by(as_few, WORDS[1:4])
                assert list(some.dense(unit_rows(1)[0], 9)) == list(as_few.dense(unit_rows(1)[0], 9))
    assert many.faults() == index.faults() == []
    many.close()


def test_the_quantised_index_names_those_that_exact_search_finds(
    many: LocalIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large, "_LEAST_WEIGHED", 60)  # of 1,500: all else is told by the quantised index
    lines = made_up_lines(1500)
    fill(many, line_document("a", lines))
    rows = np.stack([vector_of(line) for line in lines])
    shares = []
    with many.reading() as reader:
        texts = by_key(reader)
        for query in unit_rows(40, seed=1):
            exact = np.argsort(-(rows @ query))[:5]
            found = reader.dense(query, 5)
            assert list(found.values()) == pytest.approx(
                [rows[lines.index(texts[key])] @ query for key in found], abs=1e-6
            )
            shares.append(len({texts[key] for key in found} & {lines[at] for at in exact}) / 5)
    assert np.mean(shares) >= 0.99
    many.close()


def test_a_change_is_held_beside_the_base_until_there_are_many(
    many: LocalIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(many, line_document("a", ["alpha", "gamma"]), line_document("b", ["kappa"]))
    name = bases(many)
    fill(many, line_document("a", ["delta"]))
    assert bases(many) == name
    with LocalIndex(many.folder, 0).reading() as reader:
        assert sorted(by_key(reader).values()) == ["delta", "kappa"]
        assert reader.nearest_term("gama", 1) is None
        assert reader.nearest_term("delt", 1) == "delta"
    monkeypatch.setattr(derive, "LEAST_CHANGES", 2)
    fill(many, line_document("b", ["sigma"]))
    assert bases(many) != name
    assert files(many) == ALL_FILES
    with LocalIndex(many.folder, 0).reading() as reader:
        assert sorted(by_key(reader).values()) == ["delta", "sigma"]
    assert many.faults() == []
    many.close()


def bases(index: LocalIndex) -> set[str]:
    """Return the names of the bases there are files of."""
    return {path.name.split(".")[1] for path in index.folder.glob("index-*.*.vectors")}


def test_an_index_grows_large_and_small_again(tmp_path: Path) -> None:
    index = LocalIndex(tmp_path / "index", exact_up_to=3)
    fill(index, line_document("a", ["alpha", "gamma", "delta"]))
    assert (files(index), len(list(index.folder.glob("*.faiss")))) == ([], 1)
    fill(index, line_document("b", ["kappa"]))
    assert (files(index), len(list(index.folder.glob("*.faiss")))) == (ALL_FILES, 0)
    with index.writing():
        assert index.is_published()
        index.remove("b")
        assert not index.is_published()
        index.publish()
        assert index.is_published()
    assert (files(index), len(list(index.folder.glob("*.faiss")))) == ([], 1)
    assert index.faults() == []
    index.close()


def flip(data: bytes) -> bytes:
    at = len(data) // 2
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def flip_all(data: bytes) -> bytes:
    return bytes(byte ^ 1 for byte in data)


@pytest.mark.parametrize("damage", [flip, flip_all, lambda data: data[:-1], lambda data: b"", None])
@pytest.mark.parametrize("suffix", ALL_FILES)
def test_a_damaged_base_is_seen_and_made_again(
    many: LocalIndex, suffix: str, damage: Callable[[bytes], bytes] | None
) -> None:
    lines = made_up_lines(50)
    all_words = [*WORDS, "title", "a", *(f"n{at}" for at in range(50))]
    fill(many, line_document("a", lines))
    with many.reading() as reader:
        expected = nearest(reader, "delta"), found_by(reader, all_words)
        wanted = reader.vectors(list(by_key(reader)))
    (path,) = many.folder.glob(f"*{suffix}")
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage(path.read_bytes()))
    again = LocalIndex(many.folder, 0)
    with again.reading() as reader:
        assert (nearest(reader, "delta"), found_by(reader, all_words)) == expected
        np.testing.assert_array_equal(reader.vectors(list(by_key(reader))), wanted)
    with again.writing():
        assert not again.is_published()
        again.publish()
    assert again.faults() == []
    fresh = LocalIndex(many.folder, 0)
    with fresh.reading() as reader:
        assert (nearest(reader, "delta"), found_by(reader, all_words)) == expected
    assert files(many) == ALL_FILES
    assert len(bases(many)) == 1
    many.close()


@pytest.mark.parametrize("suffix", [".vectors", ".postings"])
def test_damage_that_no_question_meets_is_a_fault(many: LocalIndex, suffix: str) -> None:
    fill(many, line_document("a", made_up_lines(50)))
    (path,) = many.folder.glob(f"*{suffix}")
    path.write_bytes(flip(path.read_bytes()))
    said = "the vectors searched" if suffix == ".vectors" else "the words searched"
    assert LocalIndex(many.folder, 0).faults() == [f"{said} are not those of the database"]
    many.close()


def test_the_base_of_another_state_is_not_used(many: LocalIndex) -> None:
    """As when the power goes: what was written last to the database is lost, the base made of it is not."""
    fill(many, line_document("a", ["alpha"]))
    many.close()
    kept = {path.name: path.read_bytes() for path in many.folder.glob("*.sqlite*")}
    fill(many, *(line_document(name, ["gamma"]) for name in "bc"))
    with many.writing():
        derive.renew_base(next(many.folder.glob("*.sqlite")), many._writing, DIMENSION)
    many.close()
    for path in many.folder.glob("*.sqlite*"):
        path.unlink()
    for name, data in kept.items():
        (many.folder / name).write_bytes(data)
    again = LocalIndex(many.folder, 0)
    with again.writing():
        put_document(again, line_document("b", ["delta"]))
        put_document(again, line_document("c", ["zeta"]))
    assert again.faults() == []
    with again.reading() as reader:
        assert sorted(by_key(reader).values()) == ["alpha", "delta", "zeta"]
    again.close()


def test_a_reader_keeps_a_base_whose_files_are_gone(many: LocalIndex) -> None:
    fill(many, line_document("a", made_up_lines(20)))
    with many.reading() as reader:
        before = nearest(reader, "alpha"), found_by(reader, WORDS)
        database = next(many.folder.glob("*.sqlite"))
        with many.writing():
            put_document(many, line_document("a", ["alpha"]))
            derive.renew_base(database, many._writing, DIMENSION)
        assert (nearest(reader, "alpha"), found_by(reader, WORDS)) == before
        with many.reading() as later:
            assert list(by_key(later).values()) == ["alpha"]
    many.close()


def test_in_a_long_first_run_bases_are_made_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.index.local._BASE_LOOKED_AT", 5)
    index = LocalIndex(tmp_path / "index", exact_up_to=3)
    with index.writing():
        index.begin(MANIFEST)
        put_document(index, line_document("a", ["alpha", "gamma", "delta"]))
        assert bases(index) == set()
        put_document(index, line_document("b", ["kappa", "sigma", "omega"]))
        assert len(bases(index)) == 1
        put_document(index, line_document("a", ["zeta"]))
        with index.reading() as reader:
            assert sorted(by_key(reader).values()) == ["kappa", "omega", "sigma", "zeta"]
    index.close()


def test_a_full_disk_leaves_the_base_before_and_no_half_of_another(
    many: LocalIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(many, line_document("a", ["alpha"]))
    name = bases(many)
    monkeypatch.setattr(derive, "LEAST_CHANGES", 0)

    def full(file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(IndexFailure, match=r"No space left.*nothing is lost"):
            fill(many, line_document("b", ["gamma"]))
    assert bases(many) == name
    assert many.faults() == []
    fill(many)
    assert bases(many) != name
    assert many.faults() == []
    many.close()


@pytest.mark.parametrize("k", [1, 7, 300, 2000])
def test_the_best_are_those_of_sorting_all(k: int) -> None:
    scores = np.round(np.random.default_rng(k).exponential(size=1500), 1)  # many are equal, some 0
    expected = [at for at in np.lexsort((np.arange(len(scores)), -scores)) if scores[at] > 0][:k]
    assert best(scores, k).tolist() == expected


def test_texts_are_parted_as_fts5_parts_them() -> None:
    assert tokens("a b\tc\x00d 3.5 c++ c# e-f g'h Ä Straße 日本 x_y A") == [
        *(b"a", b"b", b"c", b"d", b"3.5", b"c++", b"c#", b"e", b"f", b"g", b"h"),
        *("Ä".encode(), "straße".encode(), "日本".encode(), b"x", b"y", b"a"),
    ]
