"""Seam 3: from a question and the passages found for it to the sentences of an answer.

An Answerer proposes; it never decides whether to answer (``confidence`` does) and never makes a
citation (``cite`` does, and checks each against the document).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Protocol

from rag.types import ModelUse, SearchResult, Support, Value

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
    """A proposed sentence, the places it rests on, and how they support it; where they do not, why."""

    text: str
    quotes: tuple[Quote, ...]
    support: Support
    reason: str = ""


class Draft(Value):
    """The proposed sentences, the most telling first; what a model took for them, and why they are not the model's."""

    sentences: tuple[DraftSentence, ...]
    model: ModelUse | None = None
    note: str = ""


# Called with all sentences so far, whenever there is another; what was shown before may be gone again.
OnSentences = Callable[[Sequence[DraftSentence]], None]


class Answerer(Protocol):
    """Proposes the sentences of an answer."""

    def answer(
        self,
        question: str,
        results: Sequence[SearchResult],
        date_of: DateOf = lambda _: None,
        on_sentences: OnSentences = lambda _: None,
    ) -> Draft:
        """Return the sentences that answer ``question`` from ``results``.

        Of two that are equally good or that disagree, the newer by ``date_of`` its source comes first.
        """
