"""Seam 3: from a question and the passages found for it to the sentences of an answer.

An Answerer proposes; it never decides whether to answer (``confidence`` does) and never makes a
citation (``cite`` does, and checks each against the document).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rag.types import SearchResult, Support, Value


class Quote(Value):
    """A place in a document that a sentence of an answer rests on."""

    source: str
    start: int
    end: int


class DraftSentence(Value):
    """A proposed sentence, the places it rests on, and how they support it."""

    text: str
    quotes: tuple[Quote, ...]
    support: Support


class Answerer(Protocol):
    """Proposes the sentences of an answer."""

    def answer(self, question: str, results: Sequence[SearchResult]) -> list[DraftSentence]:
        """Return the sentences that answer ``question`` from ``results``, the most telling first."""
