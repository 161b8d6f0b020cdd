"""What is shown of the passages found: the stretch that speaks to the question, word for word."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag.excerpt import Scored, excerpts
from rag.index import Passage, Reader
from rag.index.local import LocalIndex
from rag.query import Query
from rag.rank import Candidate
from rag.sentences import sentence_spans
from rag.sync import sync
from rag.terms import Terms
from rag.types import SearchResult
from tests.fakes import FakeEmbedder

MILL = "The mill stands by the river."
FLOOD = "A flood closed it."
TRADE = "Its flour went to Riga."
DEBTS = "Debts had piled up."


def query(text: str, words: list[str]) -> Query:
    """A question of equally rare words; its vector likens it to nothing."""
    weights = np.ones(len(words), dtype=np.float32)
    vectors = np.eye(len(words), 32, dtype=np.float32)
    terms = Terms(words, [(word,) for word in words], weights, vectors, "en", ("en",))
    return Query(text, terms, np.zeros(32, dtype=np.float32), None, frozenset(), frozenset())


def found(reader: Reader, source: str, likely: set[str]) -> list[Scored]:
    """The passages of a document in order, where the sentences in ``likely`` hold all words and others none."""
    passages: list[Scored] = []
    for chunk in reader.chunks(source):
        spans = tuple(sentence_spans(chunk.text))
        passage = Passage(
            chunk=chunk, sentences=spans, source=source, title="", sha256="", page_kind="page", language="en"
        )
        holds = np.array([[float(chunk.text[a:b] in likely)] for a, b in spans], dtype=np.float32)
        candidate = Candidate(
            passage=passage,
            dense=0.5,
            lexical=0.5,
            document_dense=0.5,
            document_share=0,
            next_dense=0,
            next_lexical=0,
            cosines=holds[:, 0],
            matches=holds,
            context=np.zeros(1, dtype=np.float32),
        )
        passages.append(Scored(candidate, 1.0 - len(passages) / 10))
    return passages


def shown(
    index: LocalIndex, corpus: Path, text: str, likely: set[str], *, tokens: int = 24, name: str = "a.md", k: int = 5
) -> list[SearchResult]:
    (corpus / name).write_text(text)
    sync(index, corpus, FakeEmbedder(), tokens)
    with index.reading() as reader:
        document = reader.document(name)
        assert document is not None
        results = excerpts(query("Why closed?", ["closed"]), found(reader, name, likely), k, reader)
    for result in results:
        assert document.text[result.chunk.start : result.chunk.end] == result.chunk.text
        assert result.chunk.page == document.page_at(result.chunk.start)
        assert result.chunk.headings == document.headings_at(result.chunk.start)
    return results


def test_what_comes_nowhere_near_the_best_sentence_is_cut_off(index: LocalIndex, corpus: Path) -> None:
    [result] = shown(index, corpus, f"{MILL} {FLOOD} {TRADE}", {FLOOD})
    assert result.chunk.text == FLOOD
    assert [result.text_of(sentence) for sentence in result.sentences] == [FLOOD]


def test_a_stretch_has_no_gap(index: LocalIndex, corpus: Path) -> None:
    [result] = shown(index, corpus, f"{MILL} {FLOOD} {TRADE}", {MILL, TRADE})
    assert result.chunk.text == f"{MILL} {FLOOD} {TRADE}"


def test_passages_that_go_on_in_each_other_become_one(index: LocalIndex, corpus: Path) -> None:
    results = shown(index, corpus, f"{MILL} {FLOOD}\n\n{DEBTS} {TRADE}", {FLOOD, DEBTS}, tokens=14)
    assert [result.chunk.text for result in results] == [f"{FLOOD}\n\n{DEBTS}"]
    assert [results[0].text_of(sentence) for sentence in results[0].sentences] == [FLOOD, DEBTS]


def test_passages_that_do_not_touch_stay_apart(index: LocalIndex, corpus: Path) -> None:
    results = shown(index, corpus, f"{FLOOD} {MILL}\n\n{DEBTS} {TRADE}", {FLOOD, DEBTS}, tokens=14)
    assert [result.chunk.text for result in results] == [FLOOD, DEBTS]


def test_nothing_is_joined_over_a_heading(index: LocalIndex, corpus: Path) -> None:
    results = shown(index, corpus, f"# Mill\n\n{FLOOD}\n\n# Debts\n\n{DEBTS}", {"# Mill", FLOOD, "# Debts", DEBTS})
    assert [result.chunk.text for result in results] == [f"# Mill\n\n{FLOOD}", f"# Debts\n\n{DEBTS}"]


@pytest.mark.parametrize("k", [1, 2])
def test_no_more_are_shown_than_asked_for(index: LocalIndex, corpus: Path, k: int) -> None:
    results = shown(index, corpus, f"# A\n\n{FLOOD}\n\n# B\n\n{DEBTS}\n\n# C\n\n{MILL}", {FLOOD, DEBTS, MILL}, k=k)
    assert [result.chunk.text for result in results] == [FLOOD, DEBTS][:k]


def test_a_stretch_that_starts_on_another_page_names_that_page(index: LocalIndex, corpus: Path) -> None:
    rows = "town,carts\nKalev,7\nRiga,9\nVisby,14\n"
    [result] = shown(index, corpus, rows, {"town: Visby; carts: 14"}, name="a.csv")
    assert (result.chunk.text, result.chunk.page) == ("town: Visby; carts: 14", 4)
