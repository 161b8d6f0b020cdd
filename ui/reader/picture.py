"""The pages of a PDF as they look, one below the other, the cited words marked on them.

Of each page, the size alone is sent; the browser fetches the pictures as they come near, from the address that the
program serves them at. Boxes are drawn over a picture by its pixels, so that they grow and shrink with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from pathlib import PurePosixPath

from rag.assistant import Assistant
from rag.parse.page import PageMarks, PixelBox
from rag.types import Document
from ui.buttons import button
from ui.escape import escape
from ui.reader.chosen import Chosen

_LONGEST_QUOTE = 300  # in what is read aloud in place of the picture
_MOST_MARKED = 20  # pages: a passage runs over two or three


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


def picture_view(assistant: Assistant, chosen: Chosen) -> tuple[str, str]:
    """Return the tools that pages are looked at with, and the pages; raises RagError where they cannot be drawn."""
    sizes = assistant.page_sizes(chosen.document.source)
    number = page_of(chosen)
    if not 1 <= number <= len(sizes):
        raise LookupError(number)
    marks = _marks(assistant, chosen, len(sizes))
    papers = "".join(
        _note(marks.get(at)) + _paper(chosen, at, len(sizes), size, marks.get(at))
        for at, size in enumerate(sizes, start=1)
    )
    address = f"{chosen.address}&amp;v={chosen.document.sha256[:16]}"
    pages = (
        f'<div class="doc pages" tabindex="0" role="region" aria-label="Pages of the source" data-pages="{address}">'
        f"{papers}</div>"
    )
    back = f'<button type="button" class="back" data-back hidden>{chosen.way_back}</button>' if marks else ""
    return _tools(number, len(sizes)), back + pages


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


def _tools(number: int, count: int) -> str:
    """Return the number of the page that is looked at, where another is typed, and the buttons that zoom."""
    box = f'<input type="text" inputmode="numeric" maxlength="6" name="page" value="{number}" autocomplete="off">'
    zoom = "".join(
        f'<button type="button" data-zoom="{how}" aria-label="{label}">{sign}</button>'
        for how, label, sign in (("out", "Zoom out", "−"), ("fit", "Fit to width", "Fit"), ("in", "Zoom in", "+"))
    )
    return (
        f'<span class="number"><label>Page {box}</label> of {count:,}</span>'
        f'<span class="zoom" role="group" aria-label="Zoom">{zoom}</span>'
    )


def _marks(assistant: Assistant, chosen: Chosen, count: int) -> Mapping[int, PageMarks]:
    """Return what is marked on the pages that the cited words, or else the passage, touch."""
    place = chosen.place or chosen.passage
    if place is None:
        return {}
    touched = [page.number for page in chosen.document.pages if page.start < place[1] and page.end > place[0]]
    numbers = [number for number in touched if number <= count][:_MOST_MARKED]
    return {number: assistant.page_boxes(chosen.document.source, number, [place]) for number in numbers}


def _note(marks: PageMarks | None) -> str:
    """Return why there are no marks on a page that should have some."""
    if marks is None or any(marks.boxes):
        return ""
    if not marks.has_text:
        said = "No words were read on this page: they are not marked here, but in the text."
    else:
        said = "The words were not found on the picture: they are marked in the text."
    return f'<p class="soft note">{said}</p>'


def _paper(chosen: Chosen, number: int, count: int, size: tuple[int, int], marks: PageMarks | None) -> str:
    width, height = size
    moved = chosen.page is not None or chosen.at is not None
    named = "paper" + " here" * (moved and number == page_of(chosen)) + " passage" * (marks is not None)
    label = escape(_described(chosen, number, count)) if marks is not None else f"Page {number} of {count}"
    return (
        f'<div class="{named}" data-page="{number}" role="group" aria-label="{label}"'
        f' style="--w:{width};--h:{height}">{_boxes(chosen, marks)}</div>'
    )


def _described(chosen: Chosen, number: int, count: int) -> str:
    """Return what is told of a page with marks to those who do not see them."""
    page = f"Page {number} of {count}"
    if chosen.citation is None:
        return page
    quotation = " ".join(chosen.citation.quote.split())
    short = quotation if len(quotation) <= _LONGEST_QUOTE else quotation[:_LONGEST_QUOTE] + " …"
    return f"{page}. Cited on it: “{short}”"


def _boxes(chosen: Chosen, marks: PageMarks | None) -> str:
    """Return the boxes over the picture of a page; the first of all is what comes into view."""
    found = list(chain.from_iterable(marks.boxes)) if marks is not None else []
    if marks is None or not found:
        return ""
    name = "mark" if chosen.citation is not None else "found"
    rects = "".join(_rect(f"box {name}", box) for box in found)
    return f'<svg viewBox="0 0 {marks.width} {marks.height}" aria-hidden="true">{rects}</svg>'


def _rect(name: str, box: PixelBox) -> str:
    size = f'width="{max(1, box.right - box.left)}" height="{max(1, box.bottom - box.top)}"'
    return f'<rect class="{name}" x="{box.left}" y="{box.top}" {size} rx="2"></rect>'
