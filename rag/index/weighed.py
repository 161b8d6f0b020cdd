"""The best rows of a view, by two looks: an engine names the likeliest, and these are weighed exactly."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

_NAMED, _LEAST_NAMED = 3, 300  # how many rows an engine names, whose scores are not ours: times k, and at least
_MORE = 4  # times as many are asked for where too few of them are in the view
_ALL_WEIGHED = 2_000  # of so many rows, each is weighed


def weighed(
    named: Callable[[int], tuple[Sequence[int], bool]],
    scores: Callable[[Sequence[int]], dict[int, float]],
    k: int,
    within: Collection[int] | None = None,
) -> dict[int, float]:
    """Return the ``k`` best rows with their scores, best first, of those ``within``, if not of all.

    ``named`` returns so many of the likeliest, and whether there are no others; ``scores`` weighs those of them that
    are in the view, and leaves out what does not match.
    """
    if k < 1:
        return {}
    if within is not None and len(within) <= _ALL_WEIGHED:
        return _best(scores(sorted(within)), k)
    count = max(_LEAST_NAMED, _NAMED * k)
    while True:
        rows, are_all = named(count)
        found = scores(rows if within is None else [row for row in rows if row in within])
        if are_all or len(found) >= k:
            return _best(found, k)
        count *= _MORE


def _best(scores: dict[int, float], k: int) -> dict[int, float]:
    """Return the ``k`` highest scores, the highest first; of equal ones the lowest row first."""
    return dict(sorted(scores.items(), key=lambda one: (-one[1], one[0]))[:k])
