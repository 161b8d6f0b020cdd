"""Text with styles on stretches of it → HTML, whatever crosses what; no style moves an offset.

The text is cut wherever a style begins or ends, so each character stands in the page exactly once and in order,
and what is marked is what the offsets say. It knows no formats.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from ui.escape import escape

Span = tuple[int, int]

# From the outermost: where two styles meet, the later stands inside the earlier.
_TAGS = {
    "rest": ('<span class="rest">', "</span>"),
    "mark": ("<mark>", "</mark>"),
    "found": ('<mark class="hit">', "</mark>"),
    "here": ('<mark class="hit here">', "</mark>"),
    "link": ('<span class="link">', "</span>"),
    "strong": ("<strong>", "</strong>"),
    "em": ("<em>", "</em>"),
    "struck": ("<s>", "</s>"),
    "raised": ("<sup>", "</sup>"),
    "lowered": ("<sub>", "</sub>"),
    "code": ("<code>", "</code>"),
    "number": ('<span class="number">', "</span>"),
    "label": ('<span class="label">', "</span>"),
    "address": ('<span class="address">', "</span>"),
    "sign": ('<span class="sign">', "</span>"),
}


class Style(NamedTuple):
    """A stretch of a text and how it is drawn: one of the names in this module."""

    start: int
    end: int
    name: str


def draw(text: str, start: int, end: int, styles: Iterable[Style]) -> str:
    """Return ``text[start:end]`` as HTML, with those styles that reach into it."""
    steps = _steps(start, end, styles)
    if not steps:
        return escape(text[start:end])
    active = dict.fromkeys(_TAGS, 0)
    opened: list[str] = []
    shown: list[str] = []
    for here, following in pairwise(sorted({start, end, *steps})):
        for name, step in steps.get(here, ()):
            active[name] += step
        shown.extend(_turn(opened, [name for name, count in active.items() if count]))
        shown.append(escape(text[here:following]))
    shown.extend(_turn(opened, []))
    return "".join(shown)


def _steps(start: int, end: int, styles: Iterable[Style]) -> dict[int, list[tuple[str, int]]]:
    """Return, for each offset where styles begin or end, which begin (1) and which end (-1)."""
    steps: dict[int, list[tuple[str, int]]] = {}
    for style in styles:
        left, right = max(style.start, start), min(style.end, end)
        if left < right:
            steps.setdefault(left, []).append((style.name, 1))
            steps.setdefault(right, []).append((style.name, -1))
    return steps


def _turn(opened: list[str], wanted: list[str]) -> Iterator[str]:
    """Yield the tags that lead from the styles that are open to those that are wanted, which are then open."""
    same = 0
    while same < min(len(opened), len(wanted)) and opened[same] == wanted[same]:
        same += 1
    while len(opened) > same:
        yield _TAGS[opened.pop()][1]
    for name in wanted[same:]:
        yield _TAGS[name][0]
        opened.append(name)


def lines_of(text: str, span: Span) -> Iterator[Span]:
    """Yield the lines of a stretch, without the ends of lines."""
    start = span[0]
    for line in text[slice(*span)].split("\n"):
        yield start, start + len(line)
        start += len(line) + 1
