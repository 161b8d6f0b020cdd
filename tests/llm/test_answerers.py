"""What holds of every Answerer: quoting, a model that is scripted, a real model that invents much."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pytest

from rag.answer import Answerer, Draft, DraftSentence, generative
from rag.answer.cite import cite
from rag.answer.extractive import ExtractiveAnswerer
from rag.answer.generative import GenerativeAnswerer
from rag.assistant import Assistant
from rag.embed import Embedder
from rag.llm import LanguageModel
from rag.types import Document, SearchResult
from tests.folders import assistant_over
from tests.llm.real import RealModel
from tests.llm.scripted import MODEL, answer, scripted
from tests.test_extractive import query

HARBOUR = """\
# The harbour of Elm Bay

The harbour of Elm Bay was opened in 1888 by Anna Lund. Nine ships could lie in it at once.

In 1931 a storm broke the outer wall. The wall was mended in 1934 for 12,000 crowns.
"""
LIGHT = "The light of Elm Bay was lit in 1890. Its keeper, Olaf Berg, lived in the tower for 30 years.\n"
QUESTIONS = (
    "Who opened the harbour of Elm Bay?",
    "What broke the outer wall of the harbour?",
    "How long did Olaf Berg live in the tower?",
)
INVENTED = (
    "The harbour was opened in 1888 by Anna Lund [1]. It was the largest of Europe [2][7]. Its wall cost 9 crowns."
)


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Assistant:
    return assistant_over(tmp_path_factory.mktemp("bay"), {"harbour.md": HARBOUR, "light.txt": LIGHT}, embedder)


@pytest.fixture(scope="module", params=["quoting", "scripted", "real"])
def answerer(request: pytest.FixtureRequest, embedder: Embedder) -> Iterator[Answerer]:
    quoting = ExtractiveAnswerer()
    if request.param == "quoting":
        yield quoting
    elif request.param == "scripted":
        with scripted(answer(INVENTED)) as server:
            model = LanguageModel(server.url, MODEL, "", 10)
            yield GenerativeAnswerer(model, embedder, quoting, 4096, "show")
    else:
        real: RealModel = request.getfixturevalue("real_llm")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(generative, "_MOST_TOKENS", 60)  # it says some twelve a second
            model = LanguageModel(real.url, real.model, "", 60)
            yield GenerativeAnswerer(model, embedder, quoting, 4096, "show")


class Answered(NamedTuple):
    """What an answerer gave, from what, and what it told on the way."""

    draft: Draft
    results: Sequence[SearchResult]
    states: Sequence[Sequence[DraftSentence]]


def ask(answerer: Answerer, assistant: Assistant, question: str) -> Answered:
    results = assistant.search(question, 2)
    states: list[list[DraftSentence]] = []
    draft = answerer.answer(
        query(question), results, assistant.document, lambda sentences: states.append(list(sentences))
    )
    return Answered(draft, results, states)


@pytest.fixture(scope="module")
def answered(answerer: Answerer, assistant: Assistant) -> list[Answered]:
    return [ask(answerer, assistant, question) for question in QUESTIONS]


def test_an_answer_has_sentences_and_each_rests_on_what_was_found(answered: list[Answered]) -> None:
    for draft, results, _ in answered:
        assert draft.sentences
        for sentence in draft.sentences:
            assert sentence.text == " ".join(sentence.text.split())
            assert any(sign.isalnum() for sign in sentence.text)
            for quote in sentence.quotes:
                assert any(
                    result.source == quote.source and result.chunk.start <= quote.start < quote.end <= result.chunk.end
                    for result in results
                )


def test_every_citation_holds_and_quotations_are_word_for_word(answered: list[Answered], assistant: Assistant) -> None:
    for draft, _, _ in answered:
        sentences, citations = cite(draft.sentences, assistant.document)  # raises where a quotation is none
        for citation in citations:
            text = assistant.document(citation.source).text
            assert text[citation.start : citation.end] == citation.quote
        for sentence in sentences:
            assert sentence.citations or sentence.support == "unsupported"


def test_what_was_told_last_is_the_answer(answered: list[Answered]) -> None:
    for draft, _, states in answered:
        assert tuple(states[-1]) == draft.sentences
        lengths = [len(state) for state in states]  # a model that begins to write tells of no sentence yet
        assert draft.note or lengths == list(range(lengths[0], len(states) + lengths[0])) or len(states) == 1


def test_the_same_is_answered_again(answerer: Answerer, assistant: Assistant, answered: list[Answered]) -> None:
    assert ask(answerer, assistant, QUESTIONS[0]).draft.sentences == answered[0].draft.sentences


def test_what_is_invented_is_not_told_as_supported(answered: list[Answered]) -> None:
    for draft, _, _ in answered:
        said = [sentence.text for sentence in draft.sentences if sentence.support != "unsupported"]
        assert not any("largest" in text or "9 crowns" in text for text in said)


def test_of_nothing_found_nothing_is_said(answerer: Answerer) -> None:
    assert answerer.answer(query(QUESTIONS[0]), [], dict[str, Document]().__getitem__).sentences == ()
