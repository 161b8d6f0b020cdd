"""The one decision on a sentence: how likely it answers, by what the reader says and how its passage was found.

Few numbers, and what they are worth is in ``weights.json``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.embed import Vectors
from rag.index import Passage
from rag.read import Reading, Words
from rag.sentences import Span
from rag.weights import Features, Model, log_odds, probability

# How likely a sentence must answer, times how likely these are the words of it, for them to be marked. Of 150 questions
# of SQuAD's, the words of 9 are, all rightly; down to .6, 15 of 18 are right, and 2 of 6 on the development set.
_SURE_WORDS = 0.8


@dataclass(frozen=True)
class Candidate:
    """A passage that may speak to a question.

    ``dense`` is its cosine with the question and ``lexical`` its BM25 score as a share of the best possible. Of its
    sentences, ``cosines``, shape ``(sentences,)``, are with the question, and ``overlaps`` the share of the question's
    words, by rarity, that stand in each or above it; ``exact`` is the share of its identifiers and dates. It is found
    ``by_words`` where the embedder does not speak its language or the question's.
    """

    passage: Passage
    dense: float
    lexical: float
    cosines: Vectors
    overlaps: Sequence[float]
    exact: Sequence[float]
    by_words: bool


def sure_words(words: Words | None, read: float) -> Span | None:
    """Return where the words stand that answer in a sentence; None where they are not sure enough to be marked.

    ``read`` are the log-odds that the sentence answers.
    """
    if words is None or words.chance * probability(read) < _SURE_WORDS:
        return None
    return words.start, words.end


def sentence_log_odds(candidate: Candidate, reading: Reading | None) -> list[float]:
    """Return for each sentence the log-odds that it answers; where the passage was not read, by the rest."""
    model: Model = "sentence" if reading is not None else "sentence unread"
    return [log_odds(model, features) for features in sentence_features(candidate, reading)]


def sentence_features(candidate: Candidate, reading: Reading | None) -> list[Features]:
    """Return the features of each sentence."""
    found: list[Features] = [
        {
            "dense": cosine,
            "overlap": overlap,
            "exact": exact,
            "passage dense": candidate.dense,
            "passage lexical": candidate.lexical,
        }
        for cosine, overlap, exact in zip(candidate.cosines.tolist(), candidate.overlaps, candidate.exact, strict=True)
    ]
    if reading is None:
        return found
    return [{**features, "read": odds} for features, odds in zip(found, reading.log_odds, strict=True)]
