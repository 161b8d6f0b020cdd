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
from rag.words import STOP_WORDS, WORD, stem, words

Features = Mapping[str, float]

_BEST = 3  # sentences, or passages, that are looked at closely


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
    sentences = [(result, sentence) for result in results for sentence in result.sentences]
    best = sorted(sentences, key=lambda pair: -(pair[1].dense + pair[1].overlap))[:_BEST]
    scores = [result.score for result in results]
    kind = asked_kind(question)
    held = kind is None or any(holds_kind(kind, sentence_text(*pair), question) for pair in best)
    return {
        "best dense": max(sentence.dense for _, sentence in sentences),
        "best overlap": max(sentence.overlap for _, sentence in sentences),
        "best of both": best[0][1].dense + best[0][1].overlap,
        "passage dense": max(result.dense for result in results),
        "passage overlap": max(result.overlap for result in results),
        "score": scores[0],
        "lead": scores[0] - sum(scores) / len(scores),
        "names missing": min(_missing(names(question), result) for result in results[:_BEST]),
        "lacks the kind asked for": float(not held),
    }


def names(question: str) -> set[str]:
    """Return the words of a question that name something: with a capital after the first word, or a digit."""
    found = list(WORD.finditer(question))
    return {
        stem(part)
        for at, word in enumerate(found)
        if word.group().lower() not in STOP_WORDS
        and (any(c.isdigit() for c in word.group()) or (at > 0 and word.group()[0].isupper()))
        for part in words(word.group())
    }


def _missing(stems: set[str], result: SearchResult) -> float:
    """Return the share of ``stems`` that stand neither in a passage nor in the headings over it."""
    text = " ".join((result.title, *result.chunk.headings, result.chunk.text))
    return len(stems - {stem(word) for word in words(text)}) / (len(stems) or 1)


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
