"""How passages become a ranking of evidence and of documents, against nDCG as its formula has it."""

from __future__ import annotations

import math

import pytest

from rag.evaluate.ask import _documents_found, _pieces_found, _rank_measures
from rag.evaluate.spans import Place
from rag.types import Chunk, SearchResult


def result(source: str, start: int, end: int) -> SearchResult:
    chunk = Chunk(id=f"{source}:{start}", document_id=source, text="x" * (end - start), start=start, end=end)
    scores = dict.fromkeys(("score", "dense", "lexical"), 0.0)
    return SearchResult(chunk=chunk, source=source, title="", sha256="", page_kind="page", sentences=(), **scores)


def ndcg(items: list[bool], relevant: int) -> float:
    """Return nDCG@10 of binary gains (Järvelin & Kekäläinen 2002)."""
    gained = sum(1 / math.log2(rank + 1) for rank, item in enumerate(items[:10], 1) if item)
    return gained / sum(1 / math.log2(rank + 1) for rank in range(1, min(10, relevant) + 1))


RANKED = [result("a", 0, 10), result("b", 0, 10), result("a", 10, 20), result("a", 20, 30)]


def test_documents_are_ranked_by_their_best_passage() -> None:
    assert _documents_found(RANKED, ["a"]) == [True, False]
    assert _documents_found(RANKED, ["c"]) == [False, False]


def test_evidence_is_found_by_the_first_passage_that_holds_it_whole() -> None:
    wanted = [Place("a", 12, 14), Place("a", 13, 15), Place("b", 9, 11), Place("a", 21, 22), Place("a", 25, 26)]
    # b's is cut in two; the first two overlap and are one; the last passage holds two.
    assert _pieces_found(RANKED, wanted) == [False, False, True, True, True]
    assert _pieces_found([*RANKED, *RANKED], wanted)[5:] == [False] * 4


@pytest.mark.parametrize(
    ("items", "relevant"),
    [
        ([True], 1),
        ([False, True], 1),
        ([False, True, True], 3),
        ([], 2),
        ([False] * 10 + [True], 1),
        ([True] * 12, 12),
        ([False] * 9 + [True], 20),
    ],
)
def test_the_measures_of_a_ranking(items: list[bool], relevant: int) -> None:
    reciprocal, gain = _rank_measures(items, relevant)
    first = items[:10].index(True) + 1 if True in items[:10] else math.inf
    assert reciprocal == pytest.approx(1 / first)
    assert gain == pytest.approx(ndcg(items, relevant))


def test_nothing_to_find_is_no_measure() -> None:
    assert _rank_measures([False, False], 0) == (None, None)
