"""What outcomes sum up to, and how two runs compare, against values worked out by hand."""

from __future__ import annotations

import pytest

from rag.evaluate.measures import DEFINITIONS, compare, measures, risk_coverage, worst
from rag.evaluate.questions import Excerpt
from tests.outcomes import outcome

# Two answerable questions, one of them answered rightly and one held back; two unanswerable, one refused.
FOUR = [
    outcome("a", answerable=True, confidence=0.9, first_excerpt_answers=True, right=True, hit_at_5=True, strong=True,
            shown_answers=True, first_sentence_answers=False, characters=300),
    outcome("b", answerable=True, confidence=0.4, first_excerpt_answers=False, right=False, answered=False,
            hit_at_5=False, shown_answers=True, first_sentence_answers=False, characters=5000),
    outcome("c", answerable=False, confidence=0.6, right=False, seconds=0.4, characters=500),
    outcome("d", answerable=False, confidence=0.1, right=True, answered=False),
]  # fmt: skip


def said(text: str) -> Excerpt:
    return Excerpt(source="a.txt", start=0, end=len(text), text=text)


def test_the_measures_of_four_questions() -> None:
    found = {name: estimate.value for name, estimate in measures(FOUR).items()}
    assert found == pytest.approx(
        {
            "hit_at_5": 0.5,
            "first_excerpt_answers": 0.5,
            "shown_answers": 1.0,
            "first_sentence_answers": 0.0,
            "characters": 400,
            "answered": 0.5,
            "refused": 0.5,
            "right": 0.5,
            "right_when_answered": 0.5,
            "strong": 0.5,
            "strong_wrong": 0.0,
            "auroc": 0.75,
            "aurc": (0 + 1 / 2 + 2 / 3 + 3 / 4) / 4,
            "seconds_mean": 0.175,
            "seconds_p50": 0.1,
            "seconds_p95": 0.4,
        }
    )


def test_each_measure_says_how_many_questions_it_tells_of() -> None:
    counts = {name: estimate.questions for name, estimate in measures(FOUR).items()}
    assert (counts["hit_at_5"], counts["refused"], counts["auroc"], counts["seconds_p95"]) == (2, 2, 4, 4)
    assert (counts["strong"], counts["strong_wrong"], counts["characters"]) == (2, 1, 2)
    assert all(estimate.low <= estimate.value <= estimate.high for estimate in measures(FOUR).values())


def test_what_the_questions_cannot_tell_is_left_out() -> None:
    always = {"characters", "seconds_mean", "seconds_p50", "seconds_p95"}
    assert measures([outcome("a"), outcome("b")]).keys() == always
    assert measures([outcome("a", answered=False)]).keys() == always - {"characters"}
    # Of unanswerable questions alone, every answer is wrong, whatever the assistant is worth.
    unanswerable = [outcome(name, answerable=False, right=False, strong=True) for name in "ab"]
    assert measures(unanswerable).keys() == {"refused", *always}
    assert risk_coverage(unanswerable) == ()


def test_follow_ups_are_measured_against_the_questions_in_full() -> None:
    asked = [
        outcome("a", hit_at_5=True, standalone_hit_at_5=True),
        outcome("b", hit_at_5=False, standalone_hit_at_5=True),
        outcome("c", hit_at_5=True),
    ]
    found = measures(asked)
    assert found["hit_at_5"].value == pytest.approx(2 / 3)
    assert found["follow_up_hit_at_5"].value == 0.5
    assert found["standalone_hit_at_5"].value == 1.0
    assert (found["follow_up_kept"].value, found["follow_up_kept"].questions) == (0.5, 2)


def test_every_definition_has_its_own_name() -> None:
    names = [definition.name for definition in DEFINITIONS]
    assert len(names) == len(set(names))


def test_the_curve_answers_the_surest_first_and_the_equally_sure_together() -> None:
    tied = [*FOUR, outcome("e", answerable=True, confidence=0.9, first_excerpt_answers=False)]
    points = [(point.confidence, point.coverage, point.risk) for point in risk_coverage(tied)]
    assert points == [(0.9, 0.4, 0.5), (0.6, 0.6, pytest.approx(2 / 3)), (0.4, 0.8, 0.75), (0.1, 1.0, 0.8)]


def test_the_worst_are_wrong_with_confidence_and_both_kinds_take_turns() -> None:
    more = [*FOUR, outcome("e", answerable=True, confidence=0.7, right=False, first_excerpt_answers=False)]
    assert [one.id for one in worst(more)] == ["e", "c", "b"]
    assert [one.id for one in worst(more, 1)] == ["e"]
    ranked = [
        outcome("f", document_ndcg_at_10=0.5, sources=("a",)),
        outcome("g", document_ndcg_at_10=0.0, sources=("a",)),
    ]
    assert [one.id for one in worst([*ranked, outcome("h", document_ndcg_at_10=1.0, sources=("a",))])] == ["g", "f"]


def test_two_runs_are_compared_question_by_question() -> None:
    changed = {"a": {"right": False, "first_excerpt_answers": False}, "c": {"right": True, "answered": False}}
    before = [one.model_copy(update={"cited": (said(f"Said {one.id}."),)}) for one in FOUR]
    now = [one.model_copy(update=changed.get(one.id, {})) for one in [*before, outcome("new")]]
    found = compare(before, now)
    assert (found.questions, found.left_out) == (4, 1)
    assert [(change.id, change.before, change.now) for change in found.now_right] == [("c", "Said c.", "")]
    assert [(change.id, change.before, change.now) for change in found.now_wrong] == [("a", "Said a.", "Said a.")]
    refused = found.measures["refused"]
    assert (refused.before, refused.now, refused.difference) == (0.5, 1.0, 0.5)
    # Of the two questions one changed: resamples range from none of it to nothing else.
    assert (refused.low, refused.high) == (0.0, 1.0)
    assert not refused.certain
    assert found.measures["first_excerpt_answers"].difference == -0.5
    assert found.measures["auroc"].difference == 0


def test_a_question_worded_anew_is_another() -> None:
    now = [FOUR[0].model_copy(update={"question": "Something else?"}), FOUR[1]]
    assert compare(FOUR, now).questions == 1


def test_a_paired_interval_is_narrower_than_the_runs_own() -> None:
    before = [outcome(str(n), hit_at_5=n % 2 == 0) for n in range(200)]
    now = [
        one.model_copy(update={"hit_at_5": True}) if one.id in ("1", "3", "5", "7", "9", "11") else one
        for one in before
    ]
    difference = compare(before, now).measures["hit_at_5"]
    own = measures(now)["hit_at_5"]
    assert difference.difference == pytest.approx(0.03)
    assert difference.certain
    assert difference.high - difference.low < (own.high - own.low) / 2
