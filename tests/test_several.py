"""Several questions in one text, and several documents that answer one, through the whole Assistant."""

from __future__ import annotations

import pytest

from rag.assistant import Assistant
from rag.embed import Embedder
from rag.query import questions_in
from rag.types import Answer
from tests.folders import assistant_over

DOCUMENTS = {
    "leeds.txt": "The Leeds mill was founded by Ada Brown in 1851. It employed 30 people at the height of its trade.\n",
    "york.txt": "The York mill employed 70 people at the height of its trade. It burned down in 1904.\n",
    "bread.txt": "The dough of rye bread rests for two hours before it is baked in a hot oven.\n",
}


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Assistant:
    return assistant_over(tmp_path_factory.mktemp("several"), DOCUMENTS, embedder)


def shown(answer: Answer) -> str:
    return " ".join(citation.excerpt.text for citation in answer.citations if citation.excerpt)


@pytest.mark.parametrize(
    ("text", "questions"),
    [
        ("Who built it? When did it burn?", ("Who built it?", "When did it burn?")),
        ("Who built it?? When?", ("Who built it??", "When?")),
        ("Who built it and when did it burn?", None),
        ("The mill burned. Who built it?", None),
        ("Who built it? Tell me.", None),
        ("mill, 1904", None),
        ("A? B? C? D? E? F?", None),
    ],
)
def test_only_several_sentences_with_question_marks_are_several_questions(
    text: str, questions: tuple[str, ...] | None
) -> None:
    assert questions_in(text) == (questions or (text,))


def test_each_question_is_answered_in_order(assistant: Assistant) -> None:
    answer = assistant.ask("When did the York mill burn down? Who founded the Leeds mill?")
    assert answer.citations[0].source == "york.txt"
    assert "leeds.txt" in {citation.source for citation in answer.citations}
    assert answer.missing == ()
    assert len({result.chunk.id for result in answer.results}) == len(answer.results)


def test_a_question_leans_on_the_one_before_it(assistant: Assistant) -> None:
    answer = assistant.ask("When did the York mill burn down? How many people did it employ?")
    assert "70 people" in shown(answer)
    assert answer.missing == ()


def test_what_two_questions_are_answered_from_is_shown_once(assistant: Assistant) -> None:
    answer = assistant.ask("Who founded the Leeds mill? How many people did the Leeds mill employ?")
    spans = [(c.source, c.excerpt.start, c.excerpt.end) for c in answer.citations if c.excerpt]
    for at, (source, start, end) in enumerate(spans):
        assert not [one for one in spans[:at] if one[0] == source and start < one[2] and one[1] < end]
    assert answer.missing == ()


def test_the_question_that_is_answered_is_and_the_other_is_named(assistant: Assistant) -> None:
    answer = assistant.ask("When was the Leeds mill founded? How many goals did Pele score?")
    assert not answer.abstained
    assert "1851" in shown(answer)
    assert answer.missing == ("How many goals did Pele score?",)
    assert answer.confidence >= assistant.settings.answer_above


def test_where_no_question_is_answered_there_is_no_answer_but_what_comes_closest(assistant: Assistant) -> None:
    answer = assistant.ask("How deep is the Pacific Ocean? How many goals did Pele score?")
    assert (answer.verdict, answer.sentences, answer.citations) == ("none", (), ())
    assert len(answer.missing) == 2
    assert answer.closest
    for closest in answer.closest:
        document = assistant.document(closest.source)
        assert closest.excerpt is not None
        assert document.text[closest.excerpt.start : closest.excerpt.end] == closest.excerpt.text


def test_both_sides_of_a_comparison_are_shown(assistant: Assistant) -> None:
    answer = assistant.ask("Compare the Leeds mill and the York mill: how many people did each employ?")
    assert "30 people" in shown(answer)
    assert "70 people" in shown(answer)


def test_one_question_finds_what_a_search_finds(assistant: Assistant) -> None:
    question = "Who founded the Leeds mill?"
    answer = assistant.ask(question)
    assert list(answer.results) == assistant.search(question)
    assert answer.missing == ()
