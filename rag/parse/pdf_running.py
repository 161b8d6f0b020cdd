"""Running heads of a PDF: lines that say the same at the edge of many pages, and bare page numbers.

They would stand in the middle of sentences that go on from page to page. A head is known by its text, its numbers
left aside, and its height on the page; or by being first or last on each page, whatever its height. In letters
larger than those of the text, numbers count: "Section 12" over a page is a heading.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from rag.parse.pdf_layout import LARGER, Line, rounded

_DIGITS = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(
    r"[\W_]*(?:page|seite|p\.|pg\.?)?[\W_]*(?:\d{1,5}|[ivx]{1,6})(?:\s*(?:of|/|von)\s*\d{1,5})?[\W_]*$", re.I
)
_EDGE = 3  # lines at the top and the bottom of a page that may be running heads
_LEAST_REPEATS = 3
_DENSITY = 0.3  # of the pages between its first and its last that a running head stands on
_FREE_DENSITY = 0.5  # the same where it stands at another height on each, but always first or last

# The text of a line, its digits alike unless it is large; what it is known by; and that.
_Place = tuple[str, str, int]


@dataclass(slots=True)
class PageLines:
    """The lines that were read of a page."""

    number: int
    lines: list[Line] = field(default_factory=list)


def drop_running_heads(pages: Sequence[PageLines]) -> None:
    """Take away what stands at the same place at the edge of many pages, and bare page numbers.

    Nothing goes where most pages would be left without text: forms and labels that are all alike.
    """
    large = LARGER * _main_size(pages)
    places: dict[_Place, list[int]] = defaultdict(list)
    for page in pages:
        for place in {place for places_of in _edges(page, large).values() for place in places_of}:
            places[place].append(page.number)
    running = {place for place, on in places.items() if _repeats(place, on)}
    left = [_without_heads(page, running, large) for page in pages]
    emptied = sum(bool(page.lines) and not lines for page, lines in zip(pages, left, strict=True))
    if 2 * emptied <= sum(bool(page.lines) for page in pages):
        for page, lines in zip(pages, left, strict=True):
            page.lines = lines


def _main_size(pages: Sequence[PageLines]) -> float:
    """Return the size of most letters."""
    sizes: Counter[float] = Counter()
    for page in pages:
        for line in page.lines:
            sizes[rounded(line.size)] += len(line.text)
    return max(sizes, key=lambda size: sizes[size], default=0.0)


def _edges(page: PageLines, large: float) -> dict[int, list[_Place]]:
    """Return the indexes of the highest and the lowest lines of a page, with the places they are known by."""
    ordered = sorted(range(len(page.lines)), key=lambda at: -page.lines[at].base)
    edges = ordered if len(ordered) <= 2 * _EDGE else ordered[:_EDGE] + ordered[-_EDGE:]
    places = {}
    for at in edges:
        line = page.lines[at]
        text = _known_as(line, large)
        height = line.base / 6
        # Heights on either side of a bound are alike, so each line has two.
        places[at] = [(text, "height", math.floor(height)), (text, "half", round(height))]
    for end, at in (("first", edges[0]), ("last", edges[-1])) if edges else ():
        places[at].append((_known_as(page.lines[at], large), end, 0))
    return places


def _known_as(line: Line, large: float) -> str:
    """Return the text of a line, its digits alike unless it is large."""
    return line.text if line.size > large else _DIGITS.sub("#", line.text)


def _repeats(place: _Place, pages: list[int]) -> bool:
    density = _DENSITY if place[1] in ("height", "half") else _FREE_DENSITY
    return len(pages) >= _LEAST_REPEATS and len(pages) >= density * (pages[-1] - pages[0] + 1)


def _without_heads(page: PageLines, running: set[_Place], large: float) -> list[Line]:
    edges = _edges(page, large)
    gone = {at for at, places in edges.items() if not running.isdisjoint(places)}
    outer = [at for at in edges if at not in gone]
    if len(page.lines) > 1 and outer:
        gone |= {at for at in (outer[0], outer[-1]) if _is_page_number(page.lines[at], large)}
    return [line for at, line in enumerate(page.lines) if at not in gone]


def _is_page_number(line: Line, large: float) -> bool:
    """Whether a line is a page number: "12", "Page 12"; the latter, in large letters, is a heading."""
    return bool(_PAGE_NUMBER.match(line.text)) and (line.size <= large or line.text.isdecimal())
