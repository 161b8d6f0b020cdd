"""The words of a question that carry meaning, how rare each is, and how well a text holds them.

A word that a text does not hold counts by its likeness to the most alike that it does: "firm" is half a
"company". The likeness is that of the model's own word vectors, so it costs a look-up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rag.embed import Embedder, Vectors
from rag.index import Reader
from rag.words import content_words, stem

_MOST_WORDS = 64  # of a long question


@dataclass(frozen=True)
class Terms:
    """The words of a question. ``weights`` says how rare each is, ``vectors`` has a unit row for each."""

    words: Sequence[str]
    weights: Vectors
    vectors: Vectors

    def matches(self, texts: Sequence[str], embedder: Embedder) -> Vectors:
        """Return how well each text holds each word (0–1), shape ``(texts, words)``; the same stem is the same word."""
        text_words = [content_words(text) for text in texts]
        vocabulary = sorted({word for some in text_words for word in some})
        matches = np.zeros((len(texts), len(self.words)), dtype=np.float32)
        if not vocabulary:
            return matches
        column = {word: at for at, word in enumerate(vocabulary)}
        alike = np.maximum(self.vectors @ embedder.word_vectors(vocabulary).T, 0.0)
        stems = np.array([stem(word) for word in vocabulary])
        for row, word in enumerate(self.words):
            alike[row, stems == stem(word)] = 1.0
        for at, some in enumerate(text_words):
            if some:
                matches[at] = alike[:, [column[word] for word in some]].max(axis=1)
        return matches

    def share(self, matches: Vectors) -> Vectors:
        """Return the share (0–1) of the question, by rarity, that each row of ``matches`` holds."""
        shares: Vectors = matches @ (self.weights / (float(self.weights.sum()) or 1.0))
        return shares


def query_terms(query: str, reader: Reader, embedder: Embedder) -> Terms:
    """Return the terms of a question, each weighed by its inverse document frequency over the passages.

    The form is BM25's (Robertson & Zaragoza 2009), kept positive.
    """
    chosen = content_words(query)[:_MOST_WORDS]
    frequencies = reader.frequencies(chosen)
    total = len(reader)
    weights = [math.log(1 + (total - frequencies[w] + 0.5) / (frequencies[w] + 0.5)) for w in chosen]
    return Terms(chosen, np.array(weights, dtype=np.float32), embedder.word_vectors(chosen))
