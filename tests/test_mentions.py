"""What is spoken of in a text, and of what kind it is, read off sentences by hand."""

from __future__ import annotations

import pytest

from rag.converse.mentions import mentions, things


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Who is Jensen Huang, CEO of Nvidia?", [("Jensen Huang", "person"), ("Nvidia", "thing")]),
        ("The Volga is the longest river of Europe.", [("the Volga", "thing"), ("Europe", "place")]),
        (
            "In August 2022, President Joe Biden signed it.",
            [("August 2022", "time"), ("President Joe Biden", "person")],
        ),
        ("What is in the CHIPS and Science Act?", [("the CHIPS and Science Act", "thing")]),
        ("Who led the Normans in 1066?", [("the Normans", "group"), ("1066", "time")]),
        (
            "Did Rome and Carthage fight?",
            [("Rome", "place"), ("Rome and Carthage", "group"), ("Carthage", "thing")],
        ),
        ("Her album, Dangerously in Love, sold well.", [("Dangerously in Love", "thing")]),
        ("Several Chinese companies sold Nvidia's H800.", [("Nvidia", "thing"), ("H800", "thing")]),
        ("Settlers came. Production began.", []),
    ],
)
def test_names_and_times_are_found_with_their_kinds(text: str, expected: list[tuple[str, str]]) -> None:
    found = mentions(text)
    assert [(one.text, one.kind) for one in found] == expected
    assert all(text[one.start : one.end].lower() == one.text.lower() for one in found)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How does a steam engine work?", ["a steam engine"]),
        ("Who invented the printing press?", ["the printing press"]),
        ("What causes acid rain?", ["acid rain"]),
        ("What are the side effects of aspirin?", ["aspirin", "the side effects of aspirin"]),
        ("where is sakana ai based?", ["sakana ai"]),
        ("Who founded Nvidia?", []),
    ],
)
def test_plain_things_are_told_from_verbs_and_names(question: str, expected: list[str]) -> None:
    assert [one.text for one in things(question)] == expected
