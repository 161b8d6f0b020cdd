"""The words of a sentence that answer are found where they can be told, and none where they cannot."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answer.span import highlight
from tests.texts import sentences

COUNTS = "In 2018, 44 companies and 3 banks were put on the list, at a cost of $2.5 million or 12 % of sales."


@pytest.mark.parametrize(
    ("question", "sentence", "words"),
    [
        ("How many companies were put on the list?", COUNTS, "44"),
        ("How many banks were put on the list?", COUNTS, "3"),
        ("When were companies put on the list?", COUNTS, "2018"),
        ("How much did the list cost?", COUNTS, "$2.5 million"),
        ("What percentage of sales was it?", COUNTS, "12 %"),
        ("Who founded the mill?", "In 1851 Ada Brown founded the mill with help of John Carter.", "Ada Brown"),
        ("Who founded the mill?", "The mill was founded by Ada Brown, and later owned by John Carter.", "Ada Brown"),
        ("Who founded the mill?", "The mill was founded by President José María Figueres.", "José María Figueres"),
        (
            "When was the law signed?",
            "The law was signed on 12 August 2022 and took force in May 2023.",
            "12 August 2022",
        ),
        ("In what year was Ada Brown born?", "Ada Brown was born on July 4, 1820 in Leeds.", "July 4, 1820"),
        ("What century was the mill built in?", "The mill was built in the 18th century.", "18th century"),
        ("How far is the mill from Leeds?", "The 30-acre mill lies 3 miles from Leeds.", "3 miles"),
        ("How long did the mill stand?", "The mill stood for fifty years.", "fifty years"),
    ],
)
def test_the_words_that_answer(question: str, sentence: str, words: str) -> None:
    span = highlight(question, sentence)
    assert span is not None
    assert sentence[slice(*span)] == words


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("Why did the mill close in 1904?", "The mill closed in 1904 for want of trade since 1890."),
        ("When did the mill of 1851 burn down?", "The mill of 1851 burned down."),
        ("How many people worked at the mill?", "One man worked there, in 3 rooms."),
        ("Who owned the mill?", "The mill was owned by the town."),
        ("When did it open?", "Mills opened in 1850 and mines opened in 1860."),
        ("Which lawyer moved to Leeds when he was old?", "A lawyer moved to Leeds in 1850."),
    ],
)
def test_nothing_is_marked_where_it_cannot_be_told(question: str, sentence: str) -> None:
    assert highlight(question, sentence) is None


@given(st.sampled_from(["When was it?", "Who was it?", "How many cells?", "How much money was it?"]), sentences())
def test_a_highlight_lies_inside_its_sentence(question: str, sentence: str) -> None:
    span = highlight(question, sentence)
    assert span is None or 0 <= span[0] < span[1] <= len(sentence)


def test_what_is_denied_answers_nothing() -> None:
    assert highlight("Who makes batteries?", "Freyja Energy does not make batteries.") is None


def test_digits_of_a_name_are_no_number() -> None:
    sentence = "In 2023, 85,000 visas of the class H-1B were issued."
    span = highlight("How many visas were issued?", sentence)
    assert span is None or sentence[slice(*span)].startswith("85,000")
    assert highlight("How many models are there?", "The model GPT-4o is sold.") is None
