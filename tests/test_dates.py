"""When a document is from is read from its name, title and first lines, where they say so plainly."""

from __future__ import annotations

from datetime import date

import pytest

from rag.dates import document_date
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
