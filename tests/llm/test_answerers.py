"""What holds of every Answerer: quoting, a model that is scripted, a real model that invents much."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from rag.answer import Answerer, Draft, DraftSentence
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
        yield GenerativeAnswerer(LanguageModel(real.url, real.model, "", 60), embedder, quoting, 4096, "show")


Ask = Callable[[str], tuple[Draft, Sequence[SearchResult], list[list[DraftSentence]]]]


@pytest.fixture
def ask(answerer: Answerer, assistant: Assistant) -> Ask:
    def asked(question: str) -> tuple[Draft, Sequence[SearchResult], list[list[DraftSentence]]]:
        results, states = assistant.search(question), []
        draft = answerer.answer(question, results, on_sentences=lambda sentences: states.append(list(sentences)))
        return draft, results, states

    return asked


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_answer_has_sentences_and_each_rests_on_what_was_found(ask: Ask, question: str) -> None:
    draft, results, _ = ask(question)
    assert draft.sentences
    for sentence in draft.sentences:
        assert sentence.text == " ".join(sentence.text.split())
        assert any(sign.isalnum() for sign in sentence.text)
        for quote in sentence.quotes:
            assert any(
                result.source == quote.source and result.chunk.start <= quote.start < quote.end <= result.chunk.end
                for result in results
            )


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_citation_holds_and_quotations_are_word_for_word(ask: Ask, assistant: Assistant, question: str) -> None:
    draft, _, _ = ask(question)
    documents: dict[str, Document] = {}

    def find(source: str) -> Document:
        return documents.setdefault(source, assistant.document(source))

    sentences, citations = cite(draft.sentences, find)  # raises where a quotation is none
    for citation in citations:
        assert documents[citation.source].text[citation.start : citation.end] == citation.quote
    for sentence in sentences:
        if sentence.support != "unsupported":
            assert sentence.citations


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_same_is_answered_again(ask: Ask, question: str) -> None:
    assert ask(question)[0].sentences == ask(question)[0].sentences


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_was_told_last_is_the_answer(ask: Ask, question: str) -> None:
    draft, _, states = ask(question)
    assert tuple(states[-1]) == draft.sentences
    assert [len(state) for state in states] == sorted(len(state) for state in states) or draft.note


def test_of_nothing_found_nothing_is_said(answerer: Answerer) -> None:
    assert answerer.answer(QUESTIONS[0], []).sentences == ()


def test_what_is_invented_is_not_told_as_supported(ask: Ask, answerer: Answerer) -> None:
    draft, _, _ = ask(QUESTIONS[0])
    said = [sentence.text for sentence in draft.sentences if sentence.support != "unsupported"]
    assert not any("largest" in text or "9 crowns" in text for text in said)
