"""What is embedded of Markdown is what its reader sees, at the places where it stands."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.markdown_signs import without_signs


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("## The **old** mill", "The old mill"),
        ("- the `key` of\n  > the [crane](https://a.org/b#c)", "the key of the crane"),
        ("| Berth | Fee |\n|---|---|\n| A1 | 940 |", "| Berth | Fee | | A1 | 940 |"),
        ("#42 is late, 5 - 3 is 2, a*b", "#42 is late, 5 - 3 is 2, a*b"),
        ("[x] done, see [1]", "[x] done, see [1]"),
    ],
)
def test_signs_are_blank_and_words_stay(text: str, seen: str) -> None:
    assert " ".join(without_signs(text, "a.md").split()) == seen
    assert without_signs(text, "a.txt") == text


@given(st.text("#*-+>|`[]() \nab", max_size=200))
def test_no_character_moves(text: str) -> None:
    blank = without_signs(text, "notes/a.MD")
    assert len(blank) == len(text)
    assert all(after in (before, " ") for before, after in zip(text, blank, strict=True))


@pytest.mark.parametrize("sign", ["-", "|-", "[", "](", "`", "# ", "> "])
def test_many_signs_are_no_slower_than_their_length(sign: str) -> None:
    started = time.process_time()
    without_signs(sign * 100_000 + "x", "a.md")
    assert time.process_time() - started < 2
