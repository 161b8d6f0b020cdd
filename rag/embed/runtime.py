"""The packaged model as onnxruntime runs it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rag.embed import DEFAULT_MODEL, DEFAULT_SHA256, Vectors
from rag.errors import EmbedderError
from rag.exported import Export, load_exported, multiplies_integers, open_session

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

MODEL, QUICK, PIECES = "model.onnx", "quick.onnx", "pieces.npy"
INTEGERS = "integers"


class Runtime(NamedTuple):
    """The model, from token numbers to token embeddings, and its table of input embeddings, centred."""

    session: InferenceSession
    pieces: Vectors
    folder: Path


def load_runtime() -> Runtime:
    """Return the packaged model, ready to run; raises EmbedderError where it cannot be exported."""
    return load_exported(packaged_export(), _opened)


def packaged_export() -> Export:
    """Return how the packaged model is exported: where integers are multiplied quickly, with them too."""
    arguments = (INTEGERS,) if multiplies_integers() else ()
    name = "-".join((DEFAULT_MODEL, DEFAULT_SHA256[:12], *arguments))
    return Export(DEFAULT_MODEL, name, "rag.embed.export", arguments, EmbedderError)


def open_quick(runtime: Runtime) -> InferenceSession | None:
    """Return the model with 8-bit integers; None where there is none, since it would not be quicker here.

    It scales what it is run with by its largest number, so it is to be given one text at a time: the vector of a
    text then depends on nothing else.
    """
    path = runtime.folder / QUICK
    return open_session(path) if path.exists() else None


def _opened(folder: Path) -> Runtime:
    return Runtime(open_session(folder / MODEL), np.load(folder / PIECES, mmap_mode="r"), folder)
