"""An embedder and a reader that stand in for the real ones, and what for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence

import numpy as np

from rag.embed import Embedder, Embedding, Vectors
from rag.read import ReadablePassage, Reading, Sentence, Words
from rag.sentences import Span

OnBatch = Callable[[int], None]


class FakeEmbedder:
    """A bag of hashed words instead of a model: for tests that sync hundreds of times, where a model takes minutes.

    Like a model it gives a text the same unit vector every time, and likens texts that share words.
    """

    name = "fake"
    fingerprint = "fake"
    languages = None
    dimension = 32
    max_tokens = 24

    def token_spans(self, text: str) -> list[Span]:
        return [match.span() for match in re.finditer(r"\w+|[^\w\s]", text)]

    def embed(
        self, texts: Sequence[str], sentences: Sequence[Sequence[Span]], on_batch: OnBatch = lambda _: None
    ) -> list[Embedding]:
        if texts:
            on_batch(len(texts))
        return [
            Embedding(self.embed_query(text), self._rows([text[start:end] for start, end in spans]))
            for text, spans in zip(texts, sentences, strict=True)
        ]

    def embed_query(self, text: str) -> Vectors:
        row: Vectors = self._rows([text])[0]
        return row

    def word_vectors(self, words: Sequence[str]) -> Vectors:
        return self._rows(words)

    def knows(self, word: str) -> bool:
        return False

    def _rows(self, texts: Sequence[str]) -> Vectors:
        rows = np.full((len(texts), self.dimension), 0.01, dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"\w+", text.lower()):
                row[hashlib.sha256(word.encode()).digest()[0] % self.dimension] += 1
        unit: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit


class CountingEmbedder:
    """Another embedder, with a note of every text it was given to embed."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.name, self.fingerprint = embedder.name, embedder.fingerprint
        self.languages = embedder.languages
        self.dimension, self.max_tokens = embedder.dimension, embedder.max_tokens
        self.texts: list[str] = []

    def token_spans(self, text: str) -> list[Span]:
        return self._embedder.token_spans(text)

    def embed(
        self, texts: Sequence[str], sentences: Sequence[Sequence[Span]], on_batch: OnBatch = lambda _: None
    ) -> list[Embedding]:
        self.texts.extend(texts)
        return self._embedder.embed(texts, sentences, on_batch)

    def embed_query(self, text: str) -> Vectors:
        return self._embedder.embed_query(text)

    def word_vectors(self, words: Sequence[str]) -> Vectors:
        return self._embedder.word_vectors(words)

    def knows(self, word: str) -> bool:
        return self._embedder.knows(word)


class FakeReader:
    """A reader that is told what answers: a sentence that holds one of ``answers``, which are then its words."""

    def __init__(self, *answers: str, languages: frozenset[str] | None = None) -> None:
        self._answers = answers
        self.languages = languages
        self.asked: list[tuple[str, Sequence[ReadablePassage]]] = []

    def read(self, question: str, candidates: Sequence[ReadablePassage]) -> list[Reading]:
        self.asked.append((question, candidates))
        return [self._reading(one) for one in candidates]

    def _reading(self, candidate: ReadablePassage) -> Reading:
        words = [self._words(sentence) for sentence in candidate.sentences]
        return Reading(tuple(-9.0 if found is None else 9.0 for found in words), tuple(words))

    def _words(self, sentence: Sentence) -> Words | None:
        for answer in self._answers:
            at = sentence.text.find(answer)
            span = sentence.in_document((at, at + len(answer))) if at >= 0 else None
            if span is not None:
                return Words(*span, chance=1.0)
        return None
