"""Questions of several parts, and documents that disagree, through the whole Assistant."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.assistant import Assistant
from rag.embed import Embedder
from rag.settings import Settings
from rag.types import Answer
from tests.folders import assistant_over

DOCUMENTS = {
    "2021-03-01 mill.txt": "The Leeds mill employed 30 people at the height of its trade."
    " The Leeds mill was founded by Ada Brown in 1851.\n",
    "2024-08-12 mill.txt": "The Leeds mill employed 45 people at the height of its trade."
    " It was sold to Carter and Sons in 1920.\n",
    "york.txt": "The York mill employed 70 people at the height of its trade. It burned down in 1904.\n",
}


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Assistant:
    return assistant_over(tmp_path_factory.mktemp("several"), DOCUMENTS, embedder)


def highlights(answer: Answer) -> list[str | None]:
    return [
        None if c.highlight is None else c.quote[c.highlight[0] - c.start : c.highlight[1] - c.start]
        for c in answer.citations
    ]


def test_the_words_that_answer_are_marked_in_the_document(assistant: Assistant) -> None:
    answer = assistant.ask("When was the Leeds mill founded?")
    citation = answer.citations[0]
    assert citation.highlight is not None
    assert citation.start <= citation.highlight[0] < citation.highlight[1] <= citation.end
    assert assistant.document(citation.source).text[slice(*citation.highlight)] == "1851"


def test_each_part_is_answered_in_order(assistant: Assistant) -> None:
    answer = assistant.ask("When did the York mill burn down and who founded the Leeds mill?")
    assert [citation.source for citation in answer.citations] == ["york.txt", "2021-03-01 mill.txt"]
    assert highlights(answer) == ["1904", "Ada Brown"]
    assert answer.missing == ()
    assert {"york.txt", "2021-03-01 mill.txt"} <= {result.source for result in answer.results}
    assert len({result.chunk.id for result in answer.results}) == len(answer.results)


def test_a_sentence_that_answers_two_parts_is_said_once(assistant: Assistant) -> None:
    answer = assistant.ask("Who founded the Leeds mill and when?")
    assert len(answer.sentences) == len(set(answer.sentences))
    assert answer.sentences[0].text == "The Leeds mill was founded by Ada Brown in 1851."


def test_the_part_that_is_there_is_answered_and_the_other_named(assistant: Assistant) -> None:
    answer = assistant.ask("When was the Leeds mill founded and who invented the telephone?")
    assert not answer.abstained
    assert "1851" in answer.text
    assert answer.missing == ("Who invented the telephone?",)
    assert answer.confidence >= assistant.settings.answer_above


def test_where_no_part_is_there_it_abstains(assistant: Assistant) -> None:
    answer = assistant.ask("Who invented the telephone and how many goals did Pele score?")
    assert answer.abstained
    assert not answer.sentences
    assert len(answer.missing) == 2


def test_a_comparison_is_answered_for_each_side(assistant: Assistant) -> None:
    answer = assistant.ask("Compare the Leeds mill and the York mill on people employed")
    assert {"45", "70"} <= set(answer.text.split())


def test_sources_that_disagree_are_both_shown_the_newer_first(assistant: Assistant) -> None:
    answer = assistant.ask("How many people did the Leeds mill employ?")
    assert [citation.source for citation in answer.citations] == ["2024-08-12 mill.txt", "2021-03-01 mill.txt"]
    (pair,) = answer.disagreements
    assert (pair.citations, pair.values) == ((1, 2), ("45", "30"))


def test_figures_of_another_subject_are_no_disagreement(assistant: Assistant) -> None:
    answer = assistant.ask("How many people did the York mill employ?")
    assert answer.citations[0].source == "york.txt"
    assert answer.disagreements == ()


def test_a_question_of_one_part_is_found_as_a_search_finds_it(assistant: Assistant) -> None:
    question = "Who founded the Leeds mill?"
    answer = assistant.ask(question)
    assert list(answer.results) == assistant.search(question)
    assert answer.missing == ()


def test_of_documents_that_say_the_same_the_newest_is_cited(tmp_path: Path, embedder: Embedder) -> None:
    (tmp_path / "corpus").mkdir()
    for name in ("a 2020-01-01.txt", "b 2022-01-01.txt", "c 2021-01-01.txt"):
        (tmp_path / "corpus" / name).write_text("The bell of Leeds was cast in 1700.\n")
    assistant = Assistant(Settings(corpus=tmp_path / "corpus", index=tmp_path / "index"), embedder)
    assistant.sync()
    answer = assistant.ask("When was the bell of Leeds cast?")
    assert [citation.source for citation in answer.citations] == ["b 2022-01-01.txt"]


def test_a_question_that_takes_a_falsehood_for_granted_is_refused(tmp_path: Path, embedder: Embedder) -> None:
    assistant = Assistant(Settings(corpus=Path("corpus"), index=tmp_path / "index"), embedder)
    assistant.sync()
    assert assistant.ask("When did Intel buy Huawei?").abstained
    assert not assistant.ask("What does Nvidia need to sell the H200 in China?").abstained


def test_no_passage_is_shown_within_another(assistant: Assistant) -> None:
    found = assistant.ask("When was the Leeds mill founded, and how many people did the Leeds mill employ?").results
    spans = [(result.source, result.chunk.start, result.chunk.end) for result in found]
    assert len(spans) > 1
    assert not [
        (one, other)
        for one in spans
        for other in spans
        if one is not other and one[0] == other[0] and other[1] <= one[1] and one[2] <= other[2]
    ]
