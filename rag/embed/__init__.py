"""Text → float32 unit vectors: what an embedder is, and what all of them share.

A passage gives a vector of its own and one for each of its sentences. The latter cost nothing more:
they are means over the passage's token embeddings, which the model made anyway, so a sentence is
understood in its surroundings ("late chunking", Günther et al. 2024, arXiv:2409.04701).

The default model is all-MiniLM-L6-v2, whose weights come as a Python package, so nothing is
downloaded at run time. Importing this module loads nothing heavy; a model is loaded on first use.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from rag.errors import EmbedderError
from rag.sentences import Span

Vectors = NDArray[np.float32]
OnBatch = Callable[[int], None]

DEFAULT_MODEL = "all-MiniLM-L6-v2"
# https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2, model.safetensors
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
DEFAULT_LANGUAGES = frozenset({"en"})


class Embedding(NamedTuple):
    """The unit vectors of a passage, shape ``(dimension,)``, and of its sentences, ``(n, dimension)``."""

    passage: Vectors
    sentences: Vectors


class Embedder(Protocol):
    """Seam 1. Turns passages and questions into vectors whose inner product is their likeness."""

    @property
    def name(self) -> str:
        """The model's name, as given in the settings."""

    @property
    def fingerprint(self) -> str:
        """The sha256 of the weights: vectors of two embedders compare only where it is the same."""

    @property
    def languages(self) -> frozenset[str] | None:
        """The languages it speaks, as ISO 639-1 codes; None where it is not known, and taken to be all."""

    @property
    def dimension(self) -> int:
        """The length of a vector."""

    @property
    def max_tokens(self) -> int:
        """The most tokens a text may have, special tokens not counted."""

    def token_spans(self, text: str) -> list[Span]:
        """Return the spans of the tokens of ``text``, in order."""

    def embed(
        self, texts: Sequence[str], sentences: Sequence[Sequence[Span]], on_batch: OnBatch = lambda _: None
    ) -> list[Embedding]:
        """Return the embeddings of ``texts`` and of their ``sentences``, spans into them, in order.

        ``on_batch`` is told, as work goes on, how many more texts are done.
        """

    def embed_query(self, text: str) -> Vectors:
        """Return the unit vector, of shape ``(dimension,)``, of a question."""

    def word_vectors(self, words: Sequence[str]) -> Vectors:
        """Return unit vectors, shape ``(len(words), n)``, of words by themselves: alike where words are.

        They come from the model's table of input embeddings and cost a look-up, not a run of the model.
        """

    def knows(self, word: str) -> bool:
        """Whether a word is in the model's vocabulary, and so a word, whatever the documents hold."""


def unit(vector: Vectors) -> Vectors:
    """Return ``vector`` at length 1; one of zeros as it is."""
    scaled: Vectors = vector / max(float(np.linalg.norm(vector)), 1e-12)
    return scaled


def sentence_means(tokens: Vectors, offsets: NDArray[np.int64], sentences: Sequence[Span]) -> Vectors:
    """Return the unit means of the token embeddings of each sentence; a zero row for one without tokens.

    ``tokens`` has shape ``(n, dimension)``, ``offsets`` shape ``(n, 2)``: where each stands in the text.
    """
    means = np.zeros((len(sentences), tokens.shape[1]), dtype=np.float32)
    real = offsets[:, 1] > offsets[:, 0]
    for row, (start, end) in enumerate(sentences):
        inside = real & (offsets[:, 0] >= start) & (offsets[:, 0] < end)
        if inside.any():
            means[row] = unit(tokens[inside].mean(axis=0))
    return means


def refuse_too_long(lengths: Sequence[int], most: int) -> None:
    """Raise EmbedderError where a text has more than ``most`` tokens, special ones counted: it would be cut off."""
    if max(lengths) > most:
        raise EmbedderError(f"a passage of {max(lengths)} tokens is over the model's limit: lower chunk_tokens")
