"""Whether to answer, and how surely: how likely it is that what is shown holds the answer.

Learned from questions that people asked of small corpora of real documents, from SQuAD's, and from the same with
their subject taken out; scaled so that of answers of a confidence of 0.7, seven in ten hold the answer. It tells well
whether the subject is there; a question about the right subject that the documents happen not to answer it mostly
cannot tell. What is found in a language that the embedder does not speak has weights of its own, learned from the
same questions asked as if it spoke none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from rag.query import CAPITAL_NOUNS, Query, names
from rag.types import SearchResult, Verdict
from rag.weights import Features, Model, log_odds, probability
from rag.words import searched, stem

# How far from the least confidence with which an answer is given to certainty a strong one begins. Both were chosen
# on the developing half of the development set, by weights blind to the corpus: the least so that 86 % of what can be
# answered is, this so that no question that cannot be is answered as a strong match.
_STRONG = 0.8
_BEST = 3  # passages in which names are looked for
# Log-odds: of less likely sentences few were learned from, and the line through the others must not be drawn on.
_LEAST_SCORE = -12.0
_COMPARED = 5  # passages, as many as the weights were learned on


def confidence(query: Query, results: Sequence[SearchResult]) -> float:
    """Return in 0–1 how likely ``results`` are to answer ``query``.

    It is 0 where nothing was found, by words where none of the question's stands in it, and where the question names an
    identifier that stands nowhere: what was found is of a neighbour then.
    """
    compared = results[:_COMPARED]
    if query.unknown or not any(result.sentences for result in compared):
        return 0.0
    if all(result.by_words and not result.lexical for result in compared):
        return 0.0
    features = answer_features(query, results)
    unread: Model = "answer by words" if results[0].by_words else "answer unread"
    return probability(log_odds("answer" if "read" in features else unread, features))


def verdict(confidence: float, answer_above: float, *, given: bool) -> Verdict:
    """Return how well an answer fits; where none is ``given``, "none"."""
    if not given:
        return "none"
    return "strong" if confidence >= answer_above + _STRONG * (1 - answer_above) else "likely"


def answer_features(query: Query, results: Sequence[SearchResult]) -> Features:
    """Return the features of all that was found, as signs of whether the question is answered by it."""
    compared = results[:_COMPARED]
    sentences = [sentence for result in compared for sentence in result.sentences]
    asked_names = set() if results[0].language in CAPITAL_NOUNS else names(query.text)
    features = {
        "best score": max(max(sentence.score for sentence in sentences), _LEAST_SCORE),
        "names missing": min(_missing(asked_names, result, query) for result in results[:_BEST]),
        "passages": math.log1p(query.passages) / 10,  # among many, something alike is always found
    }
    is_read = any(sentence.read is not None for sentence in results[0].sentences)
    if is_read:
        features["read"] = max(sentence.read for sentence in sentences if sentence.read is not None)
    if is_read or not results[0].by_words:  # else cosines are high for anything in the same script
        features["best dense"] = max(sentence.dense for sentence in sentences)
    return features


def _missing(stems: set[str], result: SearchResult, query: Query) -> float:
    """Return the share of ``stems`` that stand neither in a passage nor in its headings, in full or in short."""
    text = " ".join((result.title, *result.chunk.headings, result.chunk.text))
    held = {stem(word) for word in searched(text)}
    held |= {stem(word) for one in query.explained if one.is_long_in(text) for word in searched(one.short)}
    return len(stems - held) / (len(stems) or 1)
