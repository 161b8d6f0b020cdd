"""What is known of a sentence as an answer to a question, in numbers a person can read.

The numbers describe; ``weights.json`` says what they are worth, as learned by
``tests/benchmarks/learn.py`` from questions whose answers are known.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

from rag.kinds import asked_kind, holds_kind
from rag.types import SearchResult, SentenceScore
from rag.words import words

Features = Mapping[str, float]


def sentence_features(question: str, result: SearchResult, at: int) -> Features:
    """Return the features of sentence number ``at`` of a passage as an answer to ``question``."""
    sentence = result.sentences[at]
    text = sentence_text(result, sentence)
    neighbours = [result.sentences[i] for i in (at - 1, at + 1) if 0 <= i < len(result.sentences)]
    kind = asked_kind(question)
    return {
        "dense": sentence.dense,
        "overlap": sentence.overlap,
        "neighbour overlap": max((other.overlap for other in neighbours), default=0.0),
        "passage": result.score,
        "holds the kind asked for": float(kind is not None and holds_kind(kind, text, question)),
        "lacks the kind asked for": float(kind is not None and not holds_kind(kind, text, question)),
        "short": float(len(words(text)) < 5),
        "question": float(text.endswith("?")),
        "length": math.log1p(len(words(text))) / 5,
    }


def answer_features(question: str, results: Sequence[SearchResult]) -> Features:
    """Return the features of all that was found, as signs of whether the question is answered by it."""
    sentences = [sentence for result in results for sentence in result.sentences]
    best = max(sentences, key=lambda sentence: sentence.dense + sentence.overlap)
    scores = [result.score for result in results]
    kind = asked_kind(question)
    passages = " ".join(result.chunk.text for result in results[:2])
    return {
        "best dense": max(sentence.dense for sentence in sentences),
        "best overlap": max(sentence.overlap for sentence in sentences),
        "best of both": best.dense + best.overlap,
        "passage dense": max(result.dense for result in results),
        "passage overlap": max(result.overlap for result in results),
        "score": scores[0],
        "lead": scores[0] - sum(scores) / len(scores),
        "lacks the kind asked for": float(kind is not None and not holds_kind(kind, passages, question)),
    }


def sentence_text(result: SearchResult, sentence: SentenceScore) -> str:
    """Return the words of a sentence of a passage."""
    return result.chunk.text[sentence.start - result.chunk.start : sentence.end - result.chunk.start]


def probability(model: str, features: Features) -> float:
    """Return what the logistic regression ``model`` makes of ``features``, in 0–1."""
    weights = _weights()[model]
    total = weights["bias"] + sum(weights[name] * value for name, value in features.items())
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


@cache
def _weights() -> Mapping[str, Mapping[str, float]]:
    weights: Mapping[str, Mapping[str, float]] = json.loads(
        resources.files("rag.answer").joinpath("weights.json").read_text()
    )
    return weights
