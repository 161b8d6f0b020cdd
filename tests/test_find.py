"""Words that are looked for are found as a person means them, and no text or word makes that slow."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.find import find_all, plain


def found(text: str, sought: str) -> list[str]:
    return [text[start:end] for start, end in find_all(text, sought, 100)]


@pytest.mark.parametrize(
    ("text", "sought", "wanted"),
    [
        ("The Mill, the mill and MILLS", "mill", ["Mill", "mill", "MILL"]),
        ("a café and a cafe\u0301 and a cafe", "CAFÉ", ["café", "cafe\u0301", "cafe"]),
        ("Straße, STRASSE, Strasse", "straße", ["Straße", "STRASSE", "Strasse"]),
        ("an of\ufb01ce and an office", "office", ["of\ufb01ce", "office"]),
        ("the great\n   bell of\tWaldkirch", "great bell  of", ["great\n   bell of"]),
        ("it’s – it's", "it's", ["it’s", "it's"]),
        ("a co\u00adoperative", "cooperative", ["co\u00adoperative"]),
        ("1.5 and 1x5 (a|b) [^c]", "1.5", ["1.5"]),
        ("1.5 and 1x5 (a|b) [^c]", "(a|b) [^", ["(a|b) [^"]),
        ("ΟΔΥΣΣΕΥΣ και οδυσσευς", "οδυσσεύς", ["ΟΔΥΣΣΕΥΣ", "οδυσσευς"]),
        ("水车由王明建造", "王明", ["王明"]),
        ("words", "", []),
        ("words", " \n ", []),
        ("words", "\u0301", []),
    ],
)
def test_case_accents_and_breaks_make_no_difference(text: str, sought: str, wanted: list[str]) -> None:
    assert found(text, sought) == wanted


@given(st.text(max_size=40), st.text(max_size=6), st.text(max_size=40))
def test_what_stands_in_a_text_is_found_whatever_it_is(before: str, word: str, after: str) -> None:
    text = before + word + after
    for start, end in find_all(text, word, 100):
        assert "".join(plain(text[start:end]).split()) == "".join(plain(word).split())
    if word.isascii() and word.isalnum():
        assert find_all(f"{before} {word} {after}", word, 100)


@pytest.mark.parametrize("sought", ["a" * 200, "a " * 100, "ss" * 100, "aaab", "the end"])
def test_a_long_text_is_gone_through_in_a_moment(sought: str) -> None:
    for text in ("a" * 2_000_000, "a \n" * 700_000, "aß\u0301" * 700_000):
        started = time.process_time()
        find_all(text, sought, 2001)
        assert time.process_time() - started < 5


def test_no_more_are_found_than_asked_for() -> None:
    assert len(find_all("mill " * 50, "mill", 7)) == 7
