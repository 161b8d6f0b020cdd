"""A question is taken apart where it asks several things, and left whole where it may ask only one."""

from __future__ import annotations

import pytest

from rag.parts import parts, wants_list


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Who founded Sakana AI and when?", ("Who founded Sakana AI?", "When was Sakana AI founded?")),
        ("Who built the mill, and when?", ("Who built the mill?", "When was the mill built?")),
        ("Why did Intel sell the plant and when?", ("Why did Intel sell the plant?", "When did Intel sell the plant?")),
        ("When and where was Ada Brown born?", ("When was Ada Brown born?", "Where was Ada Brown born?")),
        ("Who is Yin Zhiyao and who won the cup?", ("Who is Yin Zhiyao?", "Who won the cup?")),
        ("When was the mill built? Who built it?", ("When was the mill built?", "Who built the mill?")),
        (
            "Who was the head of Acme and when was he born?",
            ("Who was the head of Acme?", "When was the head of Acme born?"),
        ),
        ("What is BM25 and how does it differ from TF-IDF?", ("What is BM25?", "What is TF-IDF?")),
        ("What is the difference between BM25 and TF-IDF?", ("What is BM25?", "What is TF-IDF?")),
        ("Compare Intel and AMD on revenue", ("What is the revenue of Intel?", "What is the revenue of AMD?")),
        (
            "How does Intel differ from AMD in market share?",
            ("What is the market share of Intel?", "What is the market share of AMD?"),
        ),
        (
            "Who won the prize and how much did she get?",
            ("Who won the prize?", "Who won the prize: how much did she get?"),
        ),
    ],
)
def test_what_a_question_of_several_parts_asks(question: str, expected: tuple[str, ...]) -> None:
    assert parts(question) == expected


@pytest.mark.parametrize(
    "question",
    [
        "What is research and development?",
        "Who runs Procter and Gamble?",
        "What happened to Huawei and its affiliates in May 2019?",
        "difference between research and development and marketing",
        "What did the report say about who left and when they left?",
        "Is it safe? I do not know.",
        "Who built the mill?",
        "the mill and its owner",
        "???",
        "Who? " * 40,
    ],
)
def test_a_question_that_may_ask_one_thing_is_left_as_it_is(question: str) -> None:
    assert parts(question) == (question,)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Which companies were listed in 2021?", True),
        ("What are the reasons for the ban?", True),
        ("Name all members of the board", True),
        ("Which company was listed in 2021?", False),
        ("What works in the report's favour?", False),
        ("What is the basis of the claim?", False),
        ("Who built the mill?", False),
    ],
)
def test_whether_a_list_is_asked_for(question: str, expected: bool) -> None:
    assert wants_list(question) is expected


def test_a_list_of_questions_is_taken_apart_at_its_commas() -> None:
    asked = "Who founded Norvolt AB, where is Freyja Energy based, and who leads Basquevolt?"
    assert parts(asked) == ("Who founded Norvolt AB?", "Where is Freyja Energy based?", "Who leads Basquevolt?")
    assert len(parts("When the mill burned, what did the owners do?")) == 1
