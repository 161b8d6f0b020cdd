from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.sentences import block_sentences, sentence_spans
from rag.types import Block
from tests.texts import layouts


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@given(st.one_of(st.text(), layouts()))
def test_spans_are_in_order_trimmed_and_hold_all_that_is_not_white_space(text: str) -> None:
    spans = sentence_spans(text)
    assert all(start < end for start, end in spans)
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    assert all(text[start:end] == text[start:end].strip() for start, end in spans)
    assert "".join("".join(text[start:end].split()) for start, end in spans) == "".join(text.split())


@pytest.mark.parametrize("text", ["", " ", "\n\n \t\n", "\u2003\u2028"])
def test_white_space_has_no_sentences(text: str) -> None:
    assert sentence_spans(text) == []


@pytest.mark.parametrize(
    "expected",
    [
        ["Dr. Smith met Mr. Jones at 5 p.m. on Monday.", "They spoke of tariffs, etc. and left."],
        ["Prices rose 3.5 percent.", "Sales fell by $2.6 billion!", "Why?", "Nobody knows."],
        ["See Fig. 3 and Sec. 4.2 of the report.", "It is by J. R. R. Tolkien."],
        ["“Is it over?” she asked.", "“Yes,” he said."],
        ["It runs on example.org since 2010.", "Try it."],
    ],
)
def test_only_the_full_stop_of_a_sentence_ends_it(expected: list[str]) -> None:
    assert sentences(" ".join(expected)) == expected


@pytest.mark.parametrize(
    "expected",
    [
        ["According to U.S. Secretary of State Antony Blinken, the talks went well.", "They end today."],
        ["The U.N. Security Council met in the U.S. Capitol."],
        ["In 1998 she moved to the U.S.", "His allies stayed behind."],
        ["The firm is based in the U.K.", "It was founded in 2010."],
    ],
)
def test_an_initialism_ends_a_sentence_only_before_a_word_that_starts_one(expected: list[str]) -> None:
    assert sentences(" ".join(expected)) == expected


@pytest.mark.parametrize(
    "expected",
    [
        ["水是什么？", "它是生命之源。", "很重要！", "（见图。）", "价格为3.5元。"],
        ["「はい。」と彼は言った。", "雨が降った。", "本当ですか？！", "Python 3.11を使う。"],
        ["यह एक पुल है।", "वह एक नदी है।"],
        ["ما هذا؟", "هذا جسر قديم.", "وهذا نهر."],
    ],
)
def test_the_full_stops_of_other_scripts_end_sentences(expected: list[str]) -> None:
    assert sentences(" ".join(expected)) == expected
    if not expected[-1].isascii() and expected[-1].endswith(("。", "।")):
        assert sentences("".join(expected)) == expected


def test_thai_is_parted_at_spaces_but_not_around_names_or_into_crumbs() -> None:
    first = "สะพานแห่งนี้สร้างขึ้นโดยคนงานของเมืองในรัชสมัยของพระเจ้าแผ่นดินองค์ก่อน"
    second = "หลังจากน้ำท่วมครั้งใหญ่เมื่อปี 1887 และ John Smith ได้สั่งให้ปิดสะพาน"
    assert sentences(f"{first} {second}") == [first, second]
    assert sentences("ใช่ ไม่ใช่ อาจจะ") == ["ใช่ ไม่ใช่ อาจจะ"]


def test_a_german_ordinal_ends_no_sentence() -> None:
    expected = ["Am 3. Oktober 1990 war es so weit.", "Seit dem 19. Jahrhundert gab es 12.", "Danach kamen mehr."]
    assert sentences(" ".join(expected)) == expected


def test_hard_wrapped_lines_are_joined() -> None:
    first = "The committee met on Tuesday to discuss the budget for the\ncoming year."
    second = "It was decided that no further cuts would be\nmade before the election."
    assert sentences(f"{first} {second}\n\nNext paragraph.") == [first, second, "Next paragraph."]


def test_a_sentence_does_not_cross_an_empty_line() -> None:
    assert sentences("no full stop here\n\nand none\n \t\nthere") == ["no full stop here", "and none", "there"]


def test_headings_list_items_and_table_rows_are_sentences_of_their_own() -> None:
    lines = [
        "# Findings of the year",
        "Body text that is quite a bit longer than the heading over it is.",
        "## Details",
        "- first item of the list which is a longish one as well",
        "* second item",
        "1. one",
        "2) two",
        "| name | born |",
        "|------|------|",
        "| Ada | 1815 |",
        "> a quotation",
    ]
    assert sentences("\n".join(lines)) == lines


def test_offsets_count_code_points() -> None:
    text = "  Ein 😀 lacht. \n\n Zweiter Satz.  "
    assert sentence_spans(text) == [(2, 14), (18, 31)]


def test_a_line_of_a_chat_or_a_log_is_one_sentence() -> None:
    lines = ["[12/05/2025, 09:17] Rosa: good. Karl makes it.", "[12/05/2025, 09:20] Karl: no. I bring bread."]
    assert sentences("\n".join(lines)) == lines


@pytest.mark.parametrize("text", ["x" * 50_000, "a, b; " * 9000, "a. " * 20_000, "word " * 10_000])
def test_no_sentence_is_very_long(text: str) -> None:
    assert max(map(len, sentences(text))) <= 1000
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


def test_a_heading_or_a_row_is_one_sentence_unless_it_is_very_long() -> None:
    row = "pier: 9; inspector: Kai Brem; remarks: Dry. Nothing to report."
    assert block_sentences(row, Block(kind="row", start=0, end=len(row))) == [(0, len(row))]
    row += " The rail was mended by the porter." * 40
    assert len(block_sentences(row, Block(kind="row", start=0, end=len(row)))) > 40
