"""The words of an index, for finding the one that was meant where one was misspelt. Knows no database."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

_SHORTEST = 3  # letters: below, everything is like everything

Counted = tuple[str, int]  # a term, and in how many passages it stands


class Vocabulary:
    """Terms of letters alone, by first letter and length; never changed once made."""

    def __init__(self, terms: Iterable[Counted]) -> None:
        self._alike: dict[tuple[str, int], list[str]] = defaultdict(list)
        self._passages: dict[str, int] = {}
        for term, passages in terms:
            if len(term) >= _SHORTEST and term.isalpha():
                self._alike[term[0], len(term)].append(term)
                self._passages[term] = passages

    def nearest(self, term: str, most: int) -> str | None:
        """Return the term with the same first letter at the smallest distance of at most ``most``, or None.

        The distance is Damerau's and Levenshtein's, restricted: no part is changed twice (optimal string alignment).
        """
        from rapidfuzz.distance import OSA
        from rapidfuzz.process import extract

        found = [
            (int(distance), -self._passages[other], other)
            for length in range(len(term) - most, len(term) + most + 1)
            for other, distance, _ in extract(
                term, self._alike.get((term[:1], length), ()), scorer=OSA.distance, score_cutoff=most, limit=None
            )
        ]
        return min(found)[-1] if found else None


class KeptVocabulary:
    """The vocabulary of the generation asked for last: made when it is first needed."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._kept: tuple[str, Vocabulary] | None = None

    def of(self, generation: str, terms: Callable[[], Sequence[Counted]]) -> Vocabulary:
        """Return the vocabulary of ``generation``, whose ``terms`` are asked for where it is not kept."""
        with self._guard:
            if self._kept is None or self._kept[0] != generation:
                self._kept = generation, Vocabulary(terms())
            return self._kept[1]
