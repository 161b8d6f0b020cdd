"""Markdown: the canonical text is the file's own; a CommonMark parser tells its blocks by their lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import accumulate, pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

from rag.lines import line_blocks
from rag.parse.builder import BlockMarker
from rag.parse.front import front_matter
from rag.parse.parsed import Parsed, title_of
from rag.parse.text import decode
from rag.types import BlockKind, Span

# Code, which shows what stands in it, and what is not shown: comments of HTML and of Obsidian. Where an HTML comment
# is never closed, it goes to the end; an Obsidian one is on a line, or between lines that begin with its sign.
_CODE = r"^[ \t>]*(?P<fence>`{3,}+|~{3,}+)[^\n]*+\n.*?(?:^[ \t>]*(?P=fence)|\Z)|`[^`\n]+`"
_COMMENT = r"<!--.*?(?:-->|\Z)|(?<!\S)%%[^\n%]*%%(?!\S)|^%%[ \t]*\n.*?^%%"
_CODE_OR_COMMENT = re.compile(rf"{_CODE}|(?P<comment>{_COMMENT})", re.S | re.M)
_UNSEEN = "\u2060"  # the word joiner: it takes the place of what is not shown, so that all else stays where it is
_BAR = re.compile(r"\\.|\|")
_NOTE = r"^ {0,3}\[\^[^\]\s]+\]:"
# Where a paragraph is parted: at a note, the opening of an admonition, the end of a line that is to be one.
_CUT = re.compile(
    rf"(?P<note>{_NOTE})|(?P<admonition>^[ \t>]*(?:!!!|\?\?\?\+?|:::+|\[![A-Za-z]+\])[^\n]*$)|(?: {{2,}}|\\)$", re.M
)
_HIDDEN_TAG = r"<(?P<tag>script|style|template)\b.*?(?:</(?P=tag)\s*>|\Z)"
_INLINE_TAG = r"(?!/?(?:a|abbr|b|br|cite|code|em|i|kbd|mark|q|s|small|span|strong|sub|sup|u|var)\b)"
_TAG = re.compile(rf"{_HIDDEN_TAG}|<{_INLINE_TAG}[/!?a-z][^<>]*>", re.S | re.I)


def parse_markdown(data: bytes, name: str) -> Parsed:
    """Read Markdown; the title is its front matter's, else the first heading of the first level, else the name."""
    text = decode(data)
    marker = BlockMarker(text)
    front = front_matter(text)
    for start, end in front.fields:
        marker.mark("field", start, end)
    mark_markdown(marker, front.end, len(text))
    return marker.parsed(front.title or title_of(marker.headings) or name)


def mark_markdown(marker: BlockMarker, start: int, end: int) -> None:
    """Note the blocks of the Markdown in a stretch of a text."""
    shown = _CODE_OR_COMMENT.sub(_blank, marker.text[start:end])
    # Split as CommonMark does, at newlines alone: splitlines() would also split at form feeds.
    lines = [start + at for at in accumulate((len(line) + 1 for line in shown.split("\n")), initial=0)]
    # A note would be taken for the address of a link.
    plain = re.sub(_NOTE, lambda note: "x" * len(note.group()), shown, flags=re.M)
    _Walk(marker, shown, start, lines).blocks(MarkdownIt("commonmark").enable("table").parse(plain))


def _blank(found: re.Match[str]) -> str:
    comment = found["comment"]
    if not comment or (comment.startswith("<!--") and not comment.endswith("-->") and not _begins_line(found)):
        return found.group()
    return re.sub(r"[^\n]", _UNSEEN, comment)


def _begins_line(found: re.Match[str]) -> bool:
    return found.string[: found.start()].rpartition("\n")[2].strip() == ""


class _Walk:
    """Goes through the tokens of a text and notes its blocks."""

    def __init__(self, marker: BlockMarker, shown: str, offset: int, lines: list[int]) -> None:
        self._marker = marker
        self._shown = shown
        self._offset = offset
        self._lines = lines
        self._lists = ExitStack()
        self._depth = self._quotes = 0
        self._is_in_note = False

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
                self._paragraph(token)
            elif token.type in ("fence", "code_block"):
                is_note = token.type == "code_block" and self._is_in_note  # its second paragraph, which is indented
                self._mark("note" if is_note else "code", *self._span(token))
            elif token.type == "html_block":
                self._html(*self._span(token))

    def _paragraph(self, token: Token) -> None:
        """Note a paragraph, the notes among its lines, and what an admonition is called."""
        kind: BlockKind = "quote" if self._quotes else "item" if self._depth else "paragraph"
        at, end = self._span(token)
        self._is_in_note = False
        for cut in _CUT.finditer(self._shown, at - self._offset, end - self._offset):
            self._mark(kind, at, self._offset + cut.start())
            at = self._offset + cut.end()
            if cut["note"]:
                kind, self._is_in_note = "note", True
            elif cut["admonition"] and any(map(str.isalpha, cut.group())):
                self._mark("caption", self._offset + cut.start(), at)
        self._mark(kind, at, end)

    def _mark(self, kind: BlockKind, start: int, end: int) -> None:
        """Note what is shown of a stretch; of a paragraph, lines of their own are blocks of their own."""
        for seen in re.finditer(rf"[^{_UNSEEN}]+", self._shown[start - self._offset : end - self._offset]):
            spans = _paragraphs(seen.group()) if kind == "paragraph" else [(0, len(seen.group()))]
            for first, last in spans:
                at = start + seen.start()
                self._marker.mark(kind, at + first, at + last, level=self._depth if kind == "item" else 0)

    def _html(self, start: int, end: int) -> None:
        """Note the texts between the tags of a stretch of HTML, but not those within a line of text."""
        at = start
        for tag in _TAG.finditer(self._shown, start - self._offset, end - self._offset):
            self._mark("paragraph", at, self._offset + tag.start())
            at = self._offset + tag.end()
        self._mark("paragraph", at, end)

    def _heading(self, opening: Token, inline: Token) -> None:
        shown = (child for child in inline.children or () if child.type != "html_inline")
        words = "".join(child.content or " " * child.type.endswith("break") for child in shown)
        if words := " ".join(words.replace(_UNSEEN, "").split()):
            start, end = self._span(opening)
            self._marker.mark("heading", start, end, level=int(opening.tag[1:]), label=words)

    def _table(self, token: Token) -> None:
        """Note the rows of a table; the line under its header says only how its columns are set."""
        first, last = token.map or (0, 0)
        rows = [list(self._cells(*self._line(line))) for line in range(first, last) if line != first + 1]
        names = [self._marker.text[start:end].replace("\\|", "|") for start, end in rows[0]]
        with self._marker.table(names):
            for number, cells in enumerate(rows):
                if cells:
                    start, end = cells[0][0], cells[-1][1]
                    columns = [*cells, *[(end, end)] * len(names)][: len(names)]  # as Markdown has it
                    self._marker.mark("row", start, end, cells=tuple(columns), is_context=not number)

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


def _paragraphs(text: str) -> list[Span]:
    """Return the spans of what belongs together in a paragraph: lines of their own, or a term with what it means."""
    spans: list[Span] = []
    for start, end in line_blocks(text):
        line = text[start:end]
        in_definition = spans and "\n: " in text[slice(*spans[-1])] and text[spans[-1][1] : end].startswith("\n ")
        if spans and (in_definition or line.lstrip().startswith(": ")):
            start = spans.pop()[0]
        spans.append((start, end))
    return spans
