"""The process in which files are read, kept from run to run: to start it takes longer than most runs of a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import pytest

from rag.parse.worker import Worker


class KeptWorker(Worker):
    """The real process, but that it goes on when a run ends."""

    def __enter__(self) -> Self:
        return self if self._process is not None else super().__enter__()

    def __exit__(self, *_: object) -> None:
        pass

    @contextmanager
    def reads(self) -> Iterator[None]:
        """Let it read the files of all runs meanwhile."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("rag.reading.Worker", lambda: self)
            yield

    def close(self) -> None:
        self._stop()
