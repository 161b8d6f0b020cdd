from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.chunk import chunk_document
from rag.embed import Embedder
from rag.sentences import sentence_spans
from rag.types import Chunk, Document, Page
from tests.oracles import count_tokens
from tests.texts import layouts, parse_one

LIMITS = st.sampled_from([16, 40, 200])


def documents(suffix: str = ".md") -> st.SearchStrategy[Document]:
    return layouts().filter(str.strip).map(lambda text: parse_one(text.encode(), "a" + suffix))


def document(text: str, source: str = "a.md") -> Document:
    return parse_one(text.encode(), source)


def texts(chunks: list[Chunk]) -> list[str]:
    return [chunk.text for chunk in chunks]


def without_headings(document: Document, start: int, end: int) -> str:
    """Return what stands between ``start`` and ``end`` and is no heading, without white space at its ends."""
    marked = list(document.text)
    for heading in document.headings:
        marked[heading.start : heading.end] = " " * (heading.end - heading.start)
    return "".join(marked[start:end]).strip()


@given(documents(), LIMITS)
def test_every_character_is_in_one_chunk_which_is_its_span_of_the_text(
    embedder: Embedder, document: Document, limit: int
) -> None:
    chunks = chunk_document(document, embedder.token_spans, limit)
    assert all(chunk.text == document.text[chunk.start : chunk.end] != "" for chunk in chunks)
    assert all(one.end <= following.start for one, following in pairwise(chunks))
    assert "".join("".join(chunk.text.split()) for chunk in chunks) == "".join(document.text.split())


@given(documents(), LIMITS)
def test_no_chunk_holds_more_tokens_than_it_may(embedder: Embedder, document: Document, limit: int) -> None:
    for chunk in chunk_document(document, embedder.token_spans, limit):
        assert count_tokens(chunk.text) <= limit, chunk.text


def test_a_word_that_is_cut_has_no_more_tokens_in_parts_than_they_may(embedder: Embedder) -> None:
    letters = random.Random(1)  # such as keys and hashes; in parts, these have other tokens than whole
    words = ["".join(letters.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=90)) for _ in range(50)]
    chunks = chunk_document(document(" ".join(words), "a.txt"), embedder.token_spans, 16)
    assert [chunk.text for chunk in chunks if count_tokens(chunk.text) > 16] == []


@given(documents(), LIMITS)
def test_no_chunk_goes_on_over_a_heading(embedder: Embedder, document: Document, limit: int) -> None:
    for chunk in chunk_document(document, embedder.token_spans, limit):
        for heading in document.headings:
            if chunk.start < heading.start < chunk.end:
                assert without_headings(document, chunk.start, heading.start) == ""


@given(documents(), LIMITS)
def test_a_heading_is_a_chunk_alone_only_where_the_sentence_under_it_has_no_room_beside_it(
    embedder: Embedder, document: Document, limit: int
) -> None:
    for chunk in chunk_document(document, embedder.token_spans, limit)[:-1]:
        if any(heading.start < chunk.end < heading.end for heading in document.headings):
            continue  # a heading that is itself too long is cut
        start, end = (chunk.end + at for at in sentence_spans(document.text[chunk.end :])[0])
        if without_headings(document, chunk.start, chunk.end) == "" != without_headings(document, start, end):
            assert count_tokens(document.text[start:end]) <= limit, "what is cut anyway can begin under its heading"
            assert count_tokens(document.text[chunk.start : end]) > limit


@given(documents(".txt"), LIMITS)
def test_no_sentence_that_fits_is_split(embedder: Embedder, document: Document, limit: int) -> None:
    chunks = chunk_document(document, embedder.token_spans, limit)
    for start, end in sentence_spans(document.text):
        if count_tokens(document.text[start:end]) <= limit:
            assert any(chunk.start <= start and end <= chunk.end for chunk in chunks), document.text[start:end]


def test_a_chunk_carries_the_path_of_headings_over_it(embedder: Embedder) -> None:
    text = "Preface.\n\n# Book\n\n## One\n\nFirst text.\n\n### Detail\n\nMore.\n\n## Two\n\nSecond text.\n"
    chunks = chunk_document(document(text), embedder.token_spans, 200)
    assert [(chunk.text, chunk.headings) for chunk in chunks] == [
        ("Preface.", ()),
        ("# Book\n\n## One\n\nFirst text.", ("Book", "One")),
        ("### Detail\n\nMore.", ("Book", "One", "Detail")),
        ("## Two\n\nSecond text.", ("Book", "Two")),
    ]


@pytest.mark.parametrize(
    ("kind", "cut"),
    [
        ("page", [("First. It goes on over the break. The end.", 1)]),
        ("slide", [("First. It goes on", 1), ("over the break. The end.", 2)]),
    ],
)
def test_a_chunk_runs_on_over_a_page_but_not_over_a_slide(
    embedder: Embedder, kind: str, cut: list[tuple[str, int]]
) -> None:
    text = "First. It goes on over the break. The end."
    second = text.index("over")
    pages = (Page(number=1, start=0, end=second), Page(number=2, start=second, end=len(text)))
    paged = document(text, "a.txt").model_copy(update={"pages": pages, "page_kind": kind})
    assert [(chunk.text, chunk.page) for chunk in chunk_document(paged, embedder.token_spans, 200)] == cut


def test_a_slide_on_which_no_sentence_of_a_block_stands_has_no_chunk(embedder: Embedder) -> None:
    text = "On the first.    On the third."
    bounds = [(0, 14), (14, 16), (16, len(text))]
    pages = tuple(Page(number=number, start=start, end=end) for number, (start, end) in enumerate(bounds, 1))
    slides = document(text, "a.txt").model_copy(update={"pages": pages, "page_kind": "slide"})
    cut = chunk_document(slides, embedder.token_spans, 200)
    assert [(chunk.text, chunk.page) for chunk in cut] == [("On the first.", 1), ("On the third.", 3)]


def test_neighbouring_sentences_share_a_chunk_for_as_long_as_they_fit(embedder: Embedder) -> None:
    sentences = [f"This is sentence number {name}." for name in ("one", "two", "three", "four", "five")]
    chunks = chunk_document(
        document(" ".join(sentences), "a.txt"), embedder.token_spans, 2 * count_tokens(sentences[0])
    )
    assert texts(chunks) == [" ".join(sentences[0:2]), " ".join(sentences[2:4]), sentences[4]]


def test_a_sentence_that_is_too_long_is_cut_at_a_space(embedder: Embedder) -> None:
    chunks = chunk_document(document("river " * 50, "a.txt"), embedder.token_spans, 20)
    assert [chunk.text.strip() for chunk in chunks] == ["river " * 19 + "river"] * 2 + ["river " * 9 + "river"]


def test_a_run_without_spaces_is_cut_after_a_sign(embedder: Embedder) -> None:
    chunks = chunk_document(document("river-" * 30 + "bank", "a.txt"), embedder.token_spans, 20)
    assert texts(chunks) == ["river-" * 10] * 3 + ["bank"]


def test_the_name_of_a_chunk_is_its_place(embedder: Embedder) -> None:
    one = document("Alpha beta. Gamma delta.", "a.txt")
    chunks = chunk_document(one, embedder.token_spans, 4)
    assert [(chunk.id, chunk.document_id) for chunk in chunks] == [(f"{one.id}:{at}", one.id) for at in (0, 12)]
