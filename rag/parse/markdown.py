"""Markdown: the canonical text is the file's own; a CommonMark parser tells its blocks by their lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import accumulate, pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

from rag.parse.builder import BlockMarker
from rag.parse.parsed import Parsed, title_of
from rag.parse.text import decode
from rag.sentences import Span
from rag.types import BlockKind

_FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?\n)?(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_TITLE = re.compile(r"^title[ \t]*:[ \t]*(?P<quote>[\"']?)(.+?)(?P=quote)[ \t]*$", re.MULTILINE | re.IGNORECASE)
# What is not shown: comments of HTML and of Obsidian. A sign takes their place, so that all else stays where it is.
_COMMENT = re.compile(r"<!--.*?-->|%%.*?%%", re.DOTALL)
_UNSEEN = "\u2060"  # the word joiner
_BAR = re.compile(r"\\.|`[^`]*`|\|")  # and what holds none


def parse_markdown(data: bytes, name: str) -> Parsed:
    """Read Markdown; the title is its front matter's, else the first heading of the first level, else the name."""
    text = decode(data)
    marker = BlockMarker(text)
    front = _FRONT_MATTER.match(text)
    if front:
        for line in re.finditer(r"[^\n]+", front[1] or ""):
            marker.mark("field", front.start(1) + line.start(), front.start(1) + line.end())
    mark_markdown(marker, front.end() if front else 0, len(text))
    title = _TITLE.search(front[1] or "") if front else None
    return marker.parsed((title[2] if title else title_of(marker.headings)) or name)


def mark_markdown(marker: BlockMarker, start: int, end: int) -> None:
    """Note the blocks of the Markdown in a stretch of a text."""
    shown = _COMMENT.sub(_blank, marker.text[start:end])
    # Split as CommonMark does, at newlines alone: splitlines() would also split at form feeds.
    lines = [start + at for at in accumulate((len(line) + 1 for line in shown.split("\n")), initial=0)]
    _Walk(marker, shown, start, lines).blocks(MarkdownIt("commonmark").enable("table").parse(shown))


def _blank(comment: re.Match[str]) -> str:
    return re.sub(r"[^\n]", _UNSEEN, comment.group())


class _Walk:
    """Goes through the tokens of a text and notes its blocks."""

    def __init__(self, marker: BlockMarker, shown: str, offset: int, lines: list[int]) -> None:
        self._marker = marker
        self._shown = shown
        self._offset = offset
        self._lines = lines
        self._lists = ExitStack()
        self._depth = self._quotes = 0
        self._columns: list[str] = []

    def blocks(self, tokens: list[Token]) -> None:
        """Note the blocks that the tokens are of."""
        for at, token in enumerate(tokens):
            if token.type.endswith("list_open"):
                self._depth += 1
                if self._depth == 1:
                    self._lists.enter_context(self._marker.list())
            elif token.type.endswith("list_close"):
                self._depth -= 1
                if not self._depth:
                    self._lists.close()
            elif token.type in ("blockquote_open", "blockquote_close"):
                self._quotes += token.nesting
            elif token.type == "table_open":
                self._table(token)
            elif token.type == "heading_open":
                self._heading(token, tokens[at + 1])
            elif token.type == "paragraph_open":
                self._mark("quote" if self._quotes else "item" if self._depth else "paragraph", token)
            elif token.type in ("fence", "code_block", "html_block"):
                self._mark("paragraph" if token.type == "html_block" else "code", token)

    def _mark(self, kind: BlockKind, token: Token) -> None:
        start, end = self._span(token)
        for seen in re.finditer(rf"[^{_UNSEEN}]+", self._shown[start - self._offset : end - self._offset]):
            first, last = start + seen.start(), start + seen.end()
            self._marker.mark(kind, first, last, level=self._depth if kind == "item" else 0)

    def _heading(self, opening: Token, inline: Token) -> None:
        words = "".join(child.content or " " * child.type.endswith("break") for child in inline.children or ()).strip()
        if words:
            start, end = self._span(opening)
            self._marker.mark("heading", start, end, level=int(opening.tag[1:]), label=words)

    def _table(self, token: Token) -> None:
        """Note the rows of a table; the line under its header says only how its columns are set."""
        first, last = token.map or (0, 0)
        rows = [list(self._cells(*self._line(line))) for line in range(first, last) if line != first + 1]
        names = [self._marker.text[start:end] for start, end in rows[0]]
        with self._marker.table(names):
            for number, cells in enumerate(rows):
                if cells:
                    self._marker.mark("row", cells[0][0], cells[-1][1], cells=tuple(cells), is_context=not number)

    def _cells(self, start: int, end: int) -> Iterator[Span]:
        """Yield the spans between the bars of a line, white space left out; those at its ends are its frame."""
        line = self._shown[start - self._offset : end - self._offset]
        bars = [bar.start() for bar in _BAR.finditer(line) if bar.group() == "|"]
        for before, after in pairwise([-1, *bars, len(line)]):
            cell = line[before + 1 : after]
            if cell.strip() or (before >= 0 and after < len(line)):
                first = start + before + 1 + len(cell) - len(cell.lstrip())
                yield first, max(first, start + before + 1 + len(cell.rstrip()))

    def _span(self, token: Token) -> Span:
        """Return the span of the lines that a token is of."""
        first, last = token.map or (0, 0)
        return self._lines[first], self._line(last - 1)[1]

    def _line(self, number: int) -> Span:
        return self._lines[number], self._lines[number + 1] - 1
