from __future__ import annotations

import pytest

from rag.converse import standalone
from rag.types import Message

BEFORE = (
    Message(role="user", content="Which river is the longest in Europe?"),
    Message(role="assistant", content="The Volga is the longest river of Europe."),
    Message(role="user", content="Where does the Danube rise?"),
    Message(role="assistant", content="It rises in the Black Forest."),
)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How long is it?", "Danube rise How long is it?"),
        ("And the Rhine?", "Danube rise And the Rhine?"),
        ("What about its source?", "Danube rise What about its source?"),
        ("Why?", "Danube rise Why?"),
        ("Does it rise in Germany?", "Danube Does it rise in Germany?"),
        ("  when?  ", "Danube rise   when?  "),
    ],
)
def test_a_question_that_leans_on_the_last_one_gets_its_subject(question: str, expected: str) -> None:
    assert standalone(question, BEFORE) == expected


@pytest.mark.parametrize(
    "question",
    [
        "How deep is Lake Baikal?",
        "Who founded Android?",  # "and" is no word of it
        "What is a thesis?",  # nor "this"
        "Which items sold best?",
    ],
)
def test_a_question_that_stands_by_itself_stays_as_it_is(question: str) -> None:
    assert standalone(question, BEFORE) == question


@pytest.mark.parametrize(
    "history",
    [
        (),
        (Message(role="assistant", content="Ask me about rivers."),),
        (Message(role="user", content=" \n"),),
        (Message(role="user", content="What is it?"),),
    ],
    ids=["none", "no question", "an empty one", "one without a subject"],
)
def test_where_nothing_was_asked_before_a_question_stays_as_it_is(history: tuple[Message, ...]) -> None:
    assert standalone("And how long is it?", history) == "And how long is it?"


def test_only_the_first_words_of_a_long_question_are_taken_over() -> None:
    long = Message(role="user", content=" ".join(f"subject{n}" for n in range(100)))
    assert standalone("Why?", [long]).split() == [*(f"subject{n}" for n in range(12)), "Why?"]


def test_a_chain_of_follow_up_questions_keeps_its_subject() -> None:
    history = [
        Message(role="user", content="Where does the Danube rise?"),
        Message(role="user", content="How long is it?"),
    ]
    assert "Danube" in standalone("And how wide is it?", history)
