"""The card of documents that have just come in: what they are, what stands for them, and what they can be asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rag.assistant import Assistant
from rag.listing import ListedDocument
from rag.suggest import starters
from rag.types import Citation, Overview
from ui import panel
from ui.buttons import button
from ui.escape import escape
from ui.later import Later
from ui.live import Live
from ui.marker import shortened

_QUESTIONS = 3
_NAMED = 3  # of several documents
_LONGEST = 280  # characters of a sentence


class _Made(NamedTuple):
    """What took a while to find out of some documents."""

    overview: Overview | None = None
    questions: Sequence[str] = ()


class Arrivals:
    """Makes the card of what has come in since a page was opened, or since its card was closed."""

    def __init__(self, assistant: Assistant, live: Live) -> None:
        self._assistant = assistant
        self._live = live
        self._made: Later[_Made] = Later(_Made())

    def card(self, since: int) -> str:
        """Return the card of what has come in since so many documents had; nothing where none has."""
        new = self._live.arrivals(since)
        if not new:
            return ""
        # Sentences can stand for a document once they are embedded, which is when no work goes on any more.
        key = (tuple(one.source for one in new), self._assistant.activity is None)
        return _card(new, self._made.get(key, lambda: self._make(new)))

    def _make(self, new: Sequence[ListedDocument]) -> _Made:
        sources = [one.source for one in new]
        overview = self._assistant.overview(sources[0]) if len(new) == 1 else None
        return _Made(overview, starters(self._assistant, _QUESTIONS, sources))


def _card(new: Sequence[ListedDocument], made: _Made) -> str:
    one = new[0]
    title = escape(one.source) if len(new) == 1 else f"{len(new):,} documents added"
    told = " · ".join((one.kind, one.extent)) if len(new) == 1 else _names(new)
    close = button("×", "close_arrivals", style="dismiss", more='aria-label="Close"')
    overview = _overview(made.overview) if made.overview is not None else ""
    return (
        f'<section class="arrivals" aria-label="Added"><p class="what" dir="auto"><b>{title}</b> '
        f'<span class="soft">{escape(told)}</span>{close}</p>{overview}'
        f'<div class="chips">{panel.starters(made.questions)}</div></section>'
    )


def _names(new: Sequence[ListedDocument]) -> str:
    more = f" and {len(new) - _NAMED:,} more" if len(new) > _NAMED else ""
    return ", ".join(one.source for one in new[:_NAMED]) + more


def _overview(found: Overview) -> str:
    outline = f'<p class="soft" dir="auto">{escape(" · ".join(found.headings))}</p>' if found.headings else ""
    return outline + f"<ul>{''.join(map(_sentence, found.citations))}</ul>"


def _sentence(citation: Citation) -> str:
    place = {"source": citation.source, "start": citation.start, "end": citation.end}
    words = escape(shortened(" ".join(citation.quote.split()), _LONGEST))
    return f'<li dir="auto">{button(words, "show_source", place, style="central")}</li>'
