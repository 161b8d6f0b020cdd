"""Short forms are found where a text explains them, either way round, and nowhere else."""

from __future__ import annotations

import pytest

from rag.short_forms import short_forms


@pytest.mark.parametrize(
    ("text", "short", "long"),
    [
        ("Staff earn paid study leave (PSL) in May.", "PSL", "paid study leave"),
        ("PSL (paid study\nleave) is new.", "PSL", "paid study leave"),
        ("the Office of the Harbour Master (OHM)", "OHM", "Office of the Harbour Master"),
        ("the “Agreement on Tides” (“AoT”)", "AoT", "Agreement on Tides"),
        ("a board for Safety and Rescue (S&R; since 1901)", "S&R", "Safety and Rescue"),
        ("long-range beacon (LRB)", "LRB", "long-range beacon"),
        ("deoxyribonucleic nucleic acid (DNA)", "DNA", "deoxyribonucleic nucleic acid"),
    ],
)
def test_a_short_form_is_explained(text: str, short: str, long: str) -> None:
    assert [tuple(one) for one in short_forms(text)] == [(short, long)]


@pytest.mark.parametrize(
    "text",
    [
        "the mill (see below) and the map (Fig. 2)",
        "as shown before (Marek, 2011)",
        "in Hull (UK)",
        "two boats (AB)",
        "the (PSL) and ((()",
        "NO (no such words here)",
    ],
)
def test_what_is_in_brackets_need_be_no_short_form(text: str) -> None:
    assert short_forms(text) == []
