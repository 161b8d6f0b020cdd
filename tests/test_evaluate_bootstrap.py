"""Statistics of weighted questions against other implementations, and the intervals' coverage."""

from __future__ import annotations

import math
from itertools import islice

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from rag.evaluate.bootstrap import (
    Array,
    area_under_risk_coverage,
    auroc,
    estimates,
    mean,
    quantile,
    ratio,
    resamples,
)

RANDOM = np.random.default_rng(0)
SCORES = np.round(RANDOM.random(40), 1)  # with ties
KINDS = (RANDOM.random(40) < 0.4).astype(float)
WEIGHTS = np.concatenate(list(resamples(40)))[:25]


def repeated(values: Array, weights: Array) -> Array:
    found: Array = np.repeat(values, weights.astype(int))
    return found


def test_resamples_draw_as_many_questions_as_there_are_and_always_the_same() -> None:
    drawn = np.concatenate(list(resamples(40)))
    assert drawn.shape == (2000, 40)
    assert (drawn.sum(axis=1) == 40).all()
    assert abs(drawn.mean() - 1) < 1e-12
    assert abs(drawn.var() - (1 - 1 / 40)) < 0.02  # of a binomial of 40 draws, each with chance 1/40
    assert (drawn == np.concatenate(list(resamples(40)))).all()


def test_of_very_many_questions_resamples_come_one_by_one() -> None:
    blocks = list(islice(resamples(3_000_000), 2))
    assert [block.shape for block in blocks] == [(1, 3_000_000)] * 2
    assert (blocks[0] != blocks[1]).any()


def test_auroc_is_sklearns_on_the_questions_drawn() -> None:
    found = auroc(SCORES, KINDS)(WEIGHTS)
    expected = [roc_auc_score(repeated(KINDS, w), repeated(SCORES, w)) for w in WEIGHTS]
    assert found == pytest.approx(expected)


def test_auroc_passes_over_questions_of_no_known_kind() -> None:
    kinds = np.where(np.arange(40) < 5, np.nan, KINDS)
    (found,) = auroc(SCORES, kinds)(np.ones((1, 40)))
    assert found == pytest.approx(roc_auc_score(KINDS[5:], SCORES[5:]))


@pytest.mark.parametrize("kinds", [np.ones(40), np.zeros(40), np.full(40, np.nan)])
def test_auroc_of_one_kind_alone_is_not_defined(kinds: Array) -> None:
    assert np.isnan(auroc(SCORES, kinds)(np.ones((1, 40)))).all()
    assert estimates([auroc(SCORES, kinds)], 40) == [None]


def naive_area(confidence: Array, wrong: Array) -> float:
    """Return the mean, over questions, of the share of wrong ones among those at least as confident."""
    return float(np.mean([wrong[confidence >= own].mean() for own in confidence]))


def test_the_area_under_risk_and_coverage_on_the_questions_drawn() -> None:
    found = area_under_risk_coverage(SCORES, KINDS)(WEIGHTS)
    expected = [naive_area(repeated(SCORES, w), repeated(KINDS, w)) for w in WEIGHTS]
    assert found == pytest.approx(expected)
    # By hand: the surer answer is right, the other wrong.
    assert area_under_risk_coverage(np.array([0.9, 0.1]), np.array([0.0, 1.0]))(np.ones((1, 2))) == [0.25]


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95, 1.0])
def test_quantiles_are_numpys_on_the_questions_drawn(share: float) -> None:
    expected = [np.quantile(repeated(SCORES, w), share, method="inverted_cdf") for w in WEIGHTS]
    assert quantile(SCORES, share)(WEIGHTS).tolist() == expected


def test_means_and_ratios_pass_over_what_is_not_known() -> None:
    values = np.array([1.0, np.nan, 0.0, 1.0])
    weights = np.array([[1.0, 1, 1, 1], [2, 2, 0, 0], [0, 4, 0, 0]])
    assert mean(values)(weights).tolist()[:2] == [2 / 3, 1.0]
    assert math.isnan(mean(values)(weights)[2])
    under = np.array([1.0, 1.0, 1.0, np.nan])
    assert ratio(values, under)(weights).tolist()[:2] == [0.5, 1.0]


def test_the_interval_of_a_mean_is_near_the_normal_one_and_holds_the_truth_as_often_as_it_says() -> None:
    values = RANDOM.normal(size=400)
    (found,) = estimates([mean(values)], 400)
    assert found is not None
    half = 1.96 * values.std() / 20
    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.01)
    trials = [estimates([mean((RANDOM.random(100) < 0.7).astype(float))], 100)[0] for _ in range(200)]
    held = sum(trial is not None and trial.low <= 0.7 <= trial.high for trial in trials)
    assert 180 <= held <= 199


def test_the_difference_of_a_run_with_itself_has_no_width() -> None:
    one = mean(SCORES)
    (found,) = estimates([lambda weights: one(weights) - one(weights)], 40)
    assert found is not None
    assert (found.value, found.low, found.high) == (0, 0, 0)
