"""What is known of a passage, and of each of its sentences, as an answer to a question: numbers a person can read.

The numbers describe; ``weights.json`` says what they are worth, as learned from questions whose answers
are known.
"""

from __future__ import annotations

import math
from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np

from rag.embed import Vectors
from rag.index import Passage
from rag.kinds import holds_kind
from rag.query import Query, word_pairs
from rag.weights import Features, log_odds
from rag.words import searched, words

_SHORT = 5  # words
# Features that are worth something else where the query is no question.
_STATED = ("dense", "lexical", "best sentence", "document dense", "document share")


@dataclass(frozen=True)
class Candidate:
    """A passage that may speak to a question, as seen beside the other candidates.

    ``dense`` is the cosine with the question and ``lexical`` the BM25 score as a share of the best possible;
    ``document_dense`` is the cosine of the whole document, and ``document_share`` how much of all candidates
    the document has. The ``next_`` scores are of the passage right before or after, the better of both.
    ``cosines`` are the sentences', shape ``(sentences,)``; ``matches`` tells how well each sentence holds each
    of the question's words, shape ``(sentences, words)``, and ``context`` the same of title and headings.
    """

    passage: Passage
    dense: float
    lexical: float
    document_dense: float
    document_share: float
    next_dense: float
    next_lexical: float
    cosines: Vectors
    matches: Vectors
    context: Vectors
    by_words: bool = False

    @property
    def sentences(self) -> Sequence[str]:
        """The texts of the sentences."""
        text = self.passage.chunk.text
        return [text[start:end] for start, end in self.passage.sentences]


def passage_score(query: Query, candidate: Candidate) -> float:
    """Return the log-odds that a passage holds the answer."""
    return log_odds("passage", passage_features(query, candidate))


def sentence_scores(query: Query, candidate: Candidate, passage_score: float) -> list[float]:
    """Return for each sentence of a passage the log-odds that it is the answer."""
    return [log_odds("sentence", features) for features in sentence_features(query, candidate, passage_score)]


def overlaps(query: Query, candidate: Candidate) -> Vectors:
    """Return the share of the question, by rarity, that each sentence holds, with title and headings."""
    return query.terms.share(np.maximum(candidate.matches, candidate.context))


def passage_overlap(query: Query, candidate: Candidate) -> float:
    """Return the share of the question, by rarity, that a passage holds, with title and headings."""
    return float(query.terms.share(_everywhere(candidate)))


def holds_rarest(query: Query, candidate: Candidate) -> float:
    """Return how well a passage, with title and headings, holds the question's rarest word (0–1)."""
    weights = query.terms.weights
    return float(_everywhere(candidate)[int(weights.argmax())]) if len(weights) else 0.0


def _everywhere(candidate: Candidate) -> Vectors:
    """Return how well a passage, with title and headings, holds each word, shape ``(words,)``."""
    best: Vectors = np.vstack([candidate.matches, candidate.context]).max(axis=0)
    return best


def passage_features(query: Query, candidate: Candidate) -> Features:
    """Return the features of a passage."""
    share, cosines, text = query.terms.share, candidate.cosines, candidate.passage.chunk.text
    both = cosines + share(candidate.matches)
    features = {
        "dense": candidate.dense,
        "lexical": candidate.lexical,
        "best sentence dense": float(cosines.max(initial=0.0)),
        "best sentence": float(both.max(initial=0.0)),
        "two best sentences dense": float(np.sort(cosines)[-2:].mean()) if len(cosines) else 0.0,
        "best pair of sentences overlap": float(share(_with_previous(candidate.matches)).max(initial=0.0)),
        "overlap": passage_overlap(query, candidate),
        "context overlap": float(share(candidate.context)),
        "pairs of words": _held(query.pairs, word_pairs(text)),
        "numbers missing": 1 - _held(query.numbers, set(searched(text))) if query.numbers else 0.0,
        "document dense": candidate.document_dense,
        "document share": candidate.document_share,
        "next passage dense": candidate.next_dense,
        "next passage lexical": candidate.next_lexical,
        "length": math.log1p(len(text)) / 7,
    }
    return features | {f"stated: {name}": features[name] * (not query.asks) for name in _STATED}


def sentence_features(query: Query, candidate: Candidate, passage_score: float) -> list[Features]:
    """Return the features of each sentence of a passage."""
    cosines = candidate.cosines.tolist()
    with_context = overlaps(query, candidate).tolist()
    with_previous = query.terms.share(_with_previous(candidate.matches)).tolist()
    features: list[Features] = []
    for at, text in enumerate(candidate.sentences):
        length = len(words(text))
        held = query.kind is not None and holds_kind(query.kind, text, query.text)
        features.append(
            {
                "passage": passage_score,
                "dense": cosines[at],
                "overlap": with_context[at],
                "overlap with the sentence before": with_previous[at],
                "neighbour dense": max(cosines[max(0, at - 1) : at] + cosines[at + 1 : at + 2], default=0.0),
                "pairs of words": _held(query.pairs, word_pairs(text)),
                "holds the kind asked for": float(held),
                "lacks the kind asked for": float(query.kind is not None and not held),
                "short": float(length < _SHORT),
                "question": float(text.endswith("?")),
                "length": math.log1p(length) / 5,
            }
        )
    return features


def _with_previous(matches: Vectors) -> Vectors:
    """Return how well each sentence and the one before it, together, hold each word."""
    return np.maximum(matches, np.vstack([matches[:1], matches[:-1]]))


def _held(asked: Set[object], there: Set[object]) -> float:
    return len(asked & there) / (len(asked) or 1)
