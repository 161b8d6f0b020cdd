from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.words import STOP_WORDS, content_words, stem, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("?! … 😀 \x00 \ud800", []),
        ("The U.S. economy grew 2.6%, didn't it?", ["the", "u.s", "economy", "grew", "2.6", "didn't", "it"]),
        ("GPT-4o costs $1,000.50.", ["gpt", "4o", "costs", "1,000.50"]),
        ("Straße ÉCOLE Привет 日本語", ["straße", "école", "привет", "日本語"]),
        ("the company’s CEO", ["the", "company’s", "ceo"]),
    ],
)
def test_words_are_runs_of_letters_and_digits_in_lower_case(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@given(st.text())
def test_content_words_are_distinct_words_without_function_words_unless_there_are_no_others(text: str) -> None:
    found = content_words(text)
    meaningful = [word for word in words(text) if word not in STOP_WORDS]
    assert len(set(found)) == len(found)
    assert set(found) == set(meaningful or words(text))
    assert found == sorted(found, key=words(text).index)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Who is the CEO of the company that the CEO founded?", ["ceo", "company", "founded"]),
        ("What is it?", ["what", "is", "it"]),
        ("To be or not to be", ["to", "be", "or", "not"]),
        ("How big is the US army in May?", ["big", "us", "army", "may"]),
    ],
)
def test_content_words_of_questions(question: str, expected: list[str]) -> None:
    assert content_words(question) == expected


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("companies", "company", True),
        ("running", "runs", True),
        ("founded", "founding", True),
        ("rivers", "river", True),
        ("universe", "union", False),
        ("2.6", "2.7", False),
        ("日本語", "日本", False),
    ],
)
def test_forms_of_a_word_have_one_stem(one: str, other: str, same: bool) -> None:
    assert (stem(one) == stem(other)) is same
