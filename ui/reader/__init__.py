"""The reader beside the talk: a source as a text, a table, code or the picture of a page, the cited words marked.

``open_view`` is all that the page needs. What is drawn is HTML in which nothing of a document runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rag.assistant import Assistant
from rag.errors import RagError
from rag.types import Answer
from ui.reader.chosen import choose
from ui.reader.head import head
from ui.reader.text import text_view

EMPTY = '<div class="reader empty"><p class="soft">Choose a number in an answer to read its source here.</p></div>'

GONE = '<div class="reader empty"><p class="soft">This source is no longer in the index.</p></div>'


def open_view(assistant: Assistant, turns: Sequence[Answer], chosen: Mapping[str, str]) -> str:
    """Return the reader for what was chosen on the page, or GONE where that is nothing that can be shown.

    ``chosen`` has ``turn`` and ``n`` (a citation of an answer), or ``turn`` and ``rank`` (a passage that was found),
    or ``source`` (a document); with them may come ``view`` ("text" or "page"), ``page`` and ``at`` (an offset).
    """
    try:
        found = choose(assistant, turns, chosen)
        (standing,) = assistant.standing([found.citation]) if found.citation is not None else ("intact",)
        return f'<div class="reader">{head(found, standing, "")}{text_view(found)}</div>'
    except (RagError, LookupError, ValueError, TypeError):
        return GONE
