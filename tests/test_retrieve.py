from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rag.decision import Candidate
from rag.embed import Embedder
from rag.errors import UsageError
from rag.index import Reader
from rag.index.local import LocalIndex
from rag.query import query_text, read_query
from rag.retrieve import find_candidates
from rag.sync import sync
from rag.terms import query_terms
from tests.fakes import FakeEmbedder
from tests.folders import find, index_over

FILES = {
    "danube.md": "# Danube\n\nIt rises in the Black Forest.\n\n"
    "## Length\n\nIt is 2,850 km long. It crosses ten countries.\n",
    "volga.txt": "The Volga is the longest river of Europe. It ends in the Caspian Sea.",
    "firm.txt": "The firm Acme was founded by Ada Byron in 1998. It makes anvils of model X-27B.",
    "bread.txt": "Bread is baked from flour, water and yeast. The dough rests for two hours.",
    "stop.txt": "To be or not to be, that is the question.",
    "odd.txt": 'NEAR the "end" AND not OR near: it\'s 100% (odd) 😀 * ^ -- ; DROP TABLE chunks.',
    "filler.txt": "\n\n".join(f"Paragraph {n} is about nothing in particular, number {n}." for n in range(40)),
}


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Reader]:
    """A view of an index of a few short documents, made with the real embedder."""
    index = index_over(tmp_path_factory.mktemp("retrieve"), FILES, embedder, 24)
    with index.reading() as opened:
        yield opened
    index.close()


@pytest.mark.parametrize(
    ("question", "source", "sentence"),
    [
        ("Which river is the longest one in Europe?", "volga.txt", "The Volga is the longest river of Europe."),
        ("Where is the source of the Danube?", "danube.md", "It rises in the Black Forest."),
        ("Who started the company Acme?", "firm.txt", "The firm Acme was founded by Ada Byron in 1998."),
        ("X-27B", "firm.txt", "It makes anvils of model X-27B."),
        ("How is a loaf made?", "bread.txt", "Bread is baked from flour, water and yeast."),
        ("to be or not to be", "stop.txt", "To be or not to be, that is the question."),
    ],
)
def test_the_passage_that_speaks_to_a_question_is_first(
    reader: Reader, embedder: Embedder, question: str, source: str, sentence: str
) -> None:
    best = find(question, reader, embedder, 3)[0]
    assert best.source == source
    assert sentence in best.chunk.text


@pytest.mark.parametrize(
    "question",
    [
        '"',
        '"end" AND (NOT near) OR "',
        "NEAR(a b, 5) ^start col:umn * -minus {x} +plus",
        "'; DROP TABLE chunks; --",
        "?!…",
        "😀🏳️‍🌈",
        "who is the of and",
        "a\x00b\x00",
        "\x00",
        "lone \ud800 surrogate \udfff",
        "\ud800",
        "日本語の質問ですか",
        "ﷺ e\u0301 \u200b\u202e",
        "x" * 10_000,
        "word " * 2_000,
        " ".join(f"w{n}" for n in range(2_000)),
        "_ __ ²",
    ],
    ids=lambda question: ascii(question)[:20],
)
def test_any_question_finds_passages_with_scores_that_are_numbers(
    reader: Reader, embedder: Embedder, question: str
) -> None:
    results = find(question, reader, embedder, 5)
    assert 1 <= len({result.chunk.id for result in results}) == len(results) <= 5
    assert all(0 <= result.score <= 1 and math.isfinite(result.dense + result.lexical) for result in results)


@pytest.mark.parametrize("question", ["", " ", "\n\t\u2003"])
def test_an_empty_question_is_refused(reader: Reader, embedder: Embedder, question: str) -> None:
    with pytest.raises(UsageError, match="the question is empty: ask something"):
        find(question, reader, embedder, 5)


def test_a_question_of_many_lines_is_one_line() -> None:
    assert query_text("  Who\n\tfounded   it? \n") == "Who founded it?"


def test_an_index_of_nothing_finds_nothing(index: LocalIndex, corpus: Path, embedder: Embedder) -> None:
    sync(index, corpus, embedder, 24)
    with index.reading() as empty:
        assert find("Who?", empty, embedder, 5) == []


@pytest.mark.parametrize("k", [1, 5, 25, 100])
def test_fewer_results_are_the_first_of_more(reader: Reader, embedder: Embedder, k: int) -> None:
    question = "Which river is the longest?"
    results = find(question, reader, embedder, k)
    assert 0 < len(results) <= min(k, len(reader))
    assert [result.score for result in results] == sorted((result.score for result in results), reverse=True)
    more = find(question, reader, embedder, 20)
    assert [result.source for result in results][:20] == [result.source for result in more][:k]
    assert results == find(question, reader, embedder, k)


def candidates_by_id(reader: Reader, embedder: Embedder, question: str) -> dict[str, Candidate]:
    found = find_candidates(read_query(question, reader, embedder), reader, embedder, 1000)
    return {candidate.passage.chunk.id: candidate for candidate in found}


def test_every_candidate_has_the_scores_of_both_searches_whichever_of_them_named_it(
    index: LocalIndex, corpus: Path
) -> None:
    embedder = FakeEmbedder()  # gives the same score to passages of the same words, which a model does not
    lines = [f"{'alpha ' * (1 + n % 4)}{'delta ' * (n // 40)}n{n}" for n in range(300)]
    (corpus / "a.txt").write_text("\n\n".join(lines))
    sync(index, corpus, embedder, 8)
    query = embedder.embed_query("alpha delta")
    with index.reading() as reader:
        keys = list(reader.dense(query, 1000))
        lexical = reader.lexical([("alpha",), ("delta",)], 1000)
        possible = 2.2 * float(query_terms("alpha delta", reader, embedder).weights.sum())
        found = candidates_by_id(reader, embedder, "alpha delta")
        first = set(keys[:100]) | set(list(lexical)[:100])
        assert set(keys[:100]) - set(list(lexical)[:100])
        rows = {p.chunk.id: key for key, p in zip(keys, reader.passages(keys), strict=True)}
        assert {rows[name] for name in found} == first
        vectors = reader.vectors(keys)
        cosines = dict(zip(keys, vectors @ query, strict=True))
    for name, candidate in found.items():
        assert candidate.dense == pytest.approx(float(cosines[rows[name]]), abs=1e-5)
        assert candidate.lexical == pytest.approx(lexical.get(rows[name], 0.0) / possible, abs=1e-6)


@pytest.mark.parametrize("names", [("a.txt", "b.txt"), ("b.txt", "a.txt")])
def test_of_passages_with_the_same_words_that_which_answers_in_one_sentence_is_first(
    index: LocalIndex, corpus: Path, names: tuple[str, str]
) -> None:
    embedder = FakeEmbedder()  # a bag of words: all else is equal
    (corpus / names[0]).write_text("The Volga is the longest river. Bread is baked from flour.")
    (corpus / names[1]).write_text("The Volga is baked from flour. Bread is the longest river.")
    sync(index, corpus, embedder, 20)
    with index.reading() as reader:
        first, second = find("longest river Volga?", reader, embedder, 2)
    assert first.source == names[0]
    assert (first.dense, first.lexical) == pytest.approx((second.dense, second.lexical))


def test_sentences_of_a_result_are_spans_of_the_document_with_their_own_cosines(
    reader: Reader, embedder: Embedder
) -> None:
    question = "How many countries does it cross?"
    query = embedder.embed_query(question)
    result = find(question, reader, embedder, 1)[0]
    document = reader.document("danube.md")
    assert document is not None
    assert [result.text_of(sentence) for sentence in result.sentences] == [
        document.text[sentence.start : sentence.end] for sentence in result.sentences
    ]
    assert result.text_of(result.sentences[-1]) == "It crosses ten countries."
    [whole] = [chunk for chunk in reader.chunks("danube.md") if "countries" in chunk.text]
    spans = [(sentence.start, sentence.end) for sentence in result.sentences]
    context = "Danube\nLength\n"
    shift = len(context) - whole.start
    seen = context + whole.text.replace("##", "  ")  # the signs of Markdown are not embedded
    [embedding] = embedder.embed([seen], [[(start + shift, end + shift) for start, end in spans]])
    np.testing.assert_allclose([one.dense for one in result.sentences], embedding.sentences @ query, atol=2e-3)


def test_the_overlap_of_a_sentence_is_the_share_of_the_questions_words_by_rarity(
    reader: Reader, embedder: Embedder
) -> None:
    found = find_candidates(read_query("longest rivers of Mongolia", reader, embedder), reader, embedder, 20)
    [candidate] = [one for one in found if one.passage.source == "volga.txt"]
    texts = [chunk.text for source in FILES for chunk in reader.chunks(source)]
    holding = {
        word: sum(bool(re.search(rf"\b{word}", text)) for text in texts) for word in ("longest", "river", "Mongolia")
    }
    rarity = {word: math.log(1 + (len(texts) - n + 0.5) / (n + 0.5)) for word, n in holding.items()}
    assert holding == {"longest": 1, "river": 1, "Mongolia": 0}
    expected = [(rarity["longest"] + rarity["river"]) / sum(rarity.values()), 0]
    assert candidate.overlaps == pytest.approx(expected, abs=1e-5)
