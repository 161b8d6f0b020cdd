"""Question → the passages that speak to it: dense and lexical candidates, fused, then read more closely.

Three looks, each finer than the one before. The two searches each name their best candidates; every
candidate then gets both scores, so none is unknown on one side; last, the best few are ranked by their
best single sentence, since a passage answers by one of its sentences, not by its average.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from rag.embed import Embedder, Vectors
from rag.errors import UsageError
from rag.index import Passage, Reader
from rag.types import SearchResult, SentenceScore
from rag.words import content_words, stem

# Chosen by hand on 500 questions of SQuAD 2.0 over 108 articles.
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
    terms = query_terms(query, reader, embedder)
    vector = embedder.embed_query(query)
    matches = _match(terms, vector, reader)
    closer = sorted(matches, key=lambda key: (-_fused(*matches[key]), key))[: max(k, _CLOSER_LOOK)]
    passages = reader.passages(closer)
    overlaps = iter(terms.overlaps([text for passage in passages for text in _texts(passage)], embedder))
    found = zip(closer, passages, reader.sentence_vectors(closer), strict=True)
    results = [
        _result(passage, *matches[key], list(islice(overlaps, len(passage.sentences) + 1)), vectors @ vector)
        for key, passage, vectors in found
    ]
    return sorted(results, key=lambda result: (-result.score, result.chunk.id))[:k]


def query_text(question: str) -> str:
    """Return the question in one line; raises UsageError where it is empty."""
    # A lone surrogate, which no encoding holds, becomes a question mark.
    query = " ".join(question.encode("utf-8", "replace").decode("utf-8").split())
    if not query:
        raise UsageError("the question is empty: ask something")
    return query


@dataclass(frozen=True)
class Terms:
    """The words of a question that carry meaning, with what is needed to find them, or words like them.

    ``weights`` is how rare each is, ``vectors`` a unit row for each.
    """

    words: Sequence[str]
    weights: Vectors
    vectors: Vectors

    def overlaps(self, texts: Sequence[str], embedder: Embedder) -> list[float]:
        """Return for each text the share (0–1), by rarity, of the question's words that stand in it.

        A word that is not there counts by its likeness to the most alike that is: "firm" is half a
        "company". The same stem is the same word.
        """
        text_words = [content_words(text) for text in texts]
        vocabulary = sorted({word for some in text_words for word in some})
        if not vocabulary:
            return [0.0] * len(texts)
        column = {word: at for at, word in enumerate(vocabulary)}
        alike = np.maximum(self.vectors @ embedder.word_vectors(vocabulary).T, 0.0)
        stems = np.array([stem(word) for word in vocabulary])
        for row, word in enumerate(self.words):
            alike[row, stems == stem(word)] = 1.0
        total = float(self.weights.sum()) or 1.0
        return [
            float(self.weights @ alike[:, [column[word] for word in some]].max(axis=1)) / total if some else 0.0
            for some in text_words
        ]


def query_terms(query: str, reader: Reader, embedder: Embedder) -> Terms:
    """Return the terms of a question, each weighed by its inverse document frequency over the passages.

    The form is BM25's (Robertson & Zaragoza 2009), kept positive.
    """
    chosen = content_words(query)[:_MOST_WORDS]
    frequencies = reader.frequencies(chosen)
    total = len(reader)
    weights = [math.log(1 + (total - frequencies[w] + 0.5) / (frequencies[w] + 0.5)) for w in chosen]
    return Terms(chosen, np.array(weights, dtype=np.float32), embedder.word_vectors(chosen))


def _match(terms: Terms, vector: Vectors, reader: Reader) -> dict[int, tuple[float, float]]:
    """Return the candidates of both searches, each with its cosine and its share of the best possible BM25 score."""
    lexical = reader.lexical(terms.words, _CANDIDATES)
    keys = sorted(lexical.keys() | reader.dense(vector, _CANDIDATES).keys())
    lexical |= reader.lexical_of(terms.words, [key for key in keys if key not in lexical])
    possible = _BM25_SATURATION * float(terms.weights.sum()) or 1.0
    cosines = (reader.vectors(keys) @ vector).tolist()
    return {
        key: (cosine, min(1.0, lexical.get(key, 0.0) / possible)) for key, cosine in zip(keys, cosines, strict=True)
    }


def _fused(dense: float, lexical: float) -> float:
    return _DENSE * dense + _LEXICAL * lexical


def _texts(passage: Passage) -> list[str]:
    """Return what the question's words are looked for in: each sentence, and all with the headings over it."""
    chunk = passage.chunk
    sentences = [chunk.text[start:end] for start, end in passage.sentences]
    return [*sentences, "\n".join((passage.title, *chunk.headings, chunk.text))]


def _result(
    passage: Passage, dense: float, lexical: float, overlaps: Sequence[float], cosines: Vectors
) -> SearchResult:
    chunk = passage.chunk
    scores = zip(passage.sentences, cosines.tolist(), overlaps, strict=False)
    sentences = tuple(
        SentenceScore(start=chunk.start + start, end=chunk.start + end, dense=cosine, overlap=overlap)
        for (start, end), cosine, overlap in scores
    )
    best = max((sentence.dense + sentence.overlap for sentence in sentences), default=0.0)
    return SearchResult(
        chunk=chunk,
        source=passage.source,
        title=passage.title,
        sha256=passage.sha256,
        page_kind=passage.page_kind,
        score=(_fused(dense, lexical) + _SENTENCE * best) / (_DENSE + _LEXICAL + 2 * _SENTENCE),
        dense=dense,
        lexical=lexical,
        overlap=overlaps[-1],
        sentences=sentences,
    )
