"""The documents of a view of an index, for whoever asks for the same few again and again."""

from __future__ import annotations

from collections.abc import Iterable

from rag.errors import IndexFailure
from rag.index import Reader
from rag.types import Document


class Documents:
    """The documents of one view of an index, each read once: called with a source, it returns that document."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._read: dict[str, Document] = {}

    def read(self, sources: Iterable[str]) -> None:
        """Read documents together that are about to be asked for."""
        if missing := {*sources} - self._read.keys():
            self._read |= self._reader.documents_at(missing)

    def __call__(self, source: str) -> Document:
        """Return a document; raises IndexFailure where the index holds none at ``source``."""
        self.read([source])
        if source not in self._read:
            raise IndexFailure(f"{source} was found but is not in the index: run `rag index`")
        return self._read[source]
