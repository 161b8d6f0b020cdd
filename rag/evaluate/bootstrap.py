"""Statistics of questions, and how far they might have come out otherwise: bootstrap intervals.

A statistic is a function of weights, shape ``(resamples, questions)``: how often each question was drawn.
With all weights 1 it is the figure itself. The interval is the percentile one (Efron 1979) of 2000
resamples, always the same ones, so that two runs over the same questions are compared pair by pair. It knows
the chance of the questions asked, not that of documents; where all questions went alike it has no width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.types import Value

Array = npt.NDArray[Any]
Statistic = Callable[[Array], Array]

RESAMPLES = 2000
_SEED = 20250101
_AT_ONCE = 4_000_000  # weights held in memory


class Estimate(Value):
    """A figure, its 95 % interval, and how many questions it tells of."""

    value: float
    low: float
    high: float
    questions: int = 0


def estimates(statistics: Sequence[Statistic], questions: int) -> list[Estimate | None]:
    """Return each statistic over ``questions`` with its interval; None where it is not defined."""
    if not statistics:
        return []
    values = [float(statistic(np.ones((1, questions)))[0]) for statistic in statistics]
    blocks = [np.stack([statistic(weights) for statistic in statistics]) for weights in resamples(questions)]
    draws = np.concatenate(blocks, axis=1)
    return [_estimate(value, row) for value, row in zip(values, draws, strict=True)]


def _estimate(value: float, draws: Array) -> Estimate | None:
    if np.isnan(value):
        return None
    # A resample may have no question of a kind that the statistic needs: it says nothing.
    low, high = np.nanpercentile(draws, [2.5, 97.5])
    return Estimate(value=value, low=float(low), high=float(high))


def resamples(questions: int) -> Iterator[Array]:
    """Yield weights in blocks of rows, 2000 rows in all; each row sums to ``questions``."""
    random = np.random.default_rng(_SEED)
    block = max(1, min(RESAMPLES, _AT_ONCE // questions))
    for start in range(0, RESAMPLES, block):
        rows = min(block, RESAMPLES - start)
        drawn = random.integers(0, questions, size=(rows, questions))
        drawn += np.arange(rows)[:, None] * questions
        yield np.bincount(drawn.ravel(), minlength=rows * questions).reshape(rows, questions).astype(np.float64)


def mean(values: Array) -> Statistic:
    """Return the mean of ``values``; NaN is a question that it does not tell of."""
    known = ~np.isnan(values)

    def of(weights: Array) -> Array:
        return _divided(weights[:, known] @ values[known], weights[:, known].sum(axis=1))

    return of


def ratio(over: Array, under: Array) -> Statistic:
    """Return the sum of ``over`` to that of ``under``, over the questions that both tell of."""
    known = ~(np.isnan(over) | np.isnan(under))

    def of(weights: Array) -> Array:
        return _divided(weights[:, known] @ over[known], weights[:, known] @ under[known])

    return of


def quantile(values: Array, share: float) -> Statistic:
    """Return the smallest value that at least ``share`` of the questions do not exceed."""
    order = np.argsort(values, kind="stable")

    def of(weights: Array) -> Array:
        below = np.cumsum(weights[:, order], axis=1)
        found: Array = values[order][(below >= share * below[:, -1:] - 1e-9).argmax(axis=1)]
        return found

    return of


def auroc(scores: Array, positive: Array) -> Statistic:
    """Return the area under the receiver operating characteristic.

    It is the chance that a positive question has the higher score than a negative one, a tie counting half
    (Hanley & McNeil 1982). ``positive`` is 1, 0, or NaN where that is not known.
    """
    known = ~np.isnan(positive)
    order, starts = _tied(scores[known])
    kind = positive[known][order]

    def of(weights: Array) -> Array:
        if not len(order):
            return np.full(len(weights), np.nan)
        drawn = weights[:, known][:, order]
        positives = np.add.reduceat(drawn * kind, starts, axis=1)
        negatives = np.add.reduceat(drawn * (1 - kind), starts, axis=1)
        lower = np.cumsum(negatives, axis=1) - negatives / 2
        return _divided((positives * lower).sum(axis=1), positives.sum(axis=1) * negatives.sum(axis=1))

    return of


def area_under_risk_coverage(confidence: Array, wrong: Array) -> Statistic:
    """Return the mean risk over all coverages (Geifman & El-Yaniv 2017): lower is better.

    Questions are answered from the most confident on; the risk is the share of answers that are wrong. Those of
    the same confidence are answered together. ``wrong`` is 1, 0, or NaN where that is not known.
    """
    known = ~np.isnan(wrong)
    order, starts = _tied(-confidence[known])
    fails = wrong[known][order]

    def of(weights: Array) -> Array:
        if not len(order):
            return np.full(len(weights), np.nan)
        drawn = weights[:, known][:, order]
        answered = np.add.reduceat(drawn, starts, axis=1)
        failed = np.cumsum(np.add.reduceat(drawn * fails, starts, axis=1), axis=1)
        risk = failed / np.maximum(np.cumsum(answered, axis=1), 1)
        return _divided((answered * risk).sum(axis=1), answered.sum(axis=1))

    return of


def _tied(values: Array) -> tuple[Array, Array]:
    """Return the ascending order of ``values``, and where in it each distinct one begins."""
    order = np.argsort(values, kind="stable")
    return order, np.flatnonzero(np.diff(values[order], prepend=np.nan) != 0)


def _divided(over: Array, under: Array) -> Array:
    """Return the quotient; NaN where there is nothing to divide by."""
    return np.divide(over, under, out=np.full(len(over), np.nan), where=under != 0)
