"""Markdown: the canonical text is the file's own; headings are found by a CommonMark parser."""

from __future__ import annotations

from itertools import accumulate, pairwise

from markdown_it import MarkdownIt

from rag.parse.parsed import Parsed, title_of
from rag.parse.text import decode
from rag.types import Heading


def parse_markdown(data: bytes, name: str) -> Parsed:
    """Read Markdown; the title is the first heading of the first level, else the file's name."""
    text = decode(data)
    headings = _headings(text)
    return Parsed(text=text, title=title_of(headings) or name, headings=headings)


def _headings(text: str) -> tuple[Heading, ...]:
    """Return the headings, ``#`` and underlined ones, each as the span of its lines."""
    # Split as CommonMark does, at newlines alone: splitlines() would also split at form feeds.
    line_starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]
    tokens = MarkdownIt("commonmark").parse(text)
    headings = []
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open" and opening.map and inline.children is not None:
            words = "".join(child.content or " " * child.type.endswith("break") for child in inline.children).strip()
            first, last = opening.map
            if words:
                end = min(line_starts[last] - 1, len(text))
                headings.append(Heading(level=int(opening.tag[1:]), text=words, start=line_starts[first], end=end))
    return tuple(headings)
