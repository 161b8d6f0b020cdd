"""Generated texts in the layouts people's files have, for property tests."""

from __future__ import annotations

import dataclasses

from hypothesis import strategies as st

from rag.parse import parse
from rag.parse.parsed import Parsed
from rag.types import Document

WORDS = (
    "the a of and cell river engine U.S. e.g. Dr. Ada 3.5 $2.6 2019 naïve Straße 日本語 文章です。 Привет мир"
    " مرحبا שלום हिन्दी 😀 🏳️‍🌈 don't co-operate x_1 https://example.org/a?b=c#d \u200b \ufeff — “quoted” ﬁne e\u0301"
).split(" ")
CODE = "function a(b){return b?c[d]:e};var f=1,g='h';if(!f){a(g)}".split("|")


def parse_one(data: bytes, source: str) -> Document:
    """Return the document a file is, without those attached to it."""
    return parse(data, source).documents[0]


_SPACES = st.sampled_from([" "] * 12 + ["  ", "\t", "\u00a0"])
_ENDS = st.sampled_from([". ", "? ", "! ", "… ", ".\n", ": ", " ", "。"])


@st.composite
def sentences(draw: st.DrawFn, most_words: int = 30) -> str:
    """A line of words of many scripts that ends in some way."""
    words = draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=most_words))
    return draw(_SPACES).join(words) + draw(_ENDS)


def paragraphs() -> st.SearchStrategy[str]:
    """Some sentences; one may run over many lines."""
    return st.lists(sentences(), min_size=1, max_size=6).map("".join)


def runs() -> st.SearchStrategy[str]:
    """Long runs without a space: one letter, one script's, minified code, digits, joined by signs or not."""
    unit = st.sampled_from(["x", "word", "文", "ü", "0123456789", "a-", "a,b;", "😀", CODE[0]])
    return st.builds(lambda text, times: text * times, unit, st.integers(1, 400))


def tables() -> st.SearchStrategy[str]:
    """A Markdown table of some rows."""
    cell = st.sampled_from(WORDS)
    row = st.lists(cell, min_size=2, max_size=5).map(lambda cells: "| " + " | ".join(cells) + " |")
    return st.lists(row, min_size=1, max_size=40).map("\n".join)


def headings() -> st.SearchStrategy[str]:
    """A Markdown heading of level 1–3."""
    title = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join)
    return st.builds(lambda level, words: "#" * level + " " + words, st.integers(1, 3), title)


def layouts(most_blocks: int = 12) -> st.SearchStrategy[str]:
    """A text of headings, paragraphs, tables and runs, joined by one newline or two."""
    block = st.one_of(paragraphs(), headings(), headings(), tables(), runs())
    return st.builds(
        lambda blocks, gap: gap.join(blocks), st.lists(block, max_size=most_blocks), st.sampled_from(["\n", "\n\n"])
    )


def block_texts(parsed: Parsed) -> list[str]:
    """Return the text of each block."""
    return [parsed.text[block.start : block.end] for block in parsed.blocks]


def kinds_and_texts(parsed: Parsed) -> list[tuple[str, str]]:
    """Return the kind and the text of each block."""
    return [(block.kind, parsed.text[block.start : block.end]) for block in parsed.blocks]


def unblocked(parsed: Parsed) -> Parsed:
    """Return what was parsed, without its blocks."""
    return dataclasses.replace(parsed, blocks=(), groups=())
