"""An answer as it is written: what there is so far, again and again, then the whole."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue

from rag.compose import OnAnswer
from rag.errors import AnswerStopped
from rag.types import Answer, Citation, Sentence, Value


class Written(Value):
    """All sentences and citations of an answer so far; what was there before may be gone again."""

    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]


def written(ask: Callable[[OnAnswer], Answer]) -> Iterator[Written | Answer]:
    """Yield what ``ask`` has written so far, whenever there is more, and last its answer; raise what it raises.

    It runs in a thread of its own, which ends at its next sentence where the iterator is closed before.
    """
    coming: SimpleQueue[Written | Answer | BaseException] = SimpleQueue()
    closed = threading.Event()

    def tell(sentences: Sequence[Sentence], citations: Sequence[Citation]) -> None:
        if closed.is_set():
            raise AnswerStopped("stopped: ask again")
        coming.put(Written(sentences=tuple(sentences), citations=tuple(citations)))

    def run() -> None:
        try:
            coming.put(ask(tell))
        except BaseException as error:  # raised again where it is waited for
            coming.put(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        while not isinstance(state := coming.get(), Answer):
            if isinstance(state, BaseException):
                raise state
            yield state
        yield state
    finally:
        closed.set()
