"""Which sentences make an answer, in which order, and that none says what another said."""

from __future__ import annotations

from rag.answer.extractive import ExtractiveAnswerer
from rag.types import Chunk, SearchResult, SentenceScore


def passage(source: str, sentences: list[tuple[str, float]]) -> SearchResult:
    """A passage of ``sentences``, each with how well it matches (0–1)."""
    text = " ".join(sentence for sentence, _ in sentences)
    scores = tuple(
        SentenceScore(start=text.index(s), end=text.index(s) + len(s), dense=match, overlap=match, score=20 * match)
        for s, match in sentences
    )
    chunk = Chunk(id=source, document_id=source, text=text, start=0, end=len(text))
    return SearchResult(
        source=source,
        title=source,
        sha256="0" * 64,
        page_kind="page",
        chunk=chunk,
        score=0.5,
        dense=0.5,
        lexical=0.5,
        overlap=0.5,
        sentences=scores,
    )


def answer(*results: SearchResult) -> list[str]:
    return [sentence.text for sentence in ExtractiveAnswerer().answer("Why was the mill closed?", results).sentences]


def test_the_best_sentence_leads_alone_where_no_other_comes_near() -> None:
    result = passage("a", [("Rain fell all that spring.", 0.1), ("The mill was closed after floods.", 0.9)])
    assert answer(result) == ["The mill was closed after floods."]


def test_a_sentence_that_says_the_same_is_left_out() -> None:
    one = passage("a", [("The mill was closed after the floods.", 0.9)])
    other = passage("b", [("After the floods the mill was closed.", 0.9)])
    assert len(answer(one, other)) == 1


def test_at_most_three_follow_in_the_order_of_the_document() -> None:
    sentences = [
        ("Owners feared another strike of carters.", 0.8),
        ("Timber prices doubled within weeks.", 0.8),
        ("Debts had piled up since autumn.", 0.83),
        ("Nobody wanted its coarse flour anymore.", 0.8),
    ]
    found = answer(passage("a", sentences))
    assert len(found) == 3
    assert found[0] == "Debts had piled up since autumn."
    order = [text for text, _ in sentences]
    assert order.index(found[1]) < order.index(found[2])


def test_a_heading_is_never_an_answer() -> None:
    result = passage("a", [("# Why was the mill closed", 1.0), ("It was closed after floods.", 0.3)])
    assert answer(result) == ["It was closed after floods."]


def test_each_sentence_rests_on_the_place_it_was_taken_from() -> None:
    result = passage("a", [("Rain fell.", 0.1), ("The mill was closed after floods.", 0.9)])
    (draft,) = ExtractiveAnswerer().answer("Why?", [result]).sentences
    (quote,) = draft.quotes
    assert result.chunk.text[quote.start : quote.end] == draft.text
    assert draft.support == "quoted"


def test_what_one_sentence_denies_another_may_say() -> None:
    denied, said = "The mill was not closed for the floods.", "The mill was closed for the floods."
    assert answer(passage("a", [(denied, 0.9)]), passage("b", [(said, 0.89)])) == [denied, said]
