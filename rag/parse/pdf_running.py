"""Running heads of a PDF: lines that say the same at the same place at the edge of most pages, and page numbers.

They would stand in the middle of sentences that go on from page to page. Their figures are the same on every page,
but for the number of the page, which stands apart and counts with it: invoices one after another keep their numbers
and sums. In letters larger than those of the text, numbers count: "Section 12" over a page is a heading.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rag.parse.pdf_file import NO_FRAME, Frame
from rag.parse.pdf_layout import LARGER, Line

_PARTS = re.compile(r"\s*[|·•]\s*|\s+[-–—]\s+")  # signs between a head and the number of the page
_PAGE_NUMBER = re.compile(
    r"[\W_]*(?:page|seite|p\.|pg\.?)?[\W_]*(?:(\d{1,5})|[ivx]{1,6})(?:\s*(?:of|/|von)\s*\d{1,5})?[\W_]*$", re.I
)
_NUMBER_AT_END = re.compile(r"((?:\S+\s+){3,}\S+)\s+(\d{1,4})$")  # after some words, that is, not after a name for it
_NAMES_NUMBER = re.compile(r"(?::|#|\b(?:no|nr|number)\.?)$", re.I)  # what is after it is no number of a page
_COUNTED = "\0"  # before how far a number is off that of its page
_EDGE = 3  # lines at the top and the bottom of a page that may be running heads
_MARGIN = 0.2  # of the height of a page, at its top and its bottom, in which they stand
_LEAST_REPEATS = 3
_DENSITY = 0.4  # of the pages between its first and its last that a head stands on: one for odd pages has half
_HEIGHT = 8  # points within which two lines are at the same height

# What a line says, with the number of the page as what it is off; which edge it is near; and how far it is from there.
_Place = tuple[str, bool, int]


@dataclass(slots=True)
class PageLines:
    """The lines that were read of a page; it goes from ``low`` to ``high`` as they are counted."""

    number: int
    lines: list[Line] = field(default_factory=list)
    low: float = 0.0
    high: float = 0.0
    frame: Frame = NO_FRAME


def main_size(lines: Sequence[Line]) -> float:
    """Return the size of most letters, to half a point."""
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[rounded(line.size)] += len(line.text)
    return max(sizes, key=lambda size: sizes[size], default=0.0)


def rounded(size: float) -> float:
    """Return a size of letters as it is compared with others."""
    return round(size * 2) / 2


def drop_running_heads(pages: Sequence[PageLines]) -> None:
    """Take away what stands at the same place at the edge of most pages, and page numbers.

    Nothing goes where most pages would be left without text: forms and labels that are all alike.
    """
    large = LARGER * main_size([line for page in pages for line in page.lines])
    found = [{id(line): set(_places(page, line, large)) for line in _edges(page)} for page in pages]
    seen: dict[_Place, list[int]] = defaultdict(list)
    for page, lines in zip(pages, found, strict=True):
        for place in set().union(*lines.values()):
            seen[place].append(page.number)
    running = {place for place, on in seen.items() if _repeats(place, on)}
    left = [
        [line for line in page.lines if running.isdisjoint(lines.get(id(line), ()))]
        for page, lines in zip(pages, found, strict=True)
    ]
    emptied = sum(bool(page.lines) and not kept for page, kept in zip(pages, left, strict=True))
    if 2 * emptied <= sum(bool(page.lines) for page in pages):
        for page, kept in zip(pages, left, strict=True):
            page.lines = kept


def _edges(page: PageLines) -> list[Line]:
    """Return the highest and the lowest lines of a page."""
    ordered = sorted(page.lines, key=lambda line: -line.base)
    return ordered if len(ordered) <= 2 * _EDGE else ordered[:_EDGE] + ordered[-_EDGE:]


def _places(page: PageLines, line: Line, large: float) -> Iterator[_Place]:
    is_top = line.base > (page.low + page.high) / 2
    height = page.high - line.base if is_top else line.base - page.low
    is_outermost = line.base in (max(one.base for one in page.lines), min(one.base for one in page.lines))
    for text in _known_as(line, page.number) if line.size <= large or line.text.isdecimal() else [line.text]:
        if _COUNTED in text and is_outermost:
            yield text, is_top, -1  # at any height: pages that are printed from the web end where their text does
        if height < _MARGIN * (page.high - page.low):
            # Heights on either side of a bound are alike, so each line has two.
            yield text, is_top, 2 * int(height / _HEIGHT)
            yield text, is_top, 2 * round(height / _HEIGHT) + 1


def _known_as(line: Line, number: int) -> Iterator[str]:
    """Yield the text of a line, and with each number in it that stands apart as how far it is off the page's."""
    parts = [part for cell in line.cells for part in _PARTS.split(cell.text)]
    if at_end := _NUMBER_AT_END.match(parts[-1]):
        parts[-1:] = at_end.groups()
    yield "|".join(parts)
    for at, part in enumerate(parts):
        found = _PAGE_NUMBER.match(part)
        if found and not (at and _NAMES_NUMBER.search(parts[at - 1])):
            off = str(int(found[1]) - number) if found[1] else "roman"
            yield "|".join([*parts[:at], _COUNTED + off, *parts[at + 1 :]])


def _repeats(place: _Place, pages: list[int]) -> bool:
    if place[0].startswith(_COUNTED) and "|" not in place[0]:  # a number alone
        return len(pages) > 1 or place[0] == f"{_COUNTED}0"
    return len(pages) >= _LEAST_REPEATS and len(pages) >= _DENSITY * (pages[-1] - pages[0] + 1)
