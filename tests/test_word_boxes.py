"""The places of words as they are kept: they come back as they were put, and a quotation's boxes are its words'."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rag.parse.page import PixelBox
from rag.parse.word_boxes import STEPS, WordBox, boxes_of, pack, words_between

HALF = STEPS // 2


@st.composite
def words(draw: st.DrawFn) -> list[WordBox]:
    found, end = [], 0
    for _ in range(draw(st.integers(0, 30))):
        start = end + draw(st.integers(0, 100_000))
        end = start + draw(st.integers(1, 60))
        left, right = sorted(draw(st.integers(0, STEPS)) for _ in "lr")
        top, bottom = sorted(draw(st.integers(0, STEPS)) for _ in "tb")
        found.append(WordBox(start, end, left, top, right, bottom))
    return found


@given(words(), st.integers(0, 10**6), st.integers(0, 10**6))
def test_words_come_back_as_they_were_put(put: list[WordBox], start: int, end: int) -> None:
    assert words_between(pack(put), 0, 10**9) == put
    assert words_between(pack(put), start, end) == [word for word in put if start <= word.start < end]


def test_what_lies_off_the_picture_is_kept_at_its_edge() -> None:
    (word,) = words_between(pack([WordBox(0, 3, -50, 10, STEPS + 9, 20)]), 0, 9)
    assert word == WordBox(0, 3, 0, 10, STEPS, 20)


def test_few_bytes_are_kept_of_a_word() -> None:
    page = [
        WordBox(6 * at, 6 * at + 5, 300 * (at % 50), 200 * (at // 50), 300 * (at % 50) + 250, 200 * (at // 50) + 150)
        for at in range(2500)
    ]
    assert len(pack(page)) < 6 * len(page)


LINE = [WordBox(0, 3, 0, 0, 1000, 400), WordBox(4, 9, 1200, 0, 2800, 400), WordBox(10, 14, 0, 500, 1400, 900)]


def test_words_of_a_line_are_one_box_and_those_of_another_line_or_cell_are_another() -> None:
    scale = STEPS // 4
    assert boxes_of(LINE, 0, 14, 4096, 4096) == (
        PixelBox(left=0, top=0, right=700, bottom=100),
        PixelBox(left=0, top=125, right=350, bottom=225),
    )
    assert boxes_of(LINE, 4, 9, 4096, 4096) == (PixelBox(left=300, top=0, right=700, bottom=100),)
    cells = [LINE[0], WordBox(4, 9, 3 * scale, 0, 3 * scale + 400, 400)]
    assert len(boxes_of(cells, 0, 9, 4096, 4096)) == 2
    assert boxes_of(LINE, 3, 4, 4096, 4096) == ()


def test_of_a_word_without_spaces_the_part_is_marked_that_is_meant() -> None:
    word = WordBox(10, 20, 0, 0, 10_000, 400)
    assert boxes_of([word], 12, 15, STEPS, STEPS) == (PixelBox(left=2000, top=0, right=5000, bottom=400),)


def test_on_a_page_that_is_set_upwards_words_of_a_line_are_one_box() -> None:
    upwards = [
        WordBox(0, 5, 0, 5000, 400, 7000),
        WordBox(6, 9, 0, 3000, 400, 4800),
        WordBox(10, 14, 600, 5000, 1000, 7000),
    ]
    assert boxes_of(upwards, 0, 9, STEPS, STEPS) == (PixelBox(left=0, top=3000, right=400, bottom=7000),)
    assert len(boxes_of(upwards, 0, 14, STEPS, STEPS)) == 2
