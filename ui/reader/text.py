"""A document as text: which way of drawing suits its format, and the buttons that move the window over it."""

from __future__ import annotations

from bisect import bisect_left
from pathlib import PurePosixPath

from rag.types import PageKind
from ui.escape import escape
from ui.reader.chosen import Chosen
from ui.reader.inline import is_markdown
from ui.reader.lines import lines
from ui.reader.markdown import markdown
from ui.reader.prose import mail, prose
from ui.reader.scene import Scene, earlier, later, window_at
from ui.reader.spans import Span
from ui.reader.tables import table

_MAIL = {".eml", ".msg"}
# Formats whose text runs from line to line; what has a suffix that is not here is code, settings or a log.
_PROSE = set(
    ".txt .text .html .htm .xhtml .pdf .docx .docm .pptx .pptm .odt .odp .rtf .epub .ipynb"
    " .srt .vtt .ics .vcf .adoc .asciidoc .org .rst".split()
)


def text_view(chosen: Chosen, note: str = "") -> str:
    """Return the window of the document around what was chosen, or where it was moved to, under a note."""
    document = chosen.document
    moved = chosen.at is not None or chosen.page is not None
    window = window_at(document.text, _focus(chosen))
    if chosen.page is not None:
        window = _page_start(chosen), window[1]
    scene = Scene(document, window, chosen.passage, chosen.marks)
    back = moved and chosen.passage is not None and not (window[0] <= chosen.passage[0] < window[1])
    return (
        f'<div class="doc" tabindex="0" role="region" aria-label="Source text">{_noted(note)}'
        f"{_before(chosen, window, back)}{_drawn(scene)}{_after(chosen, window, back)}</div>"
    )


def _noted(note: str) -> str:
    return f'<p class="soft note">{escape(note)}</p>' if note else ""


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


def _drawn(scene: Scene) -> str:
    if scene.document.page_kind == "row":
        return table(scene)
    if is_markdown(scene.document.source):
        return markdown(scene)
    if PurePosixPath(scene.document.source).suffix.lower() in _MAIL:
        return mail(scene)
    return lines(scene) if is_code(scene.document.source, scene.document.page_kind) else prose(scene)


def is_code(source: str, kind: PageKind) -> bool:
    """Whether a document is code, settings or a log, whose lines are as they are for a reason; told by its name."""
    suffix = PurePosixPath(source).suffix.lower()
    return bool(suffix) and kind != "row" and not is_markdown(source) and suffix not in _PROSE | _MAIL


def _before(chosen: Chosen, window: Span, back: bool) -> str:
    """Return the bar over the text: the way to what stands before the window."""
    if window[0] == 0:
        return ""
    return _bar(chosen, earlier(window), "↑ Earlier", "the document begins before this", back)


def _after(chosen: Chosen, window: Span, back: bool) -> str:
    length = len(chosen.document.text)
    if window[1] >= length:
        return ""
    return _bar(chosen, later(window, length), "↓ Later", "the document goes on", back)


def _bar(chosen: Chosen, at: int, label: str, said: str, back: bool) -> str:
    move = f'<button type="button" {chosen.attributes} data-view="text" data-at="{at}">{label}</button>'
    home = f'<button type="button" {chosen.attributes} data-view="text">{chosen.way_back}</button>' if back else ""
    return f'<p class="more">{move}{home}<span class="soft">{said}</span></p>'
