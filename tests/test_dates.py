"""Dates are found however they are written; when a document is from is read from its name, title and first lines."""

from __future__ import annotations

from datetime import date

import pytest

from rag.dates import date_terms, days, document_date
from rag.types import Document


def document(source: str = "a.txt", title: str = "a", text: str = "The mill was built on 4 July 1851.") -> Document:
    return Document(source=source, sha256="0" * 64, title=title, text=text)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (document("2024-08-12 minutes.txt"), date(2024, 8, 12)),
        (document("notes/20240812.txt"), date(2024, 8, 12)),
        (document("2023 Q3 AAPL.pdf"), date(2023, 1, 1)),
        (document(title="Minutes of 12 August 2024"), date(2024, 8, 12)),
        (document(text="From: Ada\nDate: Mon, 12 Aug 2024 09:00:00 +0000\nSubject: mill"), date(2024, 8, 12)),
        (document(text="The mill\nAugust 12, 2024\n\nIt was built on 4 July 1851."), date(2024, 8, 12)),
        (document(text="Published: August 2024"), date(2024, 8, 1)),
        (document(), None),
        (document("plans 2023 and 2024.txt"), None),
        (document("2024-02-31.txt"), date(2024, 1, 1)),
        (document("1234567890123.txt"), None),
    ],
)
def test_the_day_a_document_is_from(given: Document, expected: date | None) -> None:
    assert document_date(given) == expected


@pytest.mark.parametrize(
    "written",
    [
        "5 May 1899", "May 5, 1899", "May 5th, 1899", "5th of May 1899", "the fifth of May, 1899", "May the 5th, 1899",
        "1899-05-05", "1899/5/5", "05/05/1899", "5.5.1899", "5-May-1899", "5 MAY 1899", "5 may 1899", "1899 May 5",
        "5. Mai 1899", "5 de mayo de 1899", "le 5 mai 1899", "5 maja 1899", "5 мая 1899", "1899. május 5.",
        "1899年5月5日", "Opened_1899-05-05", "1899-05-05T12:30",
    ],
)  # fmt: skip
def test_a_date_has_the_same_terms_however_it_is_written(written: str) -> None:
    assert date_terms(f"({written})") == ["1899.05.05", "1899.05.", ".05.05", ".05."]


@pytest.mark.parametrize("written", ["May 2023", "05/2023", "2023-05", "may of 2023", "mai 2023", "2023年5月"])
def test_so_has_a_month(written: str) -> None:
    assert date_terms(f"Due {written}.") == ["2023.05.", ".05."]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It ran from 01.05.2023-05.06.2023.", [(2023, 5, 1), (2023, 6, 5)]),
        ("the twenty-first of June and the 3rd of July", [(0, 6, 21), (0, 7, 3)]),
        ("In October, not in October 2020", [(0, 10, 0), (2020, 10, 0)]),
        ("March 2019, May 4", [(2019, 3, 0), (0, 5, 4)]),
        ("13/07/2025", [(2025, 7, 13)]),
        ("07/13/2025", [(2025, 7, 13)]),
        ("20230314.txt", [(2023, 3, 14)]),
        ("It may be, and 3 may come; they march 5 times.", []),
        ("v1.2.4 of 2024-191, 4/5 of 10, room 1280, 192.168.2011.1", []),
        ("31/13/2020, 45 May", [(0, 5, 0)]),
        ("Mars 2020 came by the Jan Steen", [(2020, 3, 0)]),
    ],
)
def test_dates_of_a_text(text: str, expected: list[tuple[int, int, int]]) -> None:
    assert [(day.year, day.month, day.day) for day in days(text)] == expected


def test_of_a_date_that_may_be_two_both_are_terms() -> None:
    assert {"2025.07.12", "2025.12.07"} <= set(date_terms("12/07/2025"))
    assert "2025.12.07" not in date_terms("12.07.2025")
