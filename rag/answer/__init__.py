"""Seam 3: from a question and the passages found for it to the sentences of an answer.

An Answerer proposes; it never decides whether to answer (``confidence`` does) and never makes a
citation (``cite`` does, and checks each against the document).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from rag.query import Query
from rag.types import FindDocument, ModelUse, SearchResult, Support, Value


class Quote(Value):
    """A place in a document that a sentence of an answer rests on.

    ``excerpt`` is the span around it that is shown, where it is shown in one; ``highlight`` that of the words in it
    that answer, where they can be told; ``also_in`` are other documents, by source, that say the same word for word.
    """

    source: str
    start: int
    end: int
    excerpt: tuple[int, int] | None = None
    highlight: tuple[int, int] | None = None
    also_in: tuple[str, ...] = ()

    @property
    def place(self) -> tuple[str, int, int]:
        """Where it stands."""
        return self.source, self.start, self.end

    def stands_in(self, other: Quote) -> bool:
        """Whether it stands in the excerpt of another, or is the other."""
        start, end = other.excerpt or (other.start, other.end)
        return self.source == other.source and start <= self.start and self.end <= end


class DraftSentence(Value):
    """A proposed sentence, the places it rests on, and how they support it; where they do not, why."""

    text: str
    quotes: tuple[Quote, ...]
    support: Support
    reason: str = ""


class Draft(Value):
    """The proposed sentences, the most telling first; what a model took for them; and what else is to be said.

    ``reply`` is what is said to a question that no passage answers: a greeting, a list of the documents.
    """

    sentences: tuple[DraftSentence, ...]
    model: ModelUse | None = None
    note: str = ""
    reply: str = ""


# Called with all sentences so far, whenever there is another, and with none when a model begins to write; what was
# shown before may be gone again.
OnSentences = Callable[[Sequence[DraftSentence]], None]


class Answerer(Protocol):
    """Proposes the sentences of an answer."""

    def answer(
        self,
        query: Query,
        results: Sequence[SearchResult],
        find_document: FindDocument,
        on_sentences: OnSentences = lambda _: None,
    ) -> Draft:
        """Return the sentences that answer ``query`` from ``results``, whose documents can be found."""
