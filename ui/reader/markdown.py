"""Markdown with its markup taken in: headings, lists, quotations, code, tables, emphasis; the signs are hidden.

The text drawn is the file's own, all of it and in order: signs are only styled away. The blocks are those of a
CommonMark parser; emphasis, code and links within them are told by simple patterns, not by its full rules.
Links are words, and pictures are their description: nothing leads or loads from anywhere.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import accumulate
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from ui.reader.inline import inline
from ui.reader.prose import heading_tag
from ui.reader.scene import Scene
from ui.reader.spans import Span, Style, draw

_FARTHEST_HEADING = 30_000  # before the window: the parser starts at a heading, which stands in no other block
_LEAVES = {"paragraph", "heading", "fence", "code_block", "hr", "html_block", "table"}
_CONTAINERS = {"bullet_list": "ul", "ordered_list": "ol", "list_item": "li", "blockquote": "blockquote"}
_CLOSING_SIGNS = re.compile(r"[ \t]+#+[ \t]*$")
_FENCE = re.compile(r"(?:[ \t>]|[-*+] |\d{1,9}[.)] )*(?:```|~~~)")
_BAR = re.compile(r"(?<!\\)\|")


class _Place(NamedTuple):
    """The text that was parsed, and where each of its lines starts in the document; one more than there are."""

    scene: Scene
    starts: Sequence[int]

    def lines_of(self, node: SyntaxTreeNode) -> list[Span]:
        """Return a block's lines."""
        first, last = node.map or (0, 0)
        return [(self.starts[at], self.starts[at + 1] - 1) for at in range(first, last)]


def markdown(scene: Scene) -> str:
    """Return the window of a Markdown document."""
    start = _safe_start(scene)
    end = scene.window[1]
    text = scene.text[start:end]
    starts = list(accumulate((len(line) + 1 for line in text.split("\n")), initial=start))
    starts[-1] = end + 1
    drawn = _Drawing(_Place(scene, starts))
    return drawn.children(SyntaxTreeNode(_parser().parse(text))) + drawn.rest(end)


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("table").disable("inline")


def _safe_start(scene: Scene) -> int:
    """Return where to parse from, that the window may begin within a list or in the middle of code."""
    headings = scene.document.headings
    at = bisect_right(headings, scene.window[0], key=lambda heading: heading.start)
    heading = headings[at - 1].start if at else 0
    return heading if scene.window[0] - heading <= _FARTHEST_HEADING else scene.window[0]


class _Drawing:
    """Draws block after block, and what stands between them: of the window, no character is left out."""

    def __init__(self, place: _Place) -> None:
        self._place = place
        self._scene = place.scene
        self._done = place.scene.window[0]

    def children(self, node: SyntaxTreeNode) -> str:
        """Return the blocks in a block."""
        return "".join(self._node(child) for child in node.children)

    def rest(self, end: int) -> str:
        """Return what stands before ``end`` and was not drawn: definitions of links, signs without text."""
        start, self._done = self._done, max(self._done, end)
        return (
            "".join(
                self._scene.block("p", span, [Style(*span, "address")]) for span in self._scene.paragraphs((start, end))
            )
            if start < end
            else ""
        )

    def _node(self, node: SyntaxTreeNode) -> str:
        if node.type in _CONTAINERS:
            tag, first, inside = _CONTAINERS[node.type], node.attrs.get("start"), self.children(node)
            start = f' start="{int(first)}"' if first is not None else ""
            return f"<{tag}{start}>{inside}</{tag}>" if inside else ""
        if node.type not in _LEAVES:
            return self.children(node)
        lines = [line for line in self._place.lines_of(node) if line[1] > self._done]
        if not lines or lines[0][0] >= self._scene.window[1]:
            return ""
        lines[0] = max(lines[0][0], self._done), lines[0][1]
        return self._leaf(node, lines)

    def _leaf(self, node: SyntaxTreeNode, lines: list[Span]) -> str:
        content, signs = _content(self._scene.text, node, lines)
        before = self.rest(lines[0][0]) if lines[0][0] > self._done else ""
        self._done = lines[-1][1]
        span = lines[0][0], lines[-1][1]
        if node.type == "table":
            return before + self._table(lines)
        if node.type in ("fence", "code_block"):
            return f"{before}<pre>{self._scene.block('code', span, signs)}</pre>"
        if node.type == "hr":
            return f"{before}{self._scene.block('p', span, [Style(*span, 'sign')])}<hr>"
        if node.type == "html_block":
            return before + self._scene.block("p", span, [Style(*span, "address")])
        tag = heading_tag(int(node.tag[1:])) if node.type == "heading" else "p"
        return before + self._scene.block(tag, span, [*signs, *inline(self._scene.text, *content)])

    def _table(self, lines: list[Span]) -> str:
        rows = "".join(self._row(at, line, lines) for at, line in enumerate(lines) if at != 1)
        return f'<div class="wide scroll" tabindex="0" role="group" aria-label="Table"><table>{rows}</table></div>'

    def _row(self, at: int, line: Span, lines: list[Span]) -> str:
        """Return a row; the line under the names of the columns belongs to the last of them, and is hidden."""
        scene, tag = self._scene, "td" if at else "th"
        cells = list(_cells(scene.text, line))
        if not at and len(lines) > 1:
            (start, end), signs = cells.pop()
            cells.append(((start, lines[1][1]), [*signs, Style(end, lines[1][1], "sign")]))
        shown = "".join(
            f'<{tag} dir="auto">{draw(scene.text, *span, (*scene.marks, *signs, *inline(scene.text, *span)))}</{tag}>'
            for span, signs in cells
        )
        return f"<tr{scene.of_passage(line)}>{shown}</tr>"


def _content(text: str, node: SyntaxTreeNode, lines: Sequence[Span]) -> tuple[Span, list[Style]]:
    """Return the stretch of a block that holds its words, and the signs in and around it."""
    span = lines[0][0], lines[-1][1]
    if node.type == "fence":
        return span, list(_fences(text, lines))
    if node.type in ("code_block", "html_block", "hr", "table"):
        return span, []
    words = node.children[0].content.split("\n") if node.children else []
    signs = []
    for at, (start, end) in enumerate(lines):
        line = text[start:end].rstrip()
        stop = start + len(line)
        if node.type == "heading" and node.markup.startswith("#") and (closing := _CLOSING_SIGNS.search(line)):
            stop = start + closing.start()
        own = words[at].strip() if at < len(words) else ""
        if own and text.endswith(own, start, stop):
            signs += [Style(start, stop - len(own), "sign"), Style(stop, end, "sign")]
        elif at >= len(words):  # the line under a heading
            signs.append(Style(start, end, "sign"))
    return span, signs


def _fences(text: str, lines: Sequence[Span]) -> Iterator[Style]:
    """Yield the lines around code that only fence it: one on top, unless the window begins below it, and one below."""
    if _FENCE.match(text, *lines[0]):
        yield Style(lines[0][0], lines[0][1] + 1, "sign")
    if len(lines) > 1 and _FENCE.match(text, *lines[-1]):
        yield Style(lines[-1][0] - 1, lines[-1][1], "sign")


def _cells(text: str, line: Span) -> Iterator[tuple[Span, list[Style]]]:
    """Yield the cells of a row; a bar belongs to the cell after it, the last to the last, and all are hidden."""
    start, end = line
    bars = [found.start() for found in _BAR.finditer(text, start, end)]
    if bars and not text[start : bars[0]].strip(" >\t"):
        bars = bars[1:]  # it opens the row
    if bars and not text[bars[-1] + 1 : end].strip():
        bars = bars[:-1]  # it closes it
    signs = [Style(at.start(), at.end(), "sign") for at in _BAR.finditer(text, start, end)]
    for stop in [*bars, end]:
        yield (start, stop), [sign for sign in signs if start <= sign.start < stop]
        start = stop
