"""Outcomes → measures with their intervals; and two runs over the same questions, compared.

A measure that the questions cannot tell, such as what is refused where all are answerable, is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any, Literal, NamedTuple

import numpy as np

from rag.evaluate.ask import Outcome
from rag.evaluate.bootstrap import (
    Array,
    Estimate,
    Statistic,
    area_under_risk_coverage,
    auroc,
    estimates,
    mean,
    quantile,
    ratio,
)
from rag.types import Value

Unit = Literal["share", "score", "seconds", "characters"]


class Definition(NamedTuple):
    """What a measure is called, under which heading it is shown, its unit, and whether more of it is better."""

    name: str
    label: str
    group: str
    unit: Unit = "share"
    more_is_better: bool = True


_FOUND, _RANKED, _CITED, _ANSWERED, _TIME = "Passages", "Ranking", "Excerpts", "Answering", "Time a question"

DEFINITIONS = (
    Definition("hit_at_1", "evidence in first passage", _FOUND),
    Definition("hit_at_5", "evidence in first five", _FOUND),
    Definition("recall", "characters: recall", _FOUND),
    Definition("precision", "characters: precision", _FOUND),
    Definition("iou", "characters: IoU", _FOUND),
    Definition("evidence_mrr", "evidence: MRR", _RANKED, "score"),
    Definition("evidence_ndcg_at_10", "evidence: nDCG@10", _RANKED, "score"),
    Definition("document_mrr", "documents: MRR", _RANKED, "score"),
    Definition("document_ndcg_at_10", "documents: nDCG@10", _RANKED, "score"),
    Definition("first_excerpt_answers", "first excerpt holds the answer", _CITED),
    Definition("shown_answers", "what is shown holds the answer", _CITED),
    Definition("first_sentence_answers", "first key sentence answers", _CITED),
    Definition("cited_recall", "characters: recall", _CITED),
    Definition("cited_precision", "characters: precision", _CITED),
    Definition("cited_iou", "characters: IoU", _CITED),
    Definition("characters", "characters shown an answer", _CITED, "characters", False),
    Definition("answered", "answerable: answered", _ANSWERED),
    Definition("refused", "unanswerable: refused", _ANSWERED),
    Definition("right", "right answers and refusals", _ANSWERED),
    Definition("right_when_answered", "right, of answers given", _ANSWERED),
    Definition("strong", "answerable: called strong", _ANSWERED),
    Definition("strong_wrong", "wrong, of answers called strong", _ANSWERED, "share", False),
    Definition("auroc", "AUROC of the confidence", _ANSWERED, "score"),
    Definition("aurc", "AURC (less is better)", _ANSWERED, "score", False),
    Definition("follow_up_hit_at_5", "evidence in first five", "Follow-ups"),
    Definition("standalone_hit_at_5", "the same, asked in full", "Follow-ups"),
    Definition("follow_up_kept", "kept of that", "Follow-ups"),
    Definition("seconds_mean", "mean", _TIME, "seconds", False),
    Definition("seconds_p50", "half take at most", _TIME, "seconds", False),
    Definition("seconds_p95", "95 % take at most", _TIME, "seconds", False),
)


class Point(Value):
    """A point of the risk–coverage curve: answering all at least this confident."""

    confidence: float
    coverage: float
    risk: float


class Difference(Value):
    """A measure of two runs over the same questions; the interval is that of the difference, now less before."""

    before: float
    now: float
    difference: float
    low: float
    high: float

    @property
    def certain(self) -> bool:
        """Whether the interval leaves out that there is no difference."""
        return self.low > 0 or self.high < 0


class Change(Value):
    """A question that went otherwise than before; ``before`` and ``now`` are the first excerpts given, or empty."""

    id: str
    question: str
    before: str
    now: str


class Comparison(Value):
    """How a run differs from an earlier one, over the questions that both asked, paired."""

    questions: int
    left_out: int
    measures: dict[str, Difference]
    now_right: tuple[Change, ...]
    now_wrong: tuple[Change, ...]


def measures(outcomes: Sequence[Outcome]) -> dict[str, Estimate]:
    """Return the measures of ``outcomes`` by name, in the order of ``DEFINITIONS``."""
    found = estimates([_statistic(definition.name, outcomes) for definition in DEFINITIONS], len(outcomes))
    return {
        definition.name: estimate.model_copy(update={"questions": _told(definition.name, outcomes)})
        for definition, estimate in zip(DEFINITIONS, found, strict=True)
        if estimate is not None
    }


def compare(before: Sequence[Outcome], now: Sequence[Outcome]) -> Comparison:
    """Return how ``now`` differs from ``before`` over the questions in both, by id and wording; there must be one."""
    earlier = {(outcome.id, outcome.question): outcome for outcome in before}
    pairs = [(earlier[key], o) for o in now if (key := (o.id, o.question)) in earlier]
    was, is_ = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    return Comparison(
        questions=len(pairs),
        left_out=len(before) + len(now) - 2 * len(pairs),
        measures=_differences(was, is_),
        now_right=tuple(_change(old, new) for old, new in pairs if old.right is False and new.right),
        now_wrong=tuple(_change(old, new) for old, new in pairs if old.right and new.right is False),
    )


def _change(old: Outcome, new: Outcome) -> Change:
    before, now = (one.cited[0].text if one.answered and one.cited else "" for one in (old, new))
    return Change(id=new.id, question=new.question, before=before, now=now)


def _differences(was: Sequence[Outcome], is_: Sequence[Outcome]) -> dict[str, Difference]:
    statistics = [(_statistic(d.name, was), _statistic(d.name, is_)) for d in DEFINITIONS]
    found = estimates([_less(new, old) for old, new in statistics], len(was))
    one = np.ones((1, len(was)))
    return {
        definition.name: Difference(
            before=float(old(one)[0]),
            now=float(new(one)[0]),
            difference=estimate.value,
            low=estimate.low,
            high=estimate.high,
        )
        for definition, (old, new), estimate in zip(DEFINITIONS, statistics, found, strict=True)
        if estimate is not None
    }


def _less(one: Statistic, other: Statistic) -> Statistic:
    return lambda weights: one(weights) - other(weights)


def risk_coverage(outcomes: Sequence[Outcome]) -> tuple[Point, ...]:
    """Return the risk–coverage curve, from the most confident answer on; empty where right and wrong are not known."""
    if not _is_known(outcomes):
        return ()
    known = sorted((o for o in outcomes if o.wrong is not None), key=lambda outcome: -outcome.confidence)
    points, wrong = [], 0
    for n, outcome in enumerate(known, 1):
        wrong += bool(outcome.wrong)
        if n == len(known) or known[n].confidence < outcome.confidence:
            points.append(Point(confidence=outcome.confidence, coverage=n / len(known), risk=wrong / n))
    return tuple(points)


def worst(outcomes: Sequence[Outcome], count: int = 10) -> list[Outcome]:
    """Return the questions that went worst: answered wrongly with the most confidence, or refused for nothing.

    Answerable and unanswerable ones take turns. Where no answer is known, those whose documents rank lowest.
    """
    held = [o for o in outcomes if o.answerable is not False and o.right is False]
    not_held = [o for o in outcomes if o.answerable is False and o.right is False]
    unranked = [o for o in outcomes if o.right is None and (o.document_ndcg_at_10 or 0.0) < 1 and o.sources]
    held.sort(key=lambda o: (not o.answered, -o.confidence if o.answered else o.confidence))
    not_held.sort(key=lambda o: -o.confidence)
    unranked.sort(key=lambda o: (o.document_ndcg_at_10 or 0.0, -o.confidence))
    turns = [o for pair in zip_longest(held, not_held) for o in pair if o is not None]
    return [*turns, *unranked][:count]


def _column(name: str, outcomes: Sequence[Outcome]) -> Array:
    """Return an attribute of each outcome as a number; NaN for None."""
    values: list[Any] = [getattr(outcome, name) for outcome in outcomes]
    return np.array([np.nan if value is None else float(value) for value in values])


def _statistic(name: str, outcomes: Sequence[Outcome]) -> Statistic:
    """Return the statistic that the measure ``name`` is."""
    if name.startswith("seconds_p"):
        return quantile(_column("seconds", outcomes), int(name[-2:]) / 100)
    if name == "auroc":
        return auroc(_column("confidence", outcomes), _column("answerable", outcomes))
    if name == "aurc":
        return area_under_risk_coverage(_column("confidence", outcomes), _values(name, outcomes))
    if name == "follow_up_kept":
        return ratio(_values("follow_up_hit_at_5", outcomes), _column("standalone_hit_at_5", outcomes))
    return mean(_values(name, outcomes))


def _values(name: str, outcomes: Sequence[Outcome]) -> Array:
    """Return what each outcome adds to the measure ``name``; NaN for those it does not tell of."""
    answerable, answered = _column("answerable", outcomes), _column("answered", outcomes)
    if name == "seconds_mean":
        return _column("seconds", outcomes)
    if name in ("answered", "strong"):
        return np.where(answerable == 1, _column(name, outcomes), np.nan)
    if name == "characters":
        return np.where(answered == 1, _column(name, outcomes), np.nan)
    if name == "refused":
        return np.where(answerable == 0, 1 - answered, np.nan)
    if name == "follow_up_hit_at_5":
        known = ~np.isnan(_column("standalone_hit_at_5", outcomes))
        return np.where(known, _column("hit_at_5", outcomes), np.nan)
    if name in ("aurc", "right", "right_when_answered", "strong_wrong"):
        return _rights(name, outcomes, answered)
    return _column(name, outcomes)


def _rights(name: str, outcomes: Sequence[Outcome], answered: Array) -> Array:
    if not _is_known(outcomes):
        return np.full(len(outcomes), np.nan)
    if name == "right":
        return _column("right", outcomes)
    wrong = _column("wrong", outcomes)
    if name == "strong_wrong":
        return np.where(_column("strong", outcomes) == 1, wrong, np.nan)
    return wrong if name == "aurc" else np.where(answered == 1, 1 - wrong, np.nan)


def _is_known(outcomes: Sequence[Outcome]) -> bool:
    """Whether right and wrong are known of answerable questions.

    Of unanswerable ones alone it is known that every answer is wrong, which would measure the file.
    """
    return any(outcome.first_excerpt_answers is not None for outcome in outcomes)


def _told(name: str, outcomes: Sequence[Outcome]) -> int:
    """Return how many questions the measure ``name`` tells of."""
    if name == "auroc":
        return int(np.sum(~np.isnan(_column("answerable", outcomes))))
    if name.startswith("seconds"):
        return len(outcomes)
    values = _values("follow_up_hit_at_5" if name == "follow_up_kept" else name, outcomes)
    return int(np.sum(~np.isnan(values)))
