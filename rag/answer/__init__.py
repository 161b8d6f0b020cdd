"""Seam 3: from a question and the passages found for it to the sentences of an answer.

An Answerer proposes; it never decides whether to answer (``confidence`` does) and never makes a
citation (``cite`` does, and checks each against the document).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Protocol

from rag.types import SearchResult, Support, Value

# The day the document at a source is from; None where it does not say.
DateOf = Callable[[str], date | None]


class Quote(Value):
    """A place in a document that a sentence of an answer rests on, and the span in it that answers, where told."""

    source: str
    start: int
    end: int
    highlight: tuple[int, int] | None = None

    @property
    def place(self) -> tuple[str, int, int]:
        """Where it stands."""
        return self.source, self.start, self.end


class DraftSentence(Value):
    """A proposed sentence, the places it rests on, and how they support it."""

    text: str
    quotes: tuple[Quote, ...]
    support: Support


class Answerer(Protocol):
    """Proposes the sentences of an answer."""

    def answer(
        self, question: str, results: Sequence[SearchResult], date_of: DateOf = lambda _: None
    ) -> list[DraftSentence]:
        """Return the sentences that answer ``question`` from ``results``, the most telling first.

        Of two that are equally good or that disagree, the newer by ``date_of`` its source comes first.
        """
