"""The default embedder: the packaged all-MiniLM-L6-v2, run by onnxruntime.

Its vectors are those of sentence-transformers; neither that nor torch is loaded, except once, in another
process, to export the model. On a processor with instructions for 8-bit integers, passages are embedded with these,
at a cosine of some .99 with the vectors of 32-bit floats, and find as well (see README, "Figures"); questions never.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

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
from rag.embed.runtime import Runtime, load_runtime, open_quick
from rag.embed.sentence_transformer import packaged_model
from rag.embed.words import WordVectors
from rag.processors import processor_count
from rag.sentences import Span

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Encoding, Tokenizer

_MOST_TOKENS = 256  # the model was made for; special ones counted
_SPECIAL = 2
_UNKNOWN = "[UNK]"
_TOKENS_AT_ONCE = 1024  # more makes nothing quicker and takes more memory


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
                self._loaded = _load()
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
        quick = self._quick
        most = _TOKENS_AT_ONCE if quick is None else 0  # the quick model takes one text at a time
        batches = list(_batches([len(encoding) for encoding in encodings], most))
        session = quick or model.runtime.session

        def run(batch: list[int]) -> list[Embedding]:
            tokens = _run(session, [encodings[i].ids for i in batch])
            return [
                Embedding(unit(rows.mean(axis=0)), sentence_means(rows, np.array(encodings[i].offsets), sentences[i]))
                for rows, i in zip(tokens, batch, strict=True)
            ]

        embeddings: dict[int, Embedding] = {}
        threads = ThreadPoolExecutor(processor_count())
        try:
            for batch, made in zip(batches, threads.map(run, batches), strict=True):
                embeddings.update(zip(batch, made, strict=True))
                on_batch(len(batch))
        finally:
            threads.shutdown(cancel_futures=True)
        return [embeddings[i] for i in range(len(texts))]

    def embed_query(self, text: str) -> Vectors:
        """Return the unit vector of a question; of a very long one, its first ``max_tokens`` tokens count."""
        model = self._model
        ids = model.tokenizer.encode(text).ids
        if len(ids) > _MOST_TOKENS:
            ids = [*ids[: _MOST_TOKENS - 1], ids[-1]]  # it ends as all texts do
        [tokens] = _run(model.runtime.session, [ids])
        return unit(tokens.mean(axis=0))

    @cached_property
    def _quick(self) -> InferenceSession | None:
        return open_quick(self._model.runtime)

    def word_vectors(self, words: Sequence[str]) -> Vectors:
        """Return unit vectors of words by themselves: the mean of their pieces, less the mean of all pieces."""
        return self._model.words.of(words)

    def knows(self, word: str) -> bool:
        """Whether a word is a single piece to the model: what is misspelt falls into several."""
        tokens = self._tokens(word).tokens
        return len(tokens) == 1 and tokens != [_UNKNOWN]

    def _tokens(self, text: str) -> Encoding:
        return self._model.tokenizer.encode(text, add_special_tokens=False)


class _Model(NamedTuple):
    tokenizer: Tokenizer
    runtime: Runtime
    words: WordVectors


def _load() -> _Model:
    from tokenizers import Tokenizer

    runtime = load_runtime()
    tokenizer = Tokenizer.from_file(str(packaged_model() / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    unknown = tokenizer.token_to_id(_UNKNOWN)  # one piece for all, by which they would be alike

    def tokens_of(words: list[str]) -> list[list[int]]:
        whole = [tokenizer.token_to_id(word) if word.isascii() and word.isalnum() else None for word in words]
        broken = [word for word, token in zip(words, whole, strict=True) if token is None]
        parts = iter(tokenizer.encode_batch(broken, add_special_tokens=False))
        return [
            [token] if token is not None else [part for part in next(parts).ids if part != unknown] for token in whole
        ]

    return _Model(tokenizer, runtime, WordVectors(runtime.pieces, tokens_of))


def _batches(lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    """Yield which texts to embed together, of ``most`` tokens where they are several, longest first.

    They are of alike lengths, so that little padding is computed.
    """
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if batch and (len(batch) + 1) * lengths[batch[0]] > most:
            yield batch
            batch = []
        batch.append(i)
    yield batch


def _run(session: InferenceSession, texts: Sequence[Sequence[int]]) -> list[Vectors]:
    """Return the token embeddings of texts given as token numbers, each of shape ``(tokens, dimension)``."""
    ids = np.zeros((len(texts), max(map(len, texts))), dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = text
        mask[row, : len(text)] = 1
    [tokens] = session.run(None, {"input_ids": ids, "attention_mask": mask})
    return [rows[: len(text)] for rows, text in zip(tokens, texts, strict=True)]
