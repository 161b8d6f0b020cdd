"""The reader beside the talk: a source as a text, a table, code or the picture of a page, the cited words marked.

``open_view`` is all that the page needs. What is drawn is HTML in which nothing of a document runs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from rag.assistant import Assistant
from rag.errors import RagError
from rag.types import Answer
from ui.escape import data
from ui.reader.chosen import Chosen, choose
from ui.reader.head import CLOSE, head
from ui.reader.picture import is_pdf, picture_view, views
from ui.reader.text import text_view

EMPTY = f'<div class="reader empty">{CLOSE}<p class="soft">Click a number in an answer to see its source.</p></div>'

GONE = f'<div class="reader empty">{CLOSE}<p class="soft">This document is no longer here.</p></div>'


def open_view(assistant: Assistant, turns: Sequence[Answer], chosen: Mapping[str, str]) -> str:
    """Return the reader for what was chosen on the page, or GONE where that is nothing that can be shown.

    ``chosen`` has ``turn`` and ``n`` (a citation of an answer), ``turn`` and ``closest`` (an excerpt where there is no
    answer), ``turn`` and ``rank`` (a passage that was found), or ``source`` (a document; with ``start`` and ``end`` a
    stretch of it); with them may come ``view`` ("text" or "page"), ``page`` and ``at`` (an offset).
    """
    try:
        return _view(assistant, choose(assistant, turns, chosen))
    except (RagError, LookupError, ValueError, TypeError):
        return GONE


def _view(assistant: Assistant, chosen: Chosen) -> str:
    (standing,) = assistant.standing([chosen.citation]) if chosen.citation is not None else (None,)
    drawn = is_pdf(chosen.document)
    if chosen.view == "page" and not drawn:
        raise ValueError("no page to be drawn")
    note = ""
    if drawn and chosen.view != "text" and (chosen.view == "page" or chosen.at is None):
        try:
            tools, shown = picture_view(assistant, chosen)
        except RagError as error:  # what the index holds can still be read
            note = f"The page cannot be shown: {error}."
        else:
            return _framed(chosen, head(chosen, standing, views(chosen, "page") + tools), shown)
    return _framed(chosen, head(chosen, standing, views(chosen, "text") if drawn else ""), text_view(chosen, note))


def _framed(chosen: Chosen, top: str, shown: str) -> str:
    """Return the reader; by what it is named, the script knows whether it is the same that is drawn anew."""
    named = data(json.dumps([chosen.told, chosen.view, chosen.page, chosen.at, chosen.sought]))
    return f'<div class="reader" data-shown="{named}" data-address="{chosen.address}">{top}{shown}</div>'
