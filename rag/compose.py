"""What was found and drafted for the parts of a question, put together as one answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from itertools import zip_longest
from operator import add

from rag.answer import Draft, DraftSentence, OnSentences
from rag.answer.cite import cite
from rag.answer.conflict import disagreements
from rag.index import Reader
from rag.types import Citation, Disagreement, ModelUse, SearchResult, Sentence, Value

# Called with all sentences and citations of an answer so far; what was there before may be gone again.
OnAnswer = Callable[[Sequence[Sentence], Sequence[Citation]], None]


class Part(Value):
    """One thing that was asked, what was found for it, and what is to be said to it."""

    question: str
    results: tuple[SearchResult, ...]
    confidence: float
    draft: Draft

    @property
    def sentences(self) -> tuple[DraftSentence, ...]:
        """What is to be said."""
        return self.draft.sentences

    def quotes_from(self, result: SearchResult) -> bool:
        """Whether a sentence rests on ``result``."""
        places = (quote for sentence in self.sentences for quote in sentence.quotes)
        chunk = result.chunk
        return any(p.source == result.source and chunk.start <= p.start < chunk.end for p in places)

    def disagreements(self, citations: Sequence[Citation]) -> tuple[Disagreement, ...]:
        """Return which of the citations disagree on it."""
        return disagreements(self.question, citations, self.results)


def teller(found: Sequence[Part], reader: Reader, on_sentences: OnAnswer) -> OnSentences:
    """Return what tells the sentences of one part, with those of the parts before it."""

    def tell(sentences: Sequence[DraftSentence]) -> None:
        on_sentences(*cited(found, sentences, reader))

    return tell


def cited(
    found: Sequence[Part], more: Sequence[DraftSentence], reader: Reader
) -> tuple[tuple[Sentence, ...], tuple[Citation, ...]]:
    """Return the sentences of all parts, and some more, with their citations."""
    return cite(_distinct([*(sentence for part in found for sentence in part.sentences), *more]), reader.document)


def _distinct(sentences: Iterable[DraftSentence]) -> list[DraftSentence]:
    """Return quotations without those of what one before them quotes; the one with a highlight is kept.

    Of sentences in a model's words, all are kept.
    """
    found: dict[object, DraftSentence] = {}
    for sentence in sentences:
        places: object = tuple(quote.place for quote in sentence.quotes)
        if sentence.support != "quoted":
            places = sentence.text
        if places not in found or not any(quote.highlight for quote in found[places].quotes):
            found[places] = sentence
    return list(found.values())


def fair_share(found: Sequence[Part], most: int) -> tuple[SearchResult, ...]:
    """Return the passages of all parts by turns, each once: of each part its share of ``most``, and what it quotes."""
    share = -(-most // len(found))
    kept = [[r for at, r in enumerate(part.results) if at < share or part.quotes_from(r)] for part in found]
    by_turns = [result for turn in zip_longest(*kept) for result in turn if result is not None]
    # The parts may have cut the same passage in other places: the longest stretch has what the others have.
    return tuple(
        result
        for at, result in enumerate(by_turns)
        if not any(_within(result, other) for other in by_turns[:at])
        and not any(_within(result, other) and not _within(other, result) for other in by_turns[at + 1 :])
    )


def _within(one: SearchResult, other: SearchResult) -> bool:
    return one.source == other.source and other.chunk.start <= one.chunk.start and one.chunk.end <= other.chunk.end


def together(uses: Sequence[ModelUse]) -> ModelUse | None:
    """Return what several replies took together; None where no model was asked."""
    return reduce(add, uses) if uses else None
