"""An index asked as if one of its documents were not there: for questions whose subject is to be absent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rag.embed import Vectors
from rag.index import Forms, Reader


class Without:
    """A view of an index in which one document is not found."""

    def __init__(self, reader: Reader, source: str) -> None:
        self._reader, self._source = reader, source

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    def __len__(self) -> int:
        return len(self._reader)

    def dense(self, query: Vectors, k: int) -> dict[int, float]:
        """Return the rows most like ``query`` that are not of the document."""
        return self._other(self._reader.dense(query, 3 * k), k)

    def lexical(self, words: Sequence[Forms], k: int) -> dict[int, float]:
        """Return the rows that match ``words`` best and are not of the document."""
        return self._other(self._reader.lexical(words, 3 * k), k)

    def _other(self, found: dict[int, float], k: int) -> dict[int, float]:
        passages = self._reader.passages(list(found))
        kept = [key for key, passage in zip(found, passages, strict=True) if passage.source != self._source]
        return {key: found[key] for key in kept[:k]}
