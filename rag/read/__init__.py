"""The reader: which sentences of a passage answer a question, which words of them, or that none does.

It compares the tokens of the question with those of each sentence, where the embedder compares one vector of each.
``README.md`` beside this file says how it was trained, and how to train another.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from rag.sentences import Span


class Place(NamedTuple):
    """A stretch of a sentence as it is read, ``text[at : at + length]``, and where it begins in the document."""

    at: int
    start: int
    length: int


class Sentence(NamedTuple):
    """A sentence as it is read, and where its parts stand in the document.

    The names of columns, read before the cells of a row, stand nowhere in it.
    """

    text: str
    places: tuple[Place, ...]

    def in_document(self, span: Span) -> Span | None:
        """Return the span of the document that a span of the text is of; None where it is of no single stretch."""
        for at, start, length in self.places:
            if at <= span[0] and span[1] <= at + length:
                return start + span[0] - at, start + span[1] - at
        return None


class ReadablePassage(NamedTuple):
    """A passage to be read: what stands above it, a line each, and its sentences."""

    context: str
    sentences: tuple[Sentence, ...]


class Words(NamedTuple):
    """The words of a sentence that answer, as a span of the document, and how likely they are the right ones (0–1)."""

    start: int
    end: int
    chance: float


class Reading(NamedTuple):
    """What the reader makes of a passage, by sentence: the log-odds that it answers, against none that does; its words.

    The log-odds of all that was read for one question compare; 0 is where no answer is as likely as this one.
    """

    log_odds: tuple[float, ...]
    words: tuple[Words | None, ...]


class PassageReader(Protocol):
    """Reads passages."""

    @property
    def languages(self) -> frozenset[str] | None:
        """The languages it reads, as ISO 639-1 codes; None where that is all."""

    def read(self, question: str, candidates: Sequence[ReadablePassage]) -> list[Reading]:
        """Return what is made of each candidate; raises ReaderError where the model cannot be had."""
