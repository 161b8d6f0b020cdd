"""Write the packaged model as onnxruntime runs it: ``python -m rag.embed.export FOLDER [integers]``.

The one part of the default way that loads torch; a process of its own, so that nothing of it stays.
"""

from __future__ import annotations

import logging
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.embed import Vectors
from rag.embed.runtime import INTEGERS, MODEL, PIECES, QUICK
from rag.embed.sentence_transformer import SentenceTransformerEmbedder
from rag.errors import EmbedderError
from rag.exported import open_session, seal, write_optimized

if TYPE_CHECKING:
    import torch

# With the vectors of sentence-transformers.
_LEAST_COSINE, _LEAST_QUICK_COSINE = 0.9999, 0.97
_SAMPLES = ("How long is the river?", "The river is 7 km long. " * 20, "Größe, 日本語の文章です。")


def export(folder: Path, *, integers: bool) -> None:
    """Write the model, with ``integers`` in 8 bits too, its table of input embeddings and their hashes to ``folder``.

    Raises:
        EmbedderError: The weights are not the published ones, or the exported model gives other vectors.
    """
    embedder = SentenceTransformerEmbedder()
    _ = embedder.fingerprint  # refuses weights that are not the published ones
    raw = folder / "raw.onnx"
    _write_graph(embedder, raw)
    write_optimized(raw, folder / MODEL)
    if integers:
        _write_quick(raw, folder / QUICK)
    raw.unlink()
    np.save(folder / PIECES, embedder.pieces)
    _check(embedder, folder / MODEL, _LEAST_COSINE)
    if integers:
        _check(embedder, folder / QUICK, _LEAST_QUICK_COSINE)
    seal(folder)


def _write_graph(embedder: SentenceTransformerEmbedder, path: Path) -> None:
    import torch

    transformer: Any = embedder.model[0]

    class Tokens(torch.nn.Module):
        """Token numbers → token embeddings."""

        def __init__(self) -> None:
            super().__init__()
            self.transformer = transformer.model.eval()

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            return self.transformer(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state

    names = ["input_ids", "attention_mask"]
    sample = embedder.model.tokenizer(["a river", "x"], padding=True, return_tensors="pt")
    with warnings.catch_warnings(action="ignore"), torch.inference_mode():
        torch.onnx.export(
            Tokens(),
            tuple(sample[name] for name in names),
            str(path),
            input_names=names,
            output_names=["tokens"],
            dynamic_axes={name: {0: "texts", 1: "tokens"} for name in (*names, "tokens")},
            opset_version=17,
            dynamo=False,  # the newer exporter needs packages that nothing else here does
        )


def _write_quick(raw: Path, path: Path) -> None:
    """Write the model with 8-bit weights, of which 7 bits are used: no sum overflows, and all processors agree."""
    logging.disable(logging.WARNING)  # it advises what it then does not need
    from onnxruntime.quantization import QuantType, quantize_dynamic

    constant = {"MatMulConstBOnly": True}  # not what attention multiplies, which is no weight
    whole = path.with_suffix(".whole")
    quantize_dynamic(
        raw, whole, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True, extra_options=constant
    )
    write_optimized(whole, path)
    whole.unlink()


def _check(embedder: SentenceTransformerEmbedder, model: Path, least: float) -> None:
    session = open_session(model)
    for text in _SAMPLES:
        ids = np.array([embedder.model.tokenizer(text)["input_ids"]])
        [tokens] = session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        mean: Vectors = tokens[0].mean(axis=0)
        cosine = float(mean @ embedder.embed_query(text) / np.linalg.norm(mean))
        if cosine < least:
            raise EmbedderError(f"the exported model gives other vectors (cosine {cosine:.4f}): report this")


if __name__ == "__main__":
    try:
        export(Path(sys.argv[1]), integers=sys.argv[2:] == [INTEGERS])
    except EmbedderError as error:
        sys.exit(f"rag: {error}")
