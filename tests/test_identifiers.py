"""Which words of a question are identifiers, and in which ways a text may name the same thing."""

from __future__ import annotations

import pytest

from rag.identifiers import Identifier, identifiers, labelled


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Who signed R-2024-191?", ["R-2024-191"]),
        ("Is AB-1204/7 paid, or e-411?", ["AB-1204/7", "e-411"]),
        ("What does error F3 mean?", ["F3"]),
        ("How big is Room no. 22b?", ["22b"]),
        ("Does § 41 or #43 apply?", ["41", "43"]),
        ("What changed in v1.2.4 and version 3.5?", ["3.5", "v1.2.4"]),
        ("What is in log_file.txt?", ["log_file.txt"]),
        ("Is it E-411-related?", ["E-411"]),
        ("What happened in 2020-2023, on 2025-03-09 or in mid-2023?", []),
        ("Does COVID-19 spread by H2O, GPT-4o or 5G in a 24-hour, 30MB, 50/50, top-10 shop?", []),
        ("What were the Q3 2024, FY2024 and 2023/24 sales, $100-150 or 1,200,000 or 1.200.000?", []),
        ("Write to a@b1204.com or https://x.org/a_b", []),
        ("What does page 41 say of chapter 3?", []),
        ("May I request 5 days, claim 300 euros or order 2 chairs?", []),
        ("Has room 22 has a stove, and who paid order 4821 items?", ["22", "4821"]),
    ],
)
def test_identifiers_of_a_question(question: str, names: list[str]) -> None:
    assert [one.name for one in identifiers(question)] == names


@pytest.mark.parametrize(
    ("identifier", "text"),
    [
        (Identifier("R-2024-191"), "r 2024 191"),
        (Identifier("E-411"), "the E411s"),
        (Identifier("AB-1204"), "AB-1204/7"),
        (Identifier("v1.2.4"), "version 1.2.4"),
        (Identifier("1.2.4"), "v1.2.4"),
        (Identifier("22", "room", True), "Rooms 21, 22 and 23"),
        (Identifier("22", "room", True), "rooms 20–25"),
        (Identifier("22", "room", True), "room: 22; beds: 2"),
        (Identifier("22", "room", True), "| 22 | two |"),
        (Identifier("14", "article", True), "Art. 14"),
        (Identifier("14", "article", True), "ARTICLE XIV"),
        (Identifier("14", "article", True), "14.2 The chair"),
        (Identifier("4", "amendment", True), "the fourth amendment"),
        (Identifier("41", "invoice", True), "INV-41"),
        (Identifier("43", "", True), "Ticket 43"),
    ],
)
def test_a_text_may_name_it_otherwise(identifier: Identifier, text: str) -> None:
    assert identifier.stands_in(f"As said,\n{text}.")


@pytest.mark.parametrize(
    ("identifier", "text"),
    [
        (Identifier("R-2024-19"), "R-2024-191"),
        (Identifier("E-411"), "E-4112 and AE-411"),
        (Identifier("AB-1204/7"), "AB-1204/8, AB-1204"),
        (Identifier("v1.2.4"), "v1.2.40"),
        (Identifier("22", "room", True), "Room 21 has 22 chairs for 22,000"),
        (Identifier("22", "room", True), "rooms 20–21, room 220, room 122"),
        (Identifier("13", "", True), "the 13th of October"),
        (Identifier("43", "", True), "we met 43 people"),
    ],
)
def test_a_text_that_names_a_neighbour_does_not(identifier: Identifier, text: str) -> None:
    assert not identifier.stands_in(text)


def test_a_number_under_its_noun_is_one_term() -> None:
    assert labelled("Rooms: 21; invoice no. 1041, Section 4.2 and room R-2") == ["room21", "invoice1041", "section4.2"]
