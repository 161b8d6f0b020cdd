"""The processes in which files are read, kept from run to run: to start one takes longer than most runs of a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import pytest

from rag.parse.worker import Worker


class KeptWorkers:
    """The real processes, but that they go on when a run ends."""

    def __init__(self) -> None:
        self.idle: list[_KeptWorker] = []

    @contextmanager
    def reads(self) -> Iterator[None]:
        """Let them read the files of all runs meanwhile."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("rag.reading.Worker", lambda: self.idle.pop() if self.idle else _KeptWorker(self))
            yield

    def close(self) -> None:
        """End them."""
        while self.idle:
            self.idle.pop()._stop()


class _KeptWorker(Worker):
    """One of them, which one run at a time reads with."""

    def __init__(self, kept: KeptWorkers) -> None:
        super().__init__()
        self._kept = kept

    def __enter__(self) -> Self:
        return self if self._process is not None else super().__enter__()

    def __exit__(self, *_: object) -> None:
        self._kept.idle.append(self)
