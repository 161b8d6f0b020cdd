"""The reader that was trained, run by onnxruntime."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rag.embed import Vectors
from rag.processors import processor_count
from rag.read import ReadablePassage, Reading, Sentence, Words
from rag.read.folder import PACKAGED, ReaderFolder, open_folder
from rag.read.runtime import Compared, load_reader, run
from rag.read.windows import LONGEST, NOTHING, Encoder, Pieces, Window, size_beside, size_of

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


_MOST_WORDS = 24  # tokens of the words that answer


class _Loaded(NamedTuple):
    encoder: Encoder
    session: InferenceSession


class LearnedReader:
    """A reader that was trained, by its folder. Safe to use from many threads."""

    def __init__(self, folder: Path = PACKAGED) -> None:
        self._path = folder
        self._loaded: _Loaded | None = None
        self._one_loads = threading.Lock()
        self._threads = ThreadPoolExecutor(processor_count())

    @cached_property
    def _folder(self) -> ReaderFolder:
        return open_folder(self._path)

    @property
    def languages(self) -> frozenset[str] | None:
        """The languages it reads; raises ReaderError where the model cannot be had."""
        return self._folder.languages

    def read(self, question: str, candidates: Sequence[ReadablePassage]) -> list[Reading]:
        """Return what is made of each candidate; raises ReaderError where the model cannot be had."""
        if not candidates:
            return []
        encoder, session = self._model
        texts = [question, *(one.context for one in candidates)]
        asked, *contexts = encoder.pieces(texts)
        sentences = iter(encoder.pieces([sentence.text for one in candidates for sentence in one.sentences]))
        pieces = [[next(sentences) for _ in one.sentences] for one in candidates]
        parts = [
            (number, part)
            for number, (context, some) in enumerate(zip(contexts, pieces, strict=True))
            for part in _parts(context, some)
        ]
        windows = [encoder.window(contexts[number], [pieces[number][at] for at in part]) for number, part in parts]
        found: list[list[tuple[float, Words | None]]] = [[] for _ in candidates]
        every = run(session, encoder.question(asked), windows, self._threads)
        for (number, part), window, read in zip(parts, windows, every, strict=True):
            some = [candidates[number].sentences[at] for at in part]
            found[number] += [_sentence(sentence, window, at, read) for at, sentence in enumerate(some)]
        return [Reading(tuple(odds for odds, _ in some), tuple(words for _, words in some)) for some in found]

    @property
    def _model(self) -> _Loaded:
        with self._one_loads:
            if self._loaded is None:
                from tokenizers import Tokenizer

                tokenizer = Tokenizer.from_file(str(self._folder.base / "tokenizer.json"))
                self._loaded = _Loaded(Encoder(tokenizer), load_reader(self._folder))
            return self._loaded


def _parts(context: Pieces, sentences: Sequence[Pieces]) -> Iterator[list[int]]:
    """Yield which sentences are read together: as many as fit into a window."""
    room = LONGEST - size_beside(context)
    part: list[int] = []
    used = 0
    for at, sentence in enumerate(sentences):
        if part and used + size_of(sentence) > room:
            yield part
            part, used = [], 0
        part.append(at)
        used += size_of(sentence)
    if part:
        yield part


def _sentence(sentence: Sentence, window: Window, at: int, read: Compared) -> tuple[float, Words | None]:
    """Return the log-odds of a sentence of a window, and the words of it that answer."""
    first, last = window.sentences[at]
    if first == last:
        return NOTHING, None
    log_odds = float(read.likeness[:, first:last].max(axis=1).sum() + read.odds[first:last, 0].mean())
    begins, ends = (_log_softmax(read.odds[first:last, column]) for column in (1, 2))
    length = np.arange(last - first)[None, :] - np.arange(last - first)[:, None]
    likely = np.where((length >= 0) & (length < _MOST_WORDS), begins[:, None] + ends[None, :], -np.inf)
    begin, end = np.unravel_index(int(likely.argmax()), likely.shape)
    span = sentence.in_document((window.spans[first + int(begin)][0], window.spans[first + int(end)][1]))
    return log_odds, None if span is None else Words(*span, chance=float(np.exp(likely[begin, end])))


def _log_softmax(values: Vectors) -> Vectors:
    shifted: Vectors = values - values.max()
    return shifted - np.log(np.exp(shifted).sum())
