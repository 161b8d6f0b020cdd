"""The term of an index that was meant where a word is misspelt."""

from __future__ import annotations

from collections.abc import Iterable

_SHORTEST = 3  # letters: below, everything is like everything


def nearest(term: str, most: int, counted: Iterable[tuple[str, int]]) -> str | None:
    """Return the term of letters alone at the smallest distance of at most ``most``, or None.

    ``counted`` are terms, each with in how many passages it stands: of terms equally near, the most frequent is
    returned. The distance is Damerau's and Levenshtein's, restricted: no part is changed twice (optimal string
    alignment).
    """
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import extract

    held = {other: count for other, count in counted if len(other) >= _SHORTEST and other.isalpha()}
    near = extract(term, list(held), scorer=OSA.distance, score_cutoff=most, limit=None)
    return min(((int(distance), -held[other], other) for other, distance, _ in near), default=(0, 0, None))[-1]
