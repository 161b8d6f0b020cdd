"""The default embedder: the packaged all-MiniLM-L6-v2, run by onnxruntime.

A question has the vector of sentence-transformers; a passage one at a cosine of some .99 with that, which takes
two thirds of the time or less and finds as well (see README, "Figures"). Neither sentence-transformers nor torch is
loaded, except once, in another process, to export the model.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from rag.embed import (
    DEFAULT_LANGUAGES,
    DEFAULT_MODEL,
    DEFAULT_SHA256,
    Embedding,
    OnBatch,
    Vectors,
    refuse_too_long,
    sentence_means,
    unit,
)
from rag.embed.runtime import load_runtime, open_quick
from rag.embed.sentence_transformer import packaged_model
from rag.embed.words import WordVectors
from rag.sentences import Span

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Encoding

_MOST_TOKENS = 256  # the model was made for; special ones counted
_SPECIAL = 2
_UNKNOWN = "[UNK]"


class PackagedEmbedder:
    """The packaged model. Safe to use from many threads."""

    name = DEFAULT_MODEL
    fingerprint = DEFAULT_SHA256  # no other weights are exported
    languages: frozenset[str] | None = DEFAULT_LANGUAGES
    dimension = 384
    max_tokens = _MOST_TOKENS - _SPECIAL

    def __init__(self) -> None:
        self._loaded: _Model | None = None
        self._one_loads = threading.Lock()

    @property
    def _model(self) -> _Model:
        with self._one_loads:
            if self._loaded is None:
                self._loaded = _Model()
            return self._loaded

    def token_spans(self, text: str) -> list[Span]:
        """Return the spans of the tokens of ``text``, in order."""
        return [(start, end) for start, end in self._tokens(text).offsets if start < end]

    def embed(
        self, texts: Sequence[str], sentences: Sequence[Sequence[Span]], on_batch: OnBatch = lambda _: None
    ) -> list[Embedding]:
        """Return the embeddings of ``texts``; raises EmbedderError where one would be cut off."""
        if not texts:
            return []
        model = self._model
        encodings = model.tokenizer.encode_batch(list(texts))
        refuse_too_long([len(encoding) for encoding in encodings], _MOST_TOKENS)

        def run(i: int) -> Embedding:
            encoding = encodings[i]
            tokens = _run(model.quick, encoding.ids)
            return Embedding(
                unit(tokens.mean(axis=0)), sentence_means(tokens, np.array(encoding.offsets), sentences[i])
            )

        embeddings: list[Embedding] = []
        threads = ThreadPoolExecutor(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None)
        try:
            for embedding in threads.map(run, range(len(texts))):
                embeddings.append(embedding)
                on_batch(1)
        finally:
            threads.shutdown(cancel_futures=True)
        return embeddings

    def embed_query(self, text: str) -> Vectors:
        """Return the unit vector of a question; of a very long one, its first ``max_tokens`` tokens count."""
        model = self._model
        ids = model.tokenizer.encode(text).ids
        if len(ids) > _MOST_TOKENS:
            ids = [*ids[: _MOST_TOKENS - 1], ids[-1]]  # it ends as all texts do
        return unit(_run(model.exact, ids).mean(axis=0))

    def word_vectors(self, words: Sequence[str]) -> Vectors:
        """Return unit vectors of words by themselves: the mean of their pieces, less the mean of all pieces."""
        return self._model.words.of(words)

    def knows(self, word: str) -> bool:
        """Whether a word is a single piece to the model: what is misspelt falls into several."""
        tokens = self._tokens(word).tokens
        return len(tokens) == 1 and tokens != [_UNKNOWN]

    def _tokens(self, text: str) -> Encoding:
        return self._model.tokenizer.encode(text, add_special_tokens=False)


class _Model:
    """What is loaded of the packaged model; ``quick``, which only passages need, when it is first asked for."""

    def __init__(self) -> None:
        from tokenizers import Tokenizer

        self.exact, pieces = load_runtime()
        self.tokenizer = Tokenizer.from_file(str(packaged_model() / "tokenizer.json"))
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self.words = WordVectors(pieces, self._tokens_of)
        self._unknown = self.tokenizer.token_to_id(_UNKNOWN)  # one piece for all, by which they would be alike
        self._quick: InferenceSession | None = None
        self._one_opens = threading.Lock()

    @property
    def quick(self) -> InferenceSession:
        with self._one_opens:
            if self._quick is None:
                self._quick = open_quick()
            return self._quick

    def _tokens_of(self, words: list[str]) -> list[list[int]]:
        find = self.tokenizer.token_to_id
        whole = [find(word) if word.isascii() and word.isalnum() else None for word in words]
        broken = [word for word, token in zip(words, whole, strict=True) if token is None]
        parts = iter(self.tokenizer.encode_batch(broken, add_special_tokens=False))
        return [
            [token] if token is not None else [part for part in next(parts).ids if part != self._unknown]
            for token in whole
        ]


def _run(session: InferenceSession, ids: Sequence[int]) -> Vectors:
    """Return the token embeddings of a text given as token numbers, shape ``(tokens, dimension)``."""
    numbers = np.array([ids])
    [[tokens]] = session.run(None, {"input_ids": numbers, "attention_mask": np.ones_like(numbers)})
    return tokens
