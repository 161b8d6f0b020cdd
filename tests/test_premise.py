"""A question whose names are written of, but never together, is doubted; others are not."""

from __future__ import annotations

import pytest

from rag.answer.premise import premise
from rag.types import SearchResult
from tests.test_extractive import passage

FOUND = [
    passage("a", [("Intel makes chips.", 0.5), ("It has plants.", 0.5), ("Its head is new.", 0.5)]),
    passage("b", [("Huawei went onto a list in May.", 0.5), ("Nvidia could not sell to Huawei.", 0.5)]),
]


@pytest.mark.parametrize(
    ("question", "doubted"),
    [
        ("When did Intel buy Huawei?", True),
        ("When did Intel's head meet Nvidia?", True),
        ("When did Nvidia sell to Huawei?", False),
        ("When did Intel buy Samsung?", False),  # a name that was not found: the scorer's part
        ("What does Intel make?", False),
        ("what is made?", False),
    ],
)
def test_what_is_doubted(question: str, doubted: bool) -> None:
    assert (premise(question, FOUND) < 1) is doubted


def test_names_stand_together_in_neighbouring_sentences_and_under_a_heading() -> None:
    near = passage("c", [("Intel wants a partner.", 0.5), ("Huawei is one.", 0.5)])
    assert premise("When did Intel meet Huawei?", [*FOUND, near]) == 1
    chunk = FOUND[0].chunk.model_copy(update={"headings": ("Huawei",)})
    under: list[SearchResult] = [FOUND[0].model_copy(update={"chunk": chunk}), FOUND[1]]
    assert premise("When did Intel meet Huawei?", under) == 1


def test_nothing_found_is_not_doubted() -> None:
    assert premise("When did Intel buy Huawei?", []) == 1
