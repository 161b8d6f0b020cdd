"""The reader as onnxruntime runs it: a question and windows → how their tokens compare (``rag.read.network``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rag.embed import Vectors
from rag.errors import ReaderError
from rag.exported import Export, load_exported, open_session
from rag.read.folder import ReaderFolder
from rag.read.windows import Window

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

MODEL = "reader.onnx"
INPUTS, OUTPUTS = ["question", "ids", "mask"], ["likeness", "odds"]
_AT_ONCE = 2  # windows: more makes nothing quicker


class Compared(NamedTuple):
    """What is made of a window.

    ``likeness``, shape ``(question, tokens)``, is how like each token is to those of the question, in log-odds;
    ``odds``, shape ``(tokens, 3)``, what each adds to its sentence, and whether the words begin or end there.
    """

    likeness: Vectors
    odds: Vectors


def load_reader(reader: ReaderFolder) -> InferenceSession:
    """Return a reader, ready to run; raises ReaderError where it cannot be had."""
    _ = reader.weights  # refuses what is not what was written
    export = Export("reader", f"reader-{reader.sha256[:12]}", "rag.read.export", (str(reader.path),), ReaderError)
    return load_exported(export, lambda folder: open_session(folder / MODEL))


def run(
    session: InferenceSession, question: Sequence[int], windows: Sequence[Window], threads: ThreadPoolExecutor
) -> list[Compared]:
    """Return what is made of each window."""
    found: dict[int, Compared] = {}
    batches = list(_batches(windows))
    every = threads.map(lambda batch: _run(session, question, [windows[at] for at in batch]), batches)
    for batch, read in zip(batches, every, strict=True):
        found.update(zip(batch, read, strict=True))
    return [found[at] for at in range(len(windows))]


def _batches(windows: Sequence[Window]) -> Iterator[list[int]]:
    """Yield which windows to run together: those of like length."""
    order = sorted(range(len(windows)), key=lambda at: -len(windows[at].ids))
    for start in range(0, len(order), _AT_ONCE):
        yield order[start : start + _AT_ONCE]


def _run(session: InferenceSession, question: Sequence[int], windows: Sequence[Window]) -> list[Compared]:
    shape = len(windows), max(len(window.ids) for window in windows)
    ids, mask = (np.zeros(shape, dtype=np.int64) for _ in range(2))
    for row, window in enumerate(windows):
        ids[row, : len(window.ids)] = window.ids
        mask[row, : len(window.ids)] = 1
    given = dict(zip(INPUTS, (np.array([question], dtype=np.int64), ids, mask), strict=True))
    likeness, odds = session.run(OUTPUTS, given)
    lengths = [len(window.ids) for window in windows]
    return [Compared(likeness[row, :, :length], odds[row, :length]) for row, length in enumerate(lengths)]
