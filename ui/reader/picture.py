"""A page of a PDF as it looks, the cited words marked on it; and the ways to other pages.

The picture itself is fetched by the browser, from the address that the program serves it at. Boxes are drawn over it
by their pixels, so that they grow and shrink with it.
"""

from __future__ import annotations

from itertools import chain
from pathlib import PurePosixPath
from urllib.parse import quote

from rag.assistant import Assistant
from rag.parse.page import PageMarks, PixelBox
from rag.types import Document
from ui.buttons import button
from ui.escape import escape
from ui.reader.chosen import Chosen
from ui.reader.spans import Span

_LONGEST_QUOTE = 300  # in what is read aloud in place of the picture


def is_pdf(document: Document) -> bool:
    """Whether a document has pages that can be drawn."""
    named = PurePosixPath(document.source).suffix.lower() == ".pdf"
    return named and document.page_kind == "page" and bool(document.pages)  # else it is another kind of file


def page_of(chosen: Chosen) -> int:
    """Return the page to look at: the one that was chosen, else that of the passage, else the first."""
    if chosen.page is not None:
        return chosen.page
    at = chosen.at if chosen.at is not None else chosen.passage[0] if chosen.passage is not None else 0
    return chosen.document.page_at(at) or 1


def picture_view(assistant: Assistant, chosen: Chosen) -> str:
    """Return the page with the marks on it; raises RagError where it cannot be drawn."""
    number = page_of(chosen)
    spans = [(style.start, style.end) for style in chosen.marks] or ([chosen.passage] if chosen.passage else [])
    marks = assistant.page_boxes(chosen.document.source, number, spans)
    paper = _paper(chosen, marks, number)
    return (
        f'<div class="doc" tabindex="0" role="region" aria-label="Page of the source">'
        f"{_turning(chosen, number, marks.pages)}{_notes(chosen, marks, number)}{paper}</div>"
    )


def views(chosen: Chosen, shown: str) -> str:
    """Return the buttons for the page and the text of it, the one that is shown pressed."""
    last = chosen.document.pages[-1].number if chosen.document.pages else 1
    moved = chosen.page is not None or chosen.at is not None
    told = {**chosen.told, **({"page": min(page_of(chosen), last)} if moved else {})}
    buttons = "".join(
        button(view.capitalize(), "show_source", {**told, "view": view}, more=f'aria-pressed="{_told(view == shown)}"')
        for view in ("page", "text")
    )
    return f'<span class="views" role="group" aria-label="Show the source as">{buttons}</span>'


def _told(is_so: bool) -> str:
    return "true" if is_so else "false"


def _turning(chosen: Chosen, number: int, count: int) -> str:
    """Return the buttons to the pages before and after, and back to that of the cited words."""

    def turn(page: int, sign: str, label: str) -> str:
        more = f'aria-label="{label}"' + " disabled" * (not 1 <= page <= count)
        return button(sign, "show_source", {**chosen.told, "view": "page", "page": page}, more=more)

    home = ""
    if chosen.page is not None and chosen.passage is not None and not _pages_of(chosen, number):
        home = button(chosen.way_back, "show_source", {**chosen.told, "view": "page"})
    before, after = turn(number - 1, "‹", "Previous page"), turn(number + 1, "›", "Next page")
    return f'<nav class="pages" aria-label="Pages">{before}<span>page {number} of {count}</span>{after}{home}</nav>'


def _pages_of(chosen: Chosen, number: int) -> bool:
    """Whether some of the passage, or of the cited words, stands on a page."""
    place = chosen.place or chosen.passage
    return place is not None and any(
        page.number == number and page.start < place[1] and page.end > place[0] for page in chosen.document.pages
    )


def _notes(chosen: Chosen, marks: PageMarks, number: int) -> str:
    """Return what there is to say of the marks: that there are none, or that there are more on another page."""
    if not _pages_of(chosen, number):
        return ""
    notes = []
    if not marks.has_text:
        notes.append("No words were read on this page: they are not marked here, but in the text.")
    elif not marks.boxes or not marks.boxes[0]:
        notes.append("The words were not found on the picture: they are marked in the text.")
    notes += [f"The quotation {goes}." for goes in _runs_on(chosen.place, chosen.document, number)]
    return "".join(f'<p class="soft note">{note}</p>' for note in notes)


def _runs_on(place: Span | None, document: Document, number: int) -> list[str]:
    if place is None:
        return []
    first, last = document.page_at(place[0]), document.page_at(max(place[0], place[1] - 1))
    begins = [f"begins on page {first}"] if first is not None and first < number else []
    return begins + ([f"goes on on page {last}"] if last is not None and last > number else [])


def _paper(chosen: Chosen, marks: PageMarks, number: int) -> str:
    source = quote(chosen.document.source.encode("utf-8", "surrogateescape"), safe="")
    address = f"api/page.png?source={source}&amp;page={number}&amp;v={chosen.document.sha256[:16]}"
    size = f'width="{marks.width}" height="{marks.height}"'
    picture = f'<img src="{address}" {size} alt="{escape(_described(chosen, marks, number))}">'
    return f'<div class="paper page-picture">{picture}{_boxes(chosen, marks)}</div>'


def _described(chosen: Chosen, marks: PageMarks, number: int) -> str:
    """Return what is told to those who do not see the picture."""
    page = f"Page {number} of {marks.pages} of {chosen.document.source}."
    if chosen.citation is None or not _pages_of(chosen, number):
        return page
    quotation = " ".join(chosen.citation.quote.split())
    short = quotation if len(quotation) <= _LONGEST_QUOTE else quotation[:_LONGEST_QUOTE] + " …"
    return f"{page} Cited on it: “{short}”"


def _boxes(chosen: Chosen, marks: PageMarks) -> str:
    """Return the boxes over the picture; the first is what comes into view."""
    name = "mark" if chosen.citation is not None else "found"
    found = list(chain.from_iterable(marks.boxes))
    if not found:
        return ""
    rects = "".join(_rect(f"box {name}" + " passage" * (at == 0), box) for at, box in enumerate(found))
    return f'<svg viewBox="0 0 {marks.width} {marks.height}" aria-hidden="true">{rects}</svg>'


def _rect(name: str, box: PixelBox) -> str:
    size = f'width="{max(1, box.right - box.left)}" height="{max(1, box.bottom - box.top)}"'
    return f'<rect class="{name}" x="{box.left}" y="{box.top}" {size} rx="2"></rect>'
