"""Whether to answer at all: how likely it is that the passages found hold the answer.

Learned from questions whose subject is in the documents and ones whose subject is not. It tells these
apart; a question about the right subject that the documents happen not to answer it cannot tell. What is
found in a language that the embedder does not speak has weights of its own, learned from the same
questions asked as if it spoke none.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.kinds import asked_kind, holds_kind
from rag.query import names
from rag.types import SearchResult
from rag.weights import Features, Model, log_odds, logit, probability
from rag.words import stem, words

_BEST = 3  # sentences, or passages, that are looked at closely
_CAPITAL_NOUNS = ("de",)  # languages in which a capital does not tell a name


def confidence(question: str, results: Sequence[SearchResult]) -> float:
    """Return in 0–1 how likely ``results`` are to answer ``question``; 0 where nothing was found."""
    if not any(result.sentences for result in results):
        return 0.0
    model: Model = "answer by words" if results[0].by_words else "answer"
    return probability(log_odds(model, answer_features(question, results)))


def answer_features(question: str, results: Sequence[SearchResult]) -> Features:
    """Return the features of all that was found, as signs of whether the question is answered by it."""
    sentences = [(result, sentence) for result in results for sentence in result.sentences]
    ranked = sorted(sentences, key=lambda pair: -pair[1].score)
    best = ranked[0][1]
    chances = [logit(result.score) for result in results]
    kind = asked_kind(question)
    held = kind is None or any(holds_kind(kind, result.text_of(found), question) for result, found in ranked[:_BEST])
    asked_names = set() if results[0].language in _CAPITAL_NOUNS else names(question)
    return {
        "sentence dense": best.dense,
        "sentence overlap": best.overlap,
        "best dense": max(sentence.dense for _, sentence in sentences),
        "best overlap": max(sentence.overlap for _, sentence in sentences),
        "passage dense": max(result.dense for result in results),
        "passage overlap": max(result.overlap for result in results),
        "lead of the passage": chances[0] - sum(chances) / len(chances),
        "sentence": best.score,
        "names missing": min(_missing(asked_names, result) for result in results[:_BEST]),
        "lacks the kind asked for": float(not held),
    }


def _missing(stems: set[str], result: SearchResult) -> float:
    """Return the share of ``stems`` that stand neither in a passage nor in the headings over it."""
    text = " ".join((result.title, *result.chunk.headings, result.chunk.text))
    return len(stems - {stem(word) for word in words(text)}) / (len(stems) or 1)
