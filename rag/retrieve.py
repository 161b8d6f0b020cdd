"""Question → the passages that speak to it: dense and lexical candidates, fused, then read more closely.

Three looks, each finer than the one before. The two searches each name their best candidates; every
candidate then gets both scores, so none is unknown on one side; last, the best few are ranked by their
best single sentence, since a passage answers by one of its sentences, not by its average.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from rag.embed import Embedder, Vectors
from rag.errors import UsageError
from rag.index import Passage, Reader
from rag.types import SearchResult, SentenceScore
from rag.words import content_words, stem, words

# Chosen on questions of SQuAD 2.0 (see tests/benchmarks/learn.py), none of which is reported in the README.
_DENSE, _LEXICAL, _SENTENCE = 0.5, 2.0, 2.0

_CANDIDATES = 100  # from each of the two searches
_CLOSER_LOOK = 20  # passages whose sentences are compared
_MOST_WORDS = 64  # of a long question
_BM25_SATURATION = 2.2  # k1 + 1 in FTS5: what a word's BM25 score tends to, times its rarity


def retrieve(question: str, reader: Reader, embedder: Embedder, k: int) -> list[SearchResult]:
    """Return the ``k`` passages that speak to ``question`` most, best first.

    Raises:
        UsageError: There is nothing in the question to search for.
    """
    query = query_text(question)
    if not len(reader):
        return []
    query_words = content_words(query)[:_MOST_WORDS]
    weights = rarity(query_words, reader)
    vector = embedder.embed_query(query)
    matches = _match(query_words, weights, vector, reader)
    closer = sorted(matches, key=lambda key: (-_fused(*matches[key]), key))[: max(k, _CLOSER_LOOK)]
    found = zip(closer, reader.passages(closer), reader.sentence_vectors(closer), strict=True)
    results = [
        _result(passage, *matches[key], _sentence_scores(passage, vectors @ vector, weights), weights)
        for key, passage, vectors in found
    ]
    return sorted(results, key=lambda result: (-result.score, result.chunk.id))[:k]


def query_text(question: str) -> str:
    """Return the question in one line; raises UsageError where it is empty."""
    query = " ".join(question.split())
    if not query:
        raise UsageError("the question is empty: ask something")
    return query


def rarity(query_words: Sequence[str], reader: Reader) -> dict[str, float]:
    """Return the weight of each stem of the question: its inverse document frequency over the passages.

    The form is BM25's (Robertson & Zaragoza 2009), kept positive.
    """
    total = len(reader)
    frequencies = reader.frequencies(query_words)
    return {stem(word): math.log(1 + (total - n + 0.5) / (n + 0.5)) for word, n in frequencies.items()}


def overlap(weights: Mapping[str, float], text: str) -> float:
    """Return the share (0–1), by weight, of the stems that stand in ``text``."""
    stems = {stem(word) for word in words(text)}
    return sum(weight for word, weight in weights.items() if word in stems) / (sum(weights.values()) or 1.0)


def _match(
    query_words: Sequence[str], weights: Mapping[str, float], vector: Vectors, reader: Reader
) -> dict[int, tuple[float, float]]:
    """Return the candidates of both searches, each with its cosine and its share of the best possible BM25 score."""
    lexical = reader.lexical(query_words, _CANDIDATES)
    keys = sorted(lexical.keys() | reader.dense(vector, _CANDIDATES).keys())
    lexical |= reader.lexical_of(query_words, [key for key in keys if key not in lexical])
    possible = _BM25_SATURATION * sum(weights.values()) or 1.0
    cosines = (reader.vectors(keys) @ vector).tolist()
    return {key: (cosine, min(1.0, lexical.get(key, 0.0) / possible)) for key, cosine in zip(keys, cosines, strict=True)}


def _fused(dense: float, lexical: float) -> float:
    return _DENSE * dense + _LEXICAL * lexical


def _sentence_scores(passage: Passage, cosines: Vectors, weights: Mapping[str, float]) -> tuple[SentenceScore, ...]:
    chunk = passage.chunk
    return tuple(
        SentenceScore(
            start=chunk.start + start,
            end=chunk.start + end,
            dense=cosine,
            overlap=overlap(weights, chunk.text[start:end]),
        )
        for (start, end), cosine in zip(passage.sentences, np.asarray(cosines).tolist(), strict=True)
    )


def _result(
    passage: Passage,
    dense: float,
    lexical: float,
    sentences: tuple[SentenceScore, ...],
    weights: Mapping[str, float],
) -> SearchResult:
    best = max((sentence.dense + sentence.overlap for sentence in sentences), default=0.0)
    chunk = passage.chunk
    return SearchResult(
        chunk=chunk,
        source=passage.source,
        title=passage.title,
        sha256=passage.sha256,
        score=(_fused(dense, lexical) + _SENTENCE * best) / (_DENSE + _LEXICAL + 2 * _SENTENCE),
        dense=dense,
        lexical=lexical,
        overlap=overlap(weights, "\n".join((passage.title, *chunk.headings, chunk.text))),
        sentences=sentences,
    )
