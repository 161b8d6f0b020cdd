"""Excerpts are the block of a key sentence, what belongs with it, and whole sentences around it in its section."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.chunk import chunk_document
from rag.excerpt import excerpt_span
from rag.parse import parse
from rag.sentences import sentence_spans
from rag.types import Document, Page

SENTENCES = [f"Sentence number {n} tells of the mill and its {n + 3} wheels." for n in range(30)]
PLAIN = parse(" ".join(SENTENCES).encode(), "mill.txt").documents[0]
SECTIONS = parse(
    b"# Mills\n\nAn opening line.\n\n## Leeds\n\nThe Leeds mill burned. It stood for a year.\n\n"
    b"## York\n\nThe York mill stands. It has two wheels.\n",
    "mills.md",
).documents[0]


def span_of(document: Document, words: str) -> tuple[int, int]:
    start = document.text.index(words)
    return start, start + len(words)


def excerpt(document: Document, words: str, most: int) -> str:
    return document.text[slice(*excerpt_span(document, span_of(document, words), most))]


@given(at=st.integers(0, len(SENTENCES) - 1), most=st.integers(1, 2500))
def test_it_is_whole_sentences_and_no_longer_than_it_may_be(at: int, most: int) -> None:
    key = span_of(PLAIN, SENTENCES[at])
    start, end = excerpt_span(PLAIN, key, most)
    inside = [span for span in sentence_spans(PLAIN.text) if start <= span[0] and span[1] <= end]
    assert (inside[0][0], inside[-1][1]) == (start, end)
    assert start <= key[0] < key[1] <= end
    assert end - start <= max(most, key[1] - key[0])


def test_twice_as_much_follows_as_goes_before() -> None:
    key = span_of(PLAIN, SENTENCES[15])
    start, end = excerpt_span(PLAIN, key, 1000)
    before, after = key[0] - start, end - key[1]
    assert 1.5 * before <= after <= 3 * before


@pytest.mark.parametrize(("at", "side"), [(0, "after"), (29, "before")])
def test_at_an_end_of_the_text_the_other_side_has_the_room(at: int, side: str) -> None:
    start, end = excerpt_span(PLAIN, span_of(PLAIN, SENTENCES[at]), 700)
    assert 600 < end - start <= 700
    assert (start == 0) if side == "after" else (end == len(PLAIN.text))


def test_it_crosses_no_heading() -> None:
    assert excerpt(SECTIONS, "The Leeds mill burned.", 700) == "The Leeds mill burned. It stood for a year."
    assert excerpt(SECTIONS, "It has two wheels.", 700) == "The York mill stands. It has two wheels."


def test_of_a_heading_the_excerpt_goes_on_under_it() -> None:
    assert excerpt(SECTIONS, "## York", 700) == "## York\n\nThe York mill stands. It has two wheels."


def test_it_leaves_its_slide_alone() -> None:
    pages = (Page(number=1, start=0, end=10), Page(number=2, start=10, end=20), Page(number=3, start=20, end=30))
    slides = Document(source="a.pptx", sha256="", title="", text="One two.\n\nOne four.\nOne six.  ", pages=pages)
    slides = slides.model_copy(update={"page_kind": "slide"})
    assert excerpt(slides, "One four.", 700) == "One four."


def test_it_meets_no_other_excerpt() -> None:
    taken = excerpt_span(PLAIN, span_of(PLAIN, SENTENCES[10]), 500)
    for at in (4, 20):
        start, end = excerpt_span(PLAIN, span_of(PLAIN, SENTENCES[at]), 500, [taken])
        assert end <= taken[0] or start >= taken[1]


def test_a_key_that_is_part_of_a_sentence_is_shown_with_the_whole() -> None:
    words = "number 3 tells"
    assert excerpt(PLAIN, words, 10) == SENTENCES[3]


def test_it_goes_beyond_the_passage_where_the_section_does() -> None:
    chunks = chunk_document(PLAIN, lambda text: [(at, at + 1) for at, c in enumerate(text) if c == " "], 40)
    last = [SENTENCES[n] for n in range(30) if PLAIN.text.index(SENTENCES[n]) + len(SENTENCES[n]) <= chunks[0].end][-1]
    assert excerpt_span(PLAIN, span_of(PLAIN, last), 700)[1] > chunks[0].end


def test_a_line_that_ends_in_a_colon_is_shown_with_what_it_leads_to() -> None:
    text = b"Bring these to the bridge:\n\n- | boots | ropes |\n  |---|---|\n  | two | one |\n\nThe end is near.\n"
    (document,) = parse(text, "a.md").documents
    assert excerpt(document, "Bring these to the bridge:", 30) == document.text[: document.text.index(" |\n\nThe end")]


PRICES = parse(b"Boat,Price\nGannet,940\nPetrel,720\n", "prices.csv").documents[0]
PHONES = parse(b"Our numbers\n\nAda, room 12\nBen, room 14\nCat, room 15\n", "phones.txt").documents[0]


def test_a_row_stands_alone_unless_rows_are_compared() -> None:
    key = span_of(PRICES, "Boat: Petrel; Price: 720")
    assert excerpt_span(PRICES, key, 700) == key
    assert PRICES.text[slice(*excerpt_span(PRICES, key, 700, compares=True))] == PRICES.text
    assert excerpt(PHONES, "Ben, room 14", 700) == "Ben, room 14"


def test_a_question_of_a_list_of_questions_is_shown_with_its_answer() -> None:
    text = b"**May dogs come along?**\n\n" + b"They may, on the deck. " * 20 + b"\n\n**Is there food?**\n\nSoup.\n"
    (document,) = parse(text, "faq.md").documents
    assert excerpt(document, "**May dogs come along?**", 30).endswith("They may, on the deck.")


def test_of_a_long_list_the_list_within_it_is_shown_under_its_item() -> None:
    hulls = "".join(f"  - Hull {n} is tarred by hand in spring.\n" for n in range(5))
    items = "".join(f"- Yard {n}\n{hulls.replace('Hull ', f'Hull {n}.')}" for n in range(9))
    (document,) = parse(items.encode(), "yards.md").documents
    assert excerpt(document, "- Hull 4.2 is tarred by hand in spring.", 30) == (
        document.text[document.text.index("- Yard 4") : document.text.index("- Yard 5")].rstrip()
    )


def test_what_a_mail_says_is_shown_without_what_it_quotes() -> None:
    mail = b"From: Ada <a@x.org>\nSubject: Keys\n\nThey hang in the barn.\n\nOn Monday, Ben wrote:\n> Where is it?\n"
    (document,) = parse(mail, "keys.eml").documents
    assert excerpt(document, "They hang in the barn.", 700) == "They hang in the barn."
