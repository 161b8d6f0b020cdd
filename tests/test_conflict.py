"""Sentences that cannot both be right are told from ones that speak of different things."""

from __future__ import annotations

import pytest

from rag.answer.conflict import disagree

HOW_MANY = "How many people did the mill employ?"


@pytest.mark.parametrize(
    ("question", "one", "other", "values"),
    [
        (HOW_MANY, "The mill employed 30 people in 1860.", "In 1860 the mill employed 45 people.", ("30", "45")),
        ("When was the mill built?", "The mill was built in 1851.", "The mill was built in 1853.", ("1851", "1853")),
        (
            "What share of sales was lost?",
            "They lost 12 % of all sales.",
            "They lost 15 % of all sales.",
            ("12 %", "15 %"),
        ),
        (
            "Did the town sign the treaty?",
            "The town signed the treaty.",
            "The town did not sign the treaty.",
            ("yes", "no"),
        ),
    ],
)
def test_what_disagrees(question: str, one: str, other: str, values: tuple[str, str]) -> None:
    assert disagree(question, one, other) == values
    assert disagree(question, other, one) == values[::-1]


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        (HOW_MANY, "The mill employed 30 people in 1860.", "The mill employed 45 people in 1870."),
        (HOW_MANY, "The Leeds mill employed 30 people there.", "The York mill employed 45 people there."),
        (HOW_MANY, "The mill employed 30 people.", "The mill employed 30 people."),
        (HOW_MANY, "The mill employed 1,300 people.", "The mill employed 1300 people."),
        (HOW_MANY, "The first mill employed many people.", "The second mill employed many people."),
        (HOW_MANY, "The mill employed 30 people.", "The town had a school with 45 children."),
        ("Who built the mill?", "The mill was built in 1851.", "The mill was built in 1853."),
        ("Did the town sign the treaty?", "The town signed the treaty.", "The town did not like its mayor."),
    ],
)
def test_what_does_not(question: str, one: str, other: str) -> None:
    assert disagree(question, one, other) is None
