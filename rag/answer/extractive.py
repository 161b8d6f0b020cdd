"""The answer without a model: one to three sentences of the documents, word for word.

Nothing can be made up, so what is left to do well is choosing. Each sentence of the passages found is
judged by its features; the likeliest leads, and others follow only where they are nearly as likely and
say something else.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.answer import DraftSentence, Quote
from rag.answer.features import probability, sentence_features, sentence_text
from rag.types import SearchResult, Value
from rag.words import STOP_WORDS, stem, words

_MOST_SENTENCES = 3
_NEARLY_AS_LIKELY = 0.5  # of the first sentence's odds
_SAME_SAYING = 0.6  # share of the smaller sentence's words


class _Candidate(Value):
    source: str
    start: int
    end: int
    text: str
    probability: float

    @property
    def odds(self) -> float:
        """The probability against its complement: it tells the likely apart where probabilities are all near 1."""
        return self.probability / (1 - self.probability)

    @property
    def stems(self) -> set[str]:
        """The stems of the words that carry meaning."""
        return {stem(word) for word in words(self.text) if word not in STOP_WORDS}


class ExtractiveAnswerer:
    """Quotes sentences; needs no language model."""

    def answer(self, question: str, results: Sequence[SearchResult]) -> list[DraftSentence]:
        """Return the sentences that answer ``question``, the likeliest first."""
        return [
            DraftSentence(
                text=" ".join(chosen.text.split()),
                quotes=(Quote(source=chosen.source, start=chosen.start, end=chosen.end),),
                support="quoted",
            )
            for chosen in _choose(_candidates(question, results))
        ]


def _candidates(question: str, results: Sequence[SearchResult]) -> list[_Candidate]:
    """Return all sentences of ``results``, likeliest first."""
    candidates = [
        _Candidate(
            source=result.source,
            start=sentence.start,
            end=sentence.end,
            text=sentence_text(result, sentence),
            probability=probability("sentence", sentence_features(question, result, at)),
        )
        for result in results
        for at, sentence in enumerate(result.sentences)
        if _says_something(sentence_text(result, sentence))
    ]
    return sorted(candidates, key=lambda candidate: (-candidate.probability, candidate.source, candidate.start))


def _says_something(text: str) -> bool:
    """Whether a sentence can be an answer: it has words, and is not a Markdown heading."""
    return bool(words(text)) and not text.startswith("#")


def _choose(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Return the first candidate, then, in the order of the documents, those worth adding to it."""
    chosen: list[_Candidate] = []
    for candidate in candidates:
        if chosen and candidate.odds < _NEARLY_AS_LIKELY * chosen[0].odds:
            break
        if not any(_same_saying(candidate, other) for other in chosen):
            chosen.append(candidate)
        if len(chosen) == _MOST_SENTENCES:
            break
    return chosen[:1] + sorted(chosen[1:], key=lambda candidate: (candidate.source, candidate.start))


def _same_saying(one: _Candidate, other: _Candidate) -> bool:
    smaller = min(len(one.stems), len(other.stems)) or 1
    return len(one.stems & other.stems) / smaller >= _SAME_SAYING
