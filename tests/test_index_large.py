"""An index of many passages finds what one of few finds, whatever was done to it or to its files."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from rag.errors import IndexFailure
from rag.index import Reader, engines
from rag.index.local import LocalIndex
from rag.index.vectors import Numbered, VectorIndex, load_vectors, make_vectors, save_vectors
from rag.index.words import open_words
from rag.types import Document
from tests.filling import MANIFEST, fill, line_document, nearest, put_document, unit_rows, vector_of
from tests.test_index import WORDS, by_key, given, made_up_lines


@pytest.fixture
def many(tmp_path: Path) -> LocalIndex:
    """An index that does with few passages as it does with many."""
    return LocalIndex(tmp_path / "many", exact_up_to=0)


def fresh(index: LocalIndex) -> LocalIndex:
    """Return the index as another process sees it."""
    return LocalIndex(index.folder, exact_up_to=0)


def header(index: LocalIndex) -> dict[str, int]:
    """Return what the file of vectors says of itself."""
    (path,) = index.folder.glob("*.faiss")
    found: dict[str, int] = json.loads(path.read_bytes().split(b"\n")[0])
    return found


def words_folder(index: LocalIndex) -> Path:
    """Return the folder of words that the database names; one more may be there, for who reads what was before."""
    with index.reading() as reader:
        found = engines.saved_words(index.folder / "index-1.sqlite", reader._connection)
    assert found is not None
    assert len(list(index.folder.glob("*.words-*"))) <= 2
    return found.folder


def found_by(reader: Reader, words: list[str], k: int = 50) -> list[tuple[str, float]]:
    """Return what is found for words, in order, by text and with the very score."""
    found = reader.lexical([(word,) for word in words], k)
    return [
        (passage.chunk.text, score) for passage, score in zip(reader.passages(list(found)), found.values(), strict=True)
    ]


def answers(index: LocalIndex) -> list[object]:
    """Return what is found by vectors and by words."""
    words = [*WORDS, "titl", "a", *(f"n{at}" for at in range(50))]
    with index.reading() as reader:
        return [nearest(reader, "delta", 60), found_by(reader, words), found_by(reader, [WORDS[1]])]


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


@pytest.mark.parametrize("are_saved", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_after_any_edits_many_are_found_as_few_are_to_the_last_bit(
    index: LocalIndex, many: LocalIndex, seed: int, are_saved: bool
) -> None:
    fill(index, *(line_document(name, made_up_lines(40, at)) for at, name in enumerate("abc")))
    fill(many, *(line_document(name, made_up_lines(40, at)) for at, name in enumerate("abc")))
    assert (header(index)["made_for"], header(many)["made_for"]) == (0, 40)
    for name, document in edits(seed):
        for one in (index, many):
            with one.writing():
                if document is None:
                    one.remove(name)
                else:
                    put_document(one, document)
                if one is many and are_saved:
                    one.publish()
        with index.reading() as few_reader, many.reading() as reader:
            assert len(reader) == len(few_reader)
            for words in ([WORDS[0]], WORDS[2:5], [*WORDS, "titl", "a"], ["n7", "n7", "none"]):
                assert found_by(reader, words, 20) == found_by(few_reader, words, 20)
                keys = list(by_key(few_reader))[::3]
                assert reader.lexical_of(given(words), keys) == few_reader.lexical_of(given(words), keys)
            asked = [(word,) for word in [*WORDS, "none"]] + [("alpha", "gamma", "n3"), ("none", "zeta")]
            assert reader.frequencies(asked) == few_reader.frequencies(asked)
            for query in unit_rows(3, seed):
                assert reader.dense(query, 20) == few_reader.dense(query, 20)
            for name in {document.source for document in reader.documents()}:
                some, as_few = reader.within([name]), few_reader.within([name])
                assert found_by(some, WORDS[1:4]) == found_by(as_few, WORDS[1:4])
                assert some.dense(unit_rows(1)[0], 9) == as_few.dense(unit_rows(1)[0], 9)
    assert many.faults() == index.faults() == []
    many.close()


def test_what_lists_name_is_what_exact_search_finds() -> None:
    count, k = 8_000, 10
    rows = unit_rows(count)
    numbers = np.arange(1, count + 1)
    index = make_vectors("name", count, rows.shape[1], lambda last: iter([(numbers, rows)]), exact_up_to=0)
    assert index.faiss.nlist >= 3 * index.faiss.nprobe, "not all lists are looked through"
    shares = []
    for query in unit_rows(200, seed=1):
        exact = set((np.argsort(-(rows @ query))[:k] + 1).tolist())
        shares.append(len(exact & set(index.search(query, 300))) / k)
    assert np.mean(shares) >= 0.99


def test_a_score_is_that_of_the_vector_itself(many: LocalIndex) -> None:
    lines = made_up_lines(2000)
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


def test_flat_becomes_lists_as_it_grows_and_the_lists_are_made_anew(tmp_path: Path) -> None:
    index = LocalIndex(tmp_path / "index", exact_up_to=30)
    lines, before, made_for = made_up_lines(125), 0, []
    for count in (30, 31, 60, 124, 125):
        fill(index, line_document(f"to {count}", lines[before:count]))
        made_for.append(header(index)["made_for"])
        assert (header(index)["last"], len(kept_vectors(index))) == (count, count)
        before = count
        assert index.faults() == []
    assert made_for == [0, 31, 31, 31, 125]
    index.close()


def test_vectors_outside_of_the_range_of_the_codes_are_no_fault_and_others_are(many: LocalIndex) -> None:
    lines = made_up_lines(15)
    fill(many, line_document("a", lines[:4]))
    fill(many, line_document("b", lines[4:]))
    assert (header(many)["made_for"], header(many)["last"]) == (4, 15)
    held = kept_vectors(many).vectors(range(1, 16))
    assert held is not None
    true = np.stack([vector_of(line) for line in lines])
    assert min((held * true).sum(axis=1) / np.linalg.norm(held, axis=1)) < 0.95, "some are cut off"
    with many.reading() as reader:
        texts = by_key(reader)
        query = vector_of("any")
        expected = sorted((float(one) for one in true @ query), reverse=True)
        assert list(reader.dense(query, 99).values()) == pytest.approx(expected, abs=1e-6)
        assert set(texts.values()) == set(lines)
    assert fresh(many).faults() == []
    with many.writing():
        many._writing.execute("UPDATE vectors SET passage = (SELECT passage FROM vectors WHERE id = 2) WHERE id = 15")
    assert fresh(many).faults() == ["the vectors searched are not those of the database"]
    many.close()


def flip(data: bytes) -> bytes:
    at = len(data) // 2
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def flip_all(data: bytes) -> bytes:
    return bytes(byte ^ 1 for byte in data)


DAMAGES = [flip, flip_all, lambda data: data[:-2], lambda data: b"", None]


def damage(path: Path, how: Callable[[bytes], bytes] | None) -> None:
    data = path.read_bytes()
    path.unlink()  # a thread of tantivy's may have it mapped, which would not outlive that it gets shorter
    if how is not None:
        path.write_bytes(how(data))


def check_that_damage_is_made_good(index: LocalIndex, expected: list[object]) -> None:
    """Check that a damaged file changes no answer, and that the next run writes it anew."""
    seen = fresh(index)
    assert answers(seen) == expected
    with seen.writing():
        assert not seen.is_published()
        seen.publish()
        assert seen.is_published()
    assert seen.faults() == []
    assert header(index)["last"] == 50
    assert open_words(words_folder(index)) is not None
    assert answers(fresh(index)) == expected


@pytest.mark.parametrize("how", [*DAMAGES, lambda data: data.replace(b'"last": 50', b'"last": 49', 1)])
def test_a_damaged_file_of_vectors_is_seen_and_made_again(
    many: LocalIndex, how: Callable[[bytes], bytes] | None
) -> None:
    fill(many, line_document("a", made_up_lines(50)))
    expected = answers(many)
    (path,) = many.folder.glob("*.faiss")
    damage(path, how)
    check_that_damage_is_made_good(many, expected)
    many.close()


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_file_of_words_is_seen_and_made_again(many: LocalIndex, how: Callable[[bytes], bytes] | None) -> None:
    fill(many, line_document("a", made_up_lines(50)))
    expected = answers(many)
    for at in range(len(files_of_words(many))):  # which have other names each time
        damage(files_of_words(many)[at], how)
        check_that_damage_is_made_good(many, expected)
    shutil.rmtree(words_folder(many))
    check_that_damage_is_made_good(many, expected)
    many.close()


def files_of_words(index: LocalIndex) -> list[Path]:
    """Return the files that are read; .managed.json is not, and a writer makes it anew."""
    unread = (".managed.json", ".tantivy-meta.lock", ".tantivy-writer.lock")
    found = sorted(path for path in words_folder(index).iterdir() if path.name not in unread)
    assert len(found) >= 8
    return found


def test_no_bit_of_what_tantivy_says_of_its_files_may_be_another(many: LocalIndex) -> None:
    fill(many, line_document("a", made_up_lines(50)))
    path = words_folder(many) / "meta.json"
    data = path.read_bytes()
    for at in range(0, len(data), 7):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        assert open_words(path.parent) is None
    path.write_bytes(data)
    assert open_words(path.parent) is not None
    many.close()


def test_what_was_made_of_another_state_is_not_used(many: LocalIndex) -> None:
    """As when the power goes, or a database is restored: what was written last is lost, what was made of it is not."""
    fill(many, line_document("a", made_up_lines(20)))
    many.close()
    kept = {path: path.read_bytes() for path in many.folder.glob("*.sqlite*")}
    fill(many, line_document("b", made_up_lines(30, seed=1)))
    many.close()
    for path in many.folder.glob("*.sqlite*"):
        path.unlink()
    for path, data in kept.items():
        path.write_bytes(data)
    other = [line_document("c", made_up_lines(40, seed=2)), line_document("d", ["kappa"])]
    again, expected = fresh(many), LocalIndex(many.folder.parent / "expected", 0)
    fill(expected, line_document("a", made_up_lines(20)), *other)
    with again.writing():
        for document in other:
            put_document(again, document)
    for _ in range(2):
        assert answers(fresh(many)) == answers(expected)
        assert fresh(many).faults() == []
        fill(again)
    again.close()


def test_a_file_from_before_is_gone_on_with(many: LocalIndex) -> None:
    """As when a run is killed before it saved: what it wrote is weighed from the database."""
    fill(many, line_document("a", made_up_lines(20)))
    with many.writing():
        put_document(many, line_document("b", made_up_lines(30, seed=1)))
        assert many.is_published(), "it is near enough"
    assert header(many)["last"] == 20
    expected = LocalIndex(many.folder.parent / "expected")
    fill(expected, line_document("a", made_up_lines(20)), line_document("b", made_up_lines(30, seed=1)))
    assert answers(fresh(many)) == answers(expected)
    assert fresh(many).faults() == []
    many.close()


def test_a_reader_keeps_what_it_has_open_when_it_is_replaced(many: LocalIndex) -> None:
    fill(many, line_document("a", made_up_lines(20)))
    other = fresh(many)
    with many.reading() as reader, other.reading() as late:
        before = nearest(reader, "alpha"), found_by(reader, WORDS)
        assert len(late) == 20  # its view begins with the first question
        with many.writing():
            put_document(many, line_document("a", ["alpha"]))
            many.publish()
            many.forget()  # all files are others
        assert (nearest(reader, "alpha"), found_by(reader, WORDS)) == before
        assert (nearest(late, "alpha"), found_by(late, WORDS)) == before, "it opened none of them yet"
        with many.reading() as later:
            assert list(by_key(later).values()) == ["alpha"]
    many.close()


def test_a_reader_that_began_before_files_were_saved_uses_them(
    many: LocalIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(many, line_document("a", made_up_lines(20)))
    with fresh(many).reading() as reader:
        assert len(reader) == 20
        for name in "bcd":
            fill(many, line_document(name, made_up_lines(9, seed=ord(name))))
        for made in ("make_vectors", "words_in_memory"):
            monkeypatch.setattr(engines, made, lambda *_: pytest.fail("made anew, which may take minutes"))
        assert len(by_key(reader)) == len(found_by(reader, WORDS)) == 20
    many.close()


def test_in_a_long_run_the_engines_are_saved_on_the_way(many: LocalIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_WORDS_BEHIND", 4)
    monkeypatch.setattr(engines, "_VECTORS_BEHIND", 7)
    monkeypatch.setattr(engines, "_SHARE_BEHIND", 10**9)
    saved = []
    with many.writing():
        many.begin(MANIFEST)
        for number, lines in enumerate(np.array_split(made_up_lines(30), 10)):
            put_document(many, line_document(f"{number}", list(lines)))
            with many.reading() as reader:
                assert len(by_key(reader)) == 3 * (number + 1)
                assert len(found_by(reader, WORDS)) == 3 * (number + 1)
                found = engines.saved_words(many.folder / "index-1.sqlite", reader._connection)
            saved.append((header(many)["last"], found.last if found is not None else 0))
    assert saved == [(3, 0), (3, 6), (3, 6), (12, 12), (12, 12), (12, 18), (21, 18), (21, 24), (21, 24), (30, 30)]
    assert many.faults() == []
    many.close()


def test_a_full_disk_leaves_what_was_there(many: LocalIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(many, line_document("a", made_up_lines(20)))
    before = header(many), words_folder(many)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(IndexFailure, match=r"No space left.*nothing is lost"):
            fill(many, line_document("b", made_up_lines(30, seed=1)))
    assert header(many) == before[0]
    assert many.faults() == fresh(many).faults() == []
    expected = LocalIndex(many.folder.parent / "expected")
    fill(expected, line_document("a", made_up_lines(20)), line_document("b", made_up_lines(30, seed=1)))
    assert answers(fresh(many)) == answers(expected)
    fill(many)
    assert header(many)["last"] == 50
    assert sorted(path.suffix for path in many.folder.rglob("*.new")) == []
    assert answers(fresh(many)) == answers(expected)
    assert many.faults() == []
    many.close()


def test_what_is_mostly_gone_is_made_anew(many: LocalIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_WORDS_BEHIND", 0)
    monkeypatch.setattr("rag.index.local.VECTORS_KEPT_FOR", 0)
    fill(many, line_document("a", made_up_lines(10)), line_document("b", made_up_lines(30, seed=1)))
    folder = words_folder(many)

    def held() -> tuple[int, int]:
        words, vectors = open_words(words_folder(many)), kept_vectors(many)
        assert words is not None
        return len(words), len(vectors)

    assert held() == (40, 40)
    for lines, holds in ((21, (61, 61)), (1, (11, 11))):
        fill(many, line_document("b", made_up_lines(lines, seed=lines)))
        with many.reading() as reader:
            assert len(by_key(reader)) == len(found_by(reader, WORDS)) == 10 + lines
        assert held() == holds
    assert words_folder(many) != folder
    assert many.faults() == []
    many.close()


def kept_vectors(index: LocalIndex) -> VectorIndex:
    (path,) = index.folder.glob("*.faiss")
    found = load_vectors(path, {str(header(index)["database"])})
    assert found is not None
    return found


def test_a_file_gives_the_vectors_back_that_were_saved(tmp_path: Path) -> None:
    rows, numbers = unit_rows(300), np.arange(5, 305)

    def blocks(last: int) -> Iterator[Numbered]:
        return iter([(numbers[numbers > last], rows[numbers > last])] if last < 304 else [])

    for exact_up_to, tolerance in ((1000, 0), (0, 0.02)):
        made = make_vectors("name", 300, rows.shape[1], blocks, exact_up_to)
        save_vectors(made, blocks, tmp_path / "x.faiss")
        again = load_vectors(tmp_path / "x.faiss", {"name"})
        assert again is not None
        given_back = again.vectors(numbers.tolist())
        assert given_back is not None
        assert np.abs(given_back - rows).max() <= tolerance
        assert again.vectors([4]) is None
        assert load_vectors(tmp_path / "x.faiss", {"other"}) is None
