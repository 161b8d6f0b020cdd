"""Answers that tests make by hand, with citations that hold in a text of their own."""

from __future__ import annotations

from rag.conversations import Conversations, Question, Saved
from rag.types import Answer, Citation, Sentence


def citation(n: int, quote: str, source: str = "mill.txt", start: int = 0, **more: object) -> Citation:
    values: dict[str, object] = {
        "n": n,
        "document_id": "d",
        "source": source,
        "title": source,
        "page": None,
        "page_kind": "page",
        "headings": (),
        "start": start,
        "end": start + len(quote),
        "quote": quote,
        "sha256": "0" * 64,
    }
    return Citation.model_validate({**values, **more})


def answer(question: str, *quotes: str, **more: object) -> Answer:
    """Return an answer that quotes ``quotes``, each from a place of its own; one that abstains where there are none."""
    values: dict[str, object] = {
        "question": question,
        "query": question,
        "sentences": tuple(
            Sentence(text=" ".join(quote.split()), citations=(n,), support="quoted")
            for n, quote in enumerate(quotes, 1)
        ),
        "citations": tuple(citation(n, quote, start=1000 * n) for n, quote in enumerate(quotes, 1)),
        "results": (),
        "verdict": "likely" if quotes else "none",
        "confidence": 0.9 if quotes else 0.1,
    }
    return Answer.model_validate({**values, **more})


def save(
    kept: Conversations, owner: str, conversation: str | None, answer: Answer, replaces: str | None = None
) -> Saved:
    """Save a question and its answer."""
    saved = kept.ask(owner, conversation, Question(text=answer.question, replaces=replaces))
    assert kept.answer(owner, saved.conversation, saved.turn, answer)
    return saved
