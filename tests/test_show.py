"""The terminal: the words that answer stand out, and what is missing or in dispute is said."""

from __future__ import annotations

import pytest
from rich.console import Console

from rag import show
from rag.types import Answer, Citation, Disagreement, Document, Sentence

TEXT = "The mill  employed\n45 people.\x1b[31m"


def citation(n: int, highlight: tuple[int, int] | None = None) -> Citation:
    return Citation(
        n=n,
        document_id="d",
        source="a.txt",
        title="a",
        page=1,
        page_kind="page",
        headings=(),
        start=100,
        end=100 + len(TEXT),
        quote=TEXT,
        sha256="0" * 64,
        highlight=highlight,
    )


def shown(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> str:
    console = Console(record=True, width=200, force_terminal=True, highlight=False, soft_wrap=True)
    monkeypatch.setattr(show, "OUT", console)
    document = Document(source="a.txt", sha256="0" * 64, title="a", text=TEXT)
    with console.capture() as captured:
        show.answer(answer, lambda _: document)
    return captured.get()


def test_the_words_that_answer_are_bold_and_caveats_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    at = 100 + TEXT.index("45")
    answer = Answer(
        question="?",
        query="?",
        sentences=(Sentence(text=" ".join(TEXT.split()), citations=(1,), support="quoted"),),
        citations=(citation(1, (at, at + 2)), citation(2)),
        results=(),
        abstained=False,
        confidence=0.9,
        missing=("Who won?",),
        disagreements=(Disagreement(citations=(1, 2), values=("45", "30")),),
    )
    text = shown(answer, monkeypatch)
    assert "The mill employed \x1b[1m45\x1b[0m people." in text
    assert "\x1b[31m" not in text
    assert "Sources disagree: 45 [1], 30 [2]" in text
    assert "Not in your documents: Who won?" in text
