"""The documents that a person has chosen: they alone are asked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from rag.listing import ListedDocument


class Choice:
    """The chosen documents by their names; a name that ends in / stands for all at that place and under it."""

    def __init__(self, names: Sequence[str] = ()) -> None:
        self.names = tuple(sorted(set(names)))
        self._chosen = frozenset(self.names)
        self._above = {above for name in self.names for above in _above(name.rstrip("/"))}

    @classmethod
    def parse(cls, kept: str) -> Choice:
        """Return what a page says was chosen, which may be anything."""
        try:
            return cls([str(name) for name in json.loads(kept or "[]")])
        except (ValueError, TypeError):
            return cls()

    def dump(self) -> str:
        """Return the choice as a page keeps it."""
        return json.dumps(self.names)

    def __contains__(self, name: str) -> bool:
        places = (name.rstrip("/"), *_above(name.rstrip("/")))
        return name in self._chosen or any(f"{place}/" in self._chosen for place in places)

    def has_some_of(self, path: str) -> bool:
        """Whether something at a place or under it is chosen."""
        return path in self._above or path in self._chosen

    def sources(self, documents: Sequence[ListedDocument]) -> list[str]:
        """Return the documents that are chosen, of those that can be asked."""
        return [one.source for one in documents if one.chunks and one.source in self] if self.names else []

    def plus(self, names: Sequence[str]) -> Choice:
        """Return the choice with some names more."""
        added = Choice(names)
        return Choice([*(name for name in self.names if name not in added), *names])

    def minus(self, names: Sequence[str], documents: Sequence[ListedDocument]) -> Choice:
        """Return the choice without some names; of a folder that holds one of them, the other documents are left."""
        less = Choice(names)
        parted = [f"{above}/" for name in names for above in _above(name) if f"{above}/" in self._chosen]
        others = Choice(parted).sources(documents)
        return Choice([name for name in (*self.names, *others) if name not in less and name not in parted])


def _above(path: str) -> Iterator[str]:
    """Yield the places that a path lies in, the innermost first."""
    while path := path.rpartition("/")[0]:
        yield path
