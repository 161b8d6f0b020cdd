"""Arithmetic on places in documents: how many characters they cover, and share with others.

Places are half-open, ``start`` to ``end``, in a source; a character counts once, however many places cover it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Place(NamedTuple):
    """A span of a document, in code points."""

    source: str
    start: int
    end: int

    def holds(self, other: Place) -> bool:
        """Whether all of ``other`` is in this place."""
        return self.source == other.source and self.start <= other.start and other.end <= self.end

    def meets(self, other: Place) -> bool:
        """Whether the two share a character."""
        return self.source == other.source and self.start < other.end and other.start < self.end


def merged(places: Iterable[Place]) -> list[Place]:
    """Return the same characters as places that neither overlap nor touch, in order; empty ones are dropped."""
    found: list[Place] = []
    for place in sorted(place for place in places if place.start < place.end):
        last = found[-1] if found else None
        if last is not None and last.source == place.source and place.start <= last.end:
            found[-1] = Place(last.source, last.start, max(last.end, place.end))
        else:
            found.append(place)
    return found


def characters(places: Iterable[Place]) -> int:
    """Return how many characters ``places`` cover."""
    return sum(place.end - place.start for place in merged(places))


def shared(one: Iterable[Place], other: Iterable[Place]) -> int:
    """Return how many characters both cover; time grows with the number of places, not with their length."""
    left, right = merged(one), merged(other)
    total = i = j = 0
    while i < len(left) and j < len(right):
        if left[i].meets(right[j]):
            total += min(left[i].end, right[j].end) - max(left[i].start, right[j].start)
        if (left[i].source, left[i].end) <= (right[j].source, right[j].end):
            i += 1
        else:
            j += 1
    return total


class Agreement(NamedTuple):
    """Shares of characters in 0–1: of those wanted, of those given, and of both together."""

    recall: float
    precision: float
    iou: float


def agreement(given: Sequence[Place], wanted: Sequence[Place]) -> Agreement:
    """Return how well ``given`` covers ``wanted``; 0 where there is nothing to divide by."""
    both, given_all, wanted_all = shared(given, wanted), characters(given), characters(wanted)
    return Agreement(
        recall=both / wanted_all if wanted_all else 0.0,
        precision=both / given_all if given_all else 0.0,
        iou=both / (given_all + wanted_all - both) if given_all + wanted_all else 0.0,
    )
