"""A document as text: its blocks or its lines, and the buttons that move the window over it."""

from __future__ import annotations

from bisect import bisect_left

from rag.find import find_all
from ui.buttons import button
from ui.escape import escape
from ui.reader.blocks import blocks
from ui.reader.chosen import Chosen
from ui.reader.lines import is_lines, lines
from ui.reader.scene import AROUND, Scene, window_at
from ui.reader.spans import Span, Style

_MOST_FOUND = 2000  # in a window: one sign may be looked for
_STEP = AROUND - 500  # characters: the rest of a window stays in view in the next


def text_view(chosen: Chosen, note: str = "") -> str:
    """Return the window of the document around what was chosen, or where it was moved to, under a note."""
    document = chosen.document
    moved = chosen.at is not None or chosen.page is not None
    window = window_at(document.text, _focus(chosen))
    if chosen.page is not None:
        window = _page_start(chosen), window[1]
    scene = Scene(document, window, chosen.passage, (*chosen.marks, *_found(chosen, window)))
    back = moved and chosen.passage is not None and not (window[0] <= chosen.passage[0] < window[1])
    start, end, length = *window, len(document.text)
    before = _bar(chosen, max(0, start - _STEP), "↑ Earlier", "the document begins before this", back) if start else ""
    after = _bar(chosen, min(length, end + _STEP), "↓ Later", "the document goes on", back) if end < length else ""
    shown = lines(scene) if is_lines(document) else blocks(scene)
    noted = f'<p class="soft note">{escape(note)}</p>' if note else ""
    return f'<div class="doc" tabindex="0" role="region" aria-label="Source text">{noted}{before}{shown}{after}</div>'


def _found(chosen: Chosen, window: Span) -> list[Style]:
    """Return the styles of the words that are looked for, and of the place where they were looked up."""
    spans = find_all(chosen.document.text[slice(*window)], chosen.sought, _MOST_FOUND)
    places = [(window[0] + start, window[0] + end) for start, end in spans]
    return [Style(start, end, "here" if start == chosen.at else "found") for start, end in places]


def _focus(chosen: Chosen) -> Span:
    if chosen.at is not None:
        return chosen.at, chosen.at
    if chosen.page is not None:
        return _page_start(chosen), _page_start(chosen)
    return chosen.passage or (0, 0)


def _page_start(chosen: Chosen) -> int:
    """Return where the text of a page begins, or of the next that has some; raises LookupError after the last."""
    pages = chosen.document.pages
    return pages[bisect_left(pages, chosen.page or 1, key=lambda page: page.number)].start


def _bar(chosen: Chosen, at: int, label: str, said: str, back: bool) -> str:
    """Return the way to what stands before the window, or after it."""
    move = button(label, "show_source", {**chosen.told, "view": "text", "at": at})
    home = button(chosen.way_back, "show_source", {**chosen.told, "view": "text"}) if back else ""
    return f'<p class="more">{move}{home}<span class="soft">{said}</span></p>'
