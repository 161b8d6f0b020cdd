"""What an index finds, against exact search and BM25 done by hand."""

from __future__ import annotations

import random
import shutil
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from rag.errors import IndexMismatch
from rag.index import Cut, FileRecord, Forms, Index, Reader
from rag.index.local import LocalIndex
from rag.index.postgres import PostgresIndex
from rag.index.vectors import EXACT_UP_TO
from rag.types import DocumentSummary, Heading, Page
from rag.words import forms
from tests.filling import (
    MANIFEST,
    file_record,
    fill,
    line_document,
    nearest,
    put_document,
    unit_rows,
    vector_of,
    with_vectors,
)
from tests.folders import read_only
from tests.oracles import bm25

WORDS = "alpha gamma delta kappa sigma omega zeta theta".split()  # each its own stem


@pytest.fixture(params=["few", "many", "few in a database", "many in a database"])
def index(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Index]:
    """An index of few passages, and one that does with them as it does with many; in a folder and in a database."""
    exact_up_to = EXACT_UP_TO if request.param.startswith("few") else 0
    opened: Index
    if request.param.endswith("database"):
        opened = PostgresIndex(request.getfixturevalue("postgres").url(), exact_up_to=exact_up_to)
    else:
        opened = LocalIndex(tmp_path / "index", exact_up_to)
    yield opened
    opened.close()


def made_up_lines(count: int, seed: int = 0) -> list[str]:
    """Return distinct lines of the words; a word is the rarer the later it comes."""
    choose = random.Random(seed)
    weights = [1 / (at + 1) ** 2 for at in range(len(WORDS))]
    return [" ".join([*choose.choices(WORDS, weights, k=choose.randint(1, 20)), f"n{at}"]) for at in range(count)]


def given(words: Sequence[str]) -> list[Forms]:
    """Return words that are terms as they are, as an index is given them."""
    return [(word,) for word in words]


def by_key(reader: Reader) -> dict[int, str]:
    keys = list(reader.dense(unit_rows(1)[0], len(reader)))
    return {key: passage.chunk.text for key, passage in zip(keys, reader.passages(keys), strict=True)}


@pytest.mark.parametrize("k", [1, 10, 300, 1000])
def test_dense_search_is_exact(index: Index, k: int) -> None:
    lines = made_up_lines(300)
    fill(index, line_document("a", lines[:100]), line_document("b", lines[100:]))
    rows = np.stack([vector_of(line) for line in lines])
    with index.reading() as reader:
        texts = by_key(reader)
        for query in unit_rows(5, seed=1):
            scores = rows @ query
            best = np.argsort(-scores)[:k]
            found = reader.dense(query, k)
            assert [texts[key] for key in found] == [lines[at] for at in best]
            assert list(found.values()) == pytest.approx(scores[best], abs=1e-6)


@pytest.mark.parametrize("query", [["alpha"], ["zeta", "omega"], WORDS, ["theta", "n7"], ["unknown"]])
def test_lexical_scores_are_those_of_bm25(index: Index, query: list[str]) -> None:
    lines = made_up_lines(200)
    headings = {line: (line.split()[0], "zeta alpha") for line in lines[::3]}
    with index.writing():
        index.begin(MANIFEST)
        put_document(index, line_document("a", lines[:50], title="sigma"), headings)
        put_document(index, line_document("b", lines[50:], title="other theta"), headings)
        index.publish()
    titles = ["sigma"] * 50 + ["other theta"] * 150
    names = ["a"] * 50 + ["b"] * 150
    contexts = [
        " ".join((t, *headings.get(line, ()), name)) for t, line, name in zip(titles, lines, names, strict=True)
    ]
    scores = bm25(query, list(zip(lines, contexts, strict=True)), weights=(1.0, 0.3))
    expected = {line: score for line, score in zip(lines, scores, strict=True) if score > 0}
    with index.reading() as reader:
        texts = by_key(reader)
        found = reader.lexical(given(query), 1000)
        assert {texts[key]: score for key, score in found.items()} == pytest.approx(expected, rel=1e-9)
        assert list(found.values()) == sorted(found.values(), reverse=True)
        assert list(reader.lexical(given(query), 7)) == list(found)[:7]


def test_the_lexical_score_of_a_row_is_the_same_whether_it_was_searched_for_or_asked_for(index: Index) -> None:
    lines = ["alpha gamma", "gamma", "delta delta", "omega", "zeta"]
    with index.writing():
        index.begin(MANIFEST)
        put_document(index, line_document("a", lines, title="kappa"), {"gamma": ("alpha",), "omega": ("alpha",)})
        index.publish()
    with index.reading() as reader:
        found = reader.lexical(given(["alpha", "delta"]), 10)
        assert len(found) == 4
        assert reader.lexical_of(given(["alpha", "delta"]), list(by_key(reader))) == pytest.approx(found, rel=1e-9)


def test_a_word_is_found_in_any_of_its_forms(index: Index) -> None:
    fill(index, line_document("a", ["alpha", "gamma", "alpha gamma", "delta"]))
    with index.reading() as reader:
        texts = by_key(reader)
        assert {texts[key] for key in reader.lexical([("alpha", "gamma", "zeta")], 9)} == {
            "alpha",
            "gamma",
            "alpha gamma",
        }


def test_frequencies_are_counted_form_by_form_and_at_most_all_passages(index: Index) -> None:
    fill(index, line_document("a", ["alpha gamma", "gamma", "kappa", "delta delta", "omega"], title="omega"))
    with index.reading() as reader:
        asked: list[Forms] = [("alpha", "gamma"), ("delta", "zeta"), ("zeta",), ("omega", "gamma"), ()]
        assert reader.frequencies(asked) == [3, 1, 0, 5, 0]
        assert reader.frequencies([]) == []


def test_words_of_title_headings_and_file_name_are_found(index: Index) -> None:
    with index.writing():
        index.begin(MANIFEST)
        put_document(index, line_document("Filings/Apple_10Q_2023.pdf", ["x", "y"], title="Report"), {"x": ("Risks",)})
        put_document(index, line_document("b", ["z"]))
        index.publish()
    with index.reading() as reader:
        texts = by_key(reader)
        for word, found in (
            ("report", "xy"),
            ("risk", "x"),
            ("10q", "xy"),
            ("2023", "xy"),
            ("file", "xy"),
            ("pdf", ""),
        ):
            assert {texts[key] for key in reader.lexical([(word,)], 9)} == set(found)


def test_each_language_is_found_in_its_own_inflection(index: Index) -> None:
    german = line_document("a", ["Viele Häuser stehen leer."]).model_copy(update={"language": "de"})
    japanese = line_document("b", ["東京都の人口は多い。"]).model_copy(update={"language": "ja"})
    fill(index, german, japanese)
    with index.reading() as reader:
        assert reader.frequencies([("haus",), ("hauser",), ("人口",), ("口は",), ("都人",)]) == [1, 0, 1, 1, 0]
        assert reader.languages() == {"de": 1, "ja": 1}
        keys = list(by_key(reader))
        expected = ["de" if "Viele" in passage.chunk.text else "ja" for passage in reader.passages(keys)]
        assert reader.languages_of(keys) == expected == [passage.language for passage in reader.passages(keys)]
        assert [document.language for document in reader.documents()] == ["de", "ja"]


@pytest.mark.parametrize(
    ("term", "most", "found"),
    [
        ("gamam", 1, "gamma"),
        ("gama", 1, "gamma"),
        ("gammaa", 1, "gamma"),
        ("gomma", 1, "gamma"),
        ("gmama", 1, "gamma"),
        ("gxxma", 1, None),
        ("gxxma", 2, "gamma"),
        ("domain", 1, None),  # "romain" begins otherwise
        ("lat", 1, "let"),  # stands in more passages than "lot"
        ("n18", 1, None),
    ],
)
def test_the_nearest_term_is_the_fewest_slips_away(index: Index, term: str, most: int, found: str | None) -> None:
    fill(index, line_document("a", ["gamma", "romain", "lot", "let", "let hat", "hat hat", "hat", "n17"]))
    with index.reading() as reader:
        assert reader.nearest_term(term, most) == found


def test_the_vocabulary_is_that_of_the_index_as_it_stands(index: Index) -> None:
    fill(index, line_document("a", ["gamma"]))
    with index.reading() as before:
        assert before.nearest_term("gama", 1) == "gamma"
        with index.writing():
            put_document(index, line_document("a", ["delta"]))
            index.publish()
        with index.reading() as after:
            assert after.nearest_term("gama", 1) is None
            assert after.nearest_term("delt", 1) == "delta"


def test_no_words_and_no_rows_find_nothing(index: Index) -> None:
    fill(index, line_document("a", ["alpha"]))
    with index.reading() as reader:
        assert reader.lexical([], 5) == {}
        assert reader.lexical_of([], list(by_key(reader))) == {}
        assert reader.lexical_of(given(["alpha"]), []) == {}
        assert reader.dense(unit_rows(1)[0], 0) == {}


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("and", {"this and that"}),
        ("or", {"this or that"}),
        ("not", {"this not that"}),
        ("NEAR(this that)", set()),
        ("near", {"near here"}),
        ("text", {"a text: column"}),
        ("terms:text", set()),
        ("text:this", set()),
        ("th*", set()),
        ('"', set()),
        ('say "near', set()),
        ('near"', set()),
        ("^ this", set()),
        ("- near", set()),
        ("near here", set()),
        ("NEAR", set()),
        ("(", set()),
        ("", set()),
        ("' OR 1=1 --", set()),
    ],
)
def test_a_word_is_never_taken_for_an_operator(index: Index, word: str, found: set[str]) -> None:
    fill(index, line_document("a", ["this and that", "this or that", "this not that", "near here", "a text: column"]))
    with index.reading() as reader:
        texts = by_key(reader)
        assert {texts[key] for key in reader.lexical(given([word]), 10)} == found
        assert {texts[key] for key in reader.lexical_of(given([word]), list(texts))} == found
        assert reader.frequencies(given([word])) == [len(found)]


def test_words_are_found_in_any_form_accent_and_case(index: Index) -> None:
    lines = ["The company grew.", "Many COMPANIES grew.", "A café opened.", "Before \x00 after."]
    fill(index, line_document("a", lines))
    with index.reading() as reader:
        texts = by_key(reader)
        assert {texts[key] for key in reader.lexical([forms("company", ("en",))], 9)} == {lines[0], lines[1]}
        assert {texts[key] for key in reader.lexical([forms("cafe", ("en",))], 9)} == {lines[2]}
        assert {texts[key] for key in reader.lexical([forms("after", ("en",))], 9)} == {lines[3]}
        asked = ["companies", "growing", "cafés", "alpha"]
        assert reader.frequencies([forms(word, ("en",)) for word in asked]) == [2, 0, 1, 0]


def test_rows_are_given_in_the_order_asked_for(index: Index) -> None:
    lines = made_up_lines(20)
    fill(index, line_document("b", lines[10:], title="B"), line_document("a", lines[:10], title="A"))
    with index.reading() as reader:
        keys = {text: key for key, text in by_key(reader).items()}
        wanted = random.Random(1).sample(lines, 12)
        passages = reader.passages([keys[line] for line in wanted])
        assert [passage.chunk.text for passage in passages] == wanted
        assert [passage.title for passage in passages] == ["A" if line in lines[:10] else "B" for line in wanted]
        rows = np.stack([vector_of(line) for line in wanted])
        np.testing.assert_array_equal(reader.vectors([keys[line] for line in wanted]), rows)
        sentences = reader.sentence_vectors([keys[line] for line in wanted])
        np.testing.assert_allclose(np.concatenate(sentences), rows, atol=1e-3)


def test_a_document_comes_back_as_it_was_put(index: Index) -> None:
    document = line_document(
        "folder/ä 'x'.md", ["# Ein Titel 😀", "with a \x00 in it", "日本語"], title='"T"'
    ).model_copy(
        update={
            "headings": (Heading(level=1, text="Ein Titel 😀", start=0, end=13),),
            "pages": (Page(number=1, start=0, end=14), Page(number=2, start=14, end=34)),
            "page_kind": "slide",
        }
    )
    fill(index, document, line_document("a", ["x"]))
    with index.reading() as reader:
        assert reader.document(document.source) == document
        assert reader.document("elsewhere") is None
        summary = DocumentSummary(
            source=document.source,
            file=document.source,
            title='"T"',
            sha256=document.sha256,
            characters=len(document.text),
            pages=2,
            page_kind="slide",
            chunks=3,
        )
        assert [one.source for one in reader.documents()] == ["a", document.source]
        assert reader.documents()[1] == summary
        assert len(reader) == 4


def test_files_are_kept_whether_they_could_be_read_or_not(index: Index) -> None:
    unreadable = FileRecord(
        source="b.bin", sha256="", size=7, mtime_ns=2**62, ctime_ns=3, parser="1", reason="no parser", warning="none"
    )
    fill(index, line_document("a", ["alpha"]), line_document("b.bin", ["beta"]))
    with index.writing():
        index.put(unreadable, [], {})
        index.touch(FileRecord(source="a", sha256="", size=5, mtime_ns=99, ctime_ns=98, parser=""))
        index.publish()
    with index.reading() as reader:
        files = reader.files()
        assert files["b.bin"] == unreadable
        assert (files["a"].sha256, files["a"].mtime_ns, files["a"].ctime_ns) == (
            line_document("a", ["alpha"]).sha256,
            99,
            98,
        )
        assert [document.source for document in reader.documents()] == ["a"]
        assert reader.lexical(given(["beta"]), 5) == {}
        assert list(by_key(reader).values()) == ["alpha"]


def test_a_removed_document_is_found_no_more(index: Index) -> None:
    fill(index, line_document("a", ["alpha"]), line_document("b", ["alpha", "gamma"]))
    with index.writing():
        index.remove("b")
        index.publish()
    with index.reading() as reader:
        texts = by_key(reader)
        assert [texts[key] for key in reader.lexical(given(["alpha", "gamma"]), 5)] == ["alpha"]
        assert reader.document("b") is None
        assert list(reader.files()) == ["a"]


def test_vectors_are_known_for_a_month_after_the_last_passage_that_uses_them(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(index, line_document("a", ["alpha", "gamma"]), line_document("b", ["gamma"]))
    with index.reading() as reader:
        assert sorted(by_key(reader).values()) == ["alpha", "gamma", "gamma"]
    lines = ["alpha", "gamma", "delta"]
    with index.writing():
        assert with_vectors(index, lines) == {"alpha", "gamma"}
        index.remove("a")
        index.publish()
        assert with_vectors(index, lines) == {"alpha", "gamma"}
    monkeypatch.setattr(sys.modules[type(index).__module__], "VECTORS_KEPT_FOR", 0)
    with index.writing():
        index.publish()
        assert with_vectors(index, lines) == {"gamma"}


def test_what_is_forgotten_is_nowhere_in_the_index(index: Index) -> None:
    fill(index, line_document("a", ["alpha", "zirconium"]), line_document("b", ["gamma"]))
    with index.writing(rebuild=True):  # so that one is kept aside
        index.begin(MANIFEST)
        for document in (line_document("a", ["alpha", "zirconium"]), line_document("b", ["gamma"])):
            put_document(index, document)
        index.publish()
    with index.writing():
        index.remove("a")
        index.publish()
        index.forget()
        assert with_vectors(index, ["alpha", "gamma"]) == {"gamma"}
    with index.reading() as reader:
        assert sorted(by_key(reader).values()) == ["gamma"]
    if isinstance(index, LocalIndex):
        index.close()
        held = {path.name for path in index.folder.rglob("*") if path.is_file() and b"zirconium" in path.read_bytes()}
        assert held == set()


def test_an_index_of_no_documents_finds_nothing(index: Index) -> None:
    assert index.manifest() is None
    fill(index)
    assert index.manifest() == MANIFEST
    with index.reading() as reader:
        assert len(reader) == 0
        assert reader.dense(unit_rows(1)[0], 5) == {}
        assert reader.lexical(given(["alpha"]), 5) == {}
        assert (reader.documents(), reader.files()) == ([], {})


def test_a_view_of_some_documents_weighs_words_by_all(index: Index) -> None:
    fill(index, *(line_document(name, ["alpha"]) for name in "abcdefgh"), line_document("i", ["gamma"]))
    with index.reading() as reader:
        some = reader.within(["a", "i"])
        assert (len(some), some.frequencies(given(["alpha", "gamma"]))) == (9, [8, 1])
        assert sorted(by_key(some).values()) == ["alpha", "gamma"]


def test_the_places_of_words_come_back_as_they_were_put(index: Index) -> None:
    document, other = line_document("a.pdf", ["The river rises."]), line_document("b.pdf", ["It is long."])
    fill(index, document, other)
    with index.writing():
        index.put(file_record(document), [Cut(document, [], b"\x00places\xff")], {})
        index.publish()
    with index.reading() as reader:
        assert reader.word_boxes("a.pdf") == b"\x00places\xff"
        assert reader.word_boxes("b.pdf") == b""
        assert reader.word_boxes("c.pdf") == b""
        assert reader.sha256("a.pdf") == document.sha256
        assert reader.sha256("c.pdf") == ""


LAYOUT_3 = Path(__file__).with_name("layout_3.sql")  # the last one with FTS5, and vectors without numbers


def bring_to_earlier_layout(index: LocalIndex, layout: int) -> None:
    """Make of an index what an earlier version would have written."""
    index.close()
    database = index.folder / "index-1.sqlite"
    new = database.rename(index.folder / "new")
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.executescript(LAYOUT_3.read_text())
        connection.execute("ATTACH ? AS new", [str(new)])
        for table in ("files", "documents", "vectors", "chunks"):
            columns = ", ".join(f'"{row[1]}"' for row in connection.execute(f"PRAGMA main.table_info({table})"))
            connection.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM new.{table}")
        connection.execute("INSERT INTO main.meta SELECT key, value FROM new.meta WHERE key = 'manifest'")
        # A run that was killed left a vector in use noted as unused, and one of no passage not noted.
        connection.execute("CREATE TABLE main.unused (key TEXT PRIMARY KEY, since REAL NOT NULL) WITHOUT ROWID")
        connection.execute("INSERT INTO main.unused SELECT vector_key, 1 FROM new.chunks LIMIT 1")
        if layout == 2:
            connection.execute("ALTER TABLE main.documents DROP COLUMN word_boxes")
        connection.execute(f"PRAGMA main.user_version = {layout}")
    new.unlink()
    (folder,) = index.folder.glob("index-1.words-*")
    shutil.rmtree(folder)
    for suffix in ("faiss", "seal", "7.postings"):  # which is what was made of it
        (index.folder / f"index-1.{suffix}").write_bytes(b"made by another version")


@pytest.mark.parametrize("layout", [2, 3])
def test_an_index_of_an_earlier_layout_is_brought_to_this_one(tmp_path: Path, layout: int) -> None:
    index = LocalIndex(tmp_path)
    lines = made_up_lines(60)
    documents = [line_document("a", [*lines[:20], "c++ 3.5 日本", *lines[:5]]), line_document("b.pdf", lines[20:])]
    fill(index, *documents)
    with index.writing():
        put_document(index, line_document("gone", ["zirconium"]))
        index.remove("gone")

    def answers() -> list[object]:
        with index.reading() as reader:
            return [
                [nearest(reader, line, 9) for line in lines[::7]],
                *(reader.lexical([(word,)], 99) for word in [*WORDS, "n7", "c++", "3.5", "日本", "titl", "b"]),
                reader.frequencies(given([*WORDS, "c++", "none"])),
                [reader.nearest_term(term, 2) for term in ("gmama", "dleta", "titel")],
                [reader.document(document.source) for document in documents],
                (len(reader), reader.embedded(), reader.files()),
            ]

    before = answers()
    bring_to_earlier_layout(index, layout)
    with (
        read_only(tmp_path),
        pytest.raises(IndexMismatch, match=r"earlier version.* `rag index` where it can be"),
        LocalIndex(tmp_path).reading(),
    ):
        pass
    index = LocalIndex(tmp_path)
    assert answers() == before
    assert index.faults() == []
    with index.writing():
        index.begin(MANIFEST)
        assert index.unembedded_count() == 0
        index.publish()
        index.forget()
        assert with_vectors(index, [*lines, "zirconium"]) == set(lines)
        index.put(file_record(documents[1]), [Cut(documents[1], [], b"places")], {})
        index.publish()
    with index.reading() as reader:
        assert reader.word_boxes("b.pdf") == b"places"
    assert {path.suffix[:6] for path in tmp_path.glob("index-1.*")} == {".faiss", ".sqlit", ".words"}
    assert index.faults() == []
    fill(index, documents[1])
    assert answers()[-2:] == before[-2:]
    index.close()
