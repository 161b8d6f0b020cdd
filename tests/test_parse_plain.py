from __future__ import annotations

import pytest

from rag.parse.text import parse_text

LONG = "The committee met on Tuesday and talked for three hours about the bridge, the quay and the new lamps on it."


def headings(text: str) -> list[tuple[int, str]]:
    parsed = parse_text(text.encode(), "name")
    assert parsed.text == text
    assert parsed.title == "name"
    return [(heading.level, heading.text) for heading in parsed.headings]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Findings\n========\nText.\n\nMore of it\n----------\n\nText.", [(1, "Findings"), (2, "More of it")]),
        (
            "3. Scope\n\nText.\n\n3.1 For whom\n\nText.\n\n3.2 Limits\n\nText.",
            [(1, "3. Scope"), (2, "3.1 For whom"), (2, "3.2 Limits")],
        ),
        ("Chapter 3: The weir\n\nText.", [(1, "Chapter 3: The weir")]),
        (f"SCOPE\n{LONG}\n\nLIMITS\n\n{LONG}", [(1, "SCOPE"), (1, "LIMITS")]),
        (f"The bridge\n\n{LONG} {LONG}\n\nThe lamps\n\n{LONG} {LONG}", [(2, "The bridge"), (2, "The lamps")]),
    ],
)
def test_headings_are_known_where_they_are_sure(text: str, expected: list[tuple[int, str]]) -> None:
    assert headings(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Doylestown, PA 18901\n\nImportant points:\n\n- one",
        f"Call 0800 55 71\n\n{LONG} {LONG}",
        f"{LONG}\n\nCLOSED ON MONDAYS\n\n{LONG}",
        f"{LONG}\n\nTea is free\n\n{LONG} {LONG}",
        f"Dear Anna\n\n{LONG} {LONG}",
        "1. safety shoes\n\n2. a padlock\n\n3. a tax number",
        "2.5 Litres of milk\n\nand some eggs.",
        "The ferry was late.\n-------------------\n",
        "MILK\n\nEGGS\n\nBREAD",
        "| a | b |\n|---|---|\n",
    ],
)
def test_a_line_that_may_be_an_answer_is_no_heading(text: str) -> None:
    assert headings(text) == []


def test_lists_have_their_lead_in_and_items() -> None:
    text = "Bring with you:\n1. safety shoes\n2. a padlock\n   for the locker\n\nThe end."
    parsed = parse_text(text.encode(), "name")
    assert [block.kind for block in parsed.blocks] == ["paragraph", "item", "item", "paragraph"]
    assert [group.lead_in for group in parsed.groups] == [(0, len("Bring with you:"))]
