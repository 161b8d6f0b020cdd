"""Interval arithmetic on places, against sets of characters."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from rag.evaluate.spans import Place, agreement, characters, merged, shared

places = st.lists(
    st.builds(
        lambda source, start, length: Place(source, start, start + length),
        st.sampled_from("ab"),
        st.integers(0, 30),
        st.integers(0, 12),
    ),
    max_size=8,
)


def as_set(some: Sequence[Place]) -> set[tuple[str, int]]:
    return {(place.source, at) for place in some for at in range(place.start, place.end)}


@given(places, places)
def test_as_sets_of_characters_would_have_it(one: list[Place], other: list[Place]) -> None:
    left, right = as_set(one), as_set(other)
    assert characters(one) == len(left)
    assert shared(one, other) == len(left & right)
    recall, precision, iou = agreement(one, other)
    assert recall == (len(left & right) / len(right) if right else 0)
    assert precision == (len(left & right) / len(left) if left else 0)
    assert iou == (len(left & right) / len(left | right) if left | right else 0)


@given(places)
def test_merged_places_are_apart_and_in_order(some: list[Place]) -> None:
    found = merged(some)
    assert as_set(found) == as_set(some)
    for before, after in itertools.pairwise(found):
        assert before.source < after.source or (before.source == after.source and before.end < after.start)


@given(places, places)
def test_holding_and_meeting(one: list[Place], other: list[Place]) -> None:
    for a in one:
        for b in other:
            assert a.meets(b) == bool(as_set([a]) & as_set([b])) or a.start == a.end or b.start == b.end
            if b.start < b.end:
                assert a.holds(b) == (as_set([b]) <= as_set([a]))


def test_length_costs_nothing() -> None:
    assert shared([Place("a", 0, 10**12)], [Place("a", 5, 10**11)]) == 10**11 - 5
